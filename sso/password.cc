#include "sso/password.h"

#include <argon2.h>
#include <zxcvbn.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/http/field.h"
#include "base/random.h"

namespace sallyport::sso {
namespace {

constexpr uint32_t kSaltBytes = 16;
constexpr uint32_t kHashBytes = 32;

// Bytes that do not continue a UTF-8 sequence; for anything that is no UTF-8 this only counts too much.
size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// C libraries read to a NUL: a copy with one behind it, wiped afterwards.
Result<SecretBytes> terminated(ByteView bytes) {
  TRY(SecretBytes out, SecretBytes::of_size(bytes.size() + 1));
  if (!bytes.empty()) std::memcpy(out.span().data(), bytes.data(), bytes.size());
  out.span().back() = std::byte{0};
  return out;
}

const char* c_text(const SecretBytes& bytes) { return bytes.reveal().data(); }

}  // namespace

bool password_length_possible(std::string_view password) {
  return !password.empty() && password.size() <= kPasswordBytesMax && characters(password) <= kPasswordCharactersMax;
}

Result<SecretBytes> hash_password(const SecretBytes& password, const Argon2Cost& cost) {
  if (!password_length_possible(password.reveal()))
    return fail(Code::kLimit, Side::kClient, "a password has 1 to 128 characters");
  const auto salt = random_bytes<kSaltBytes>();
  TRY(SecretBytes text, SecretBytes::of_size(argon2_encodedlen(cost.passes, cost.memory_kib, cost.lanes, kSaltBytes,
                                                               kHashBytes, Argon2_id)));
  const int outcome = argon2id_hash_encoded(cost.passes, cost.memory_kib, cost.lanes, password.view().data(),
                                            password.size(), salt.data(), salt.size(), kHashBytes,
                                            reinterpret_cast<char*>(text.span().data()), text.size());
  if (outcome == ARGON2_MEMORY_ALLOCATION_ERROR)
    return fail(Code::kUnavailable, Side::kSelf, "no memory to hash a password");
  if (outcome != ARGON2_OK) return fail(Code::kInternal, Side::kSelf, "argon2id refuses its parameters");
  text.shrink(std::strlen(c_text(text)));
  return text;
}

Result<bool> verify_password(const SecretBytes& phc, const SecretBytes& password) {
  if (!password_length_possible(password.reveal()))
    return fail(Code::kLimit, Side::kClient, "a password has 1 to 128 characters");
  TRY(const SecretBytes text, terminated(phc.view()));
  switch (argon2id_verify(c_text(text), password.view().data(), password.size())) {
    case ARGON2_OK:
      return true;
    case ARGON2_VERIFY_MISMATCH:
      return false;
    case ARGON2_MEMORY_ALLOCATION_ERROR:
      return fail(Code::kUnavailable, Side::kSelf, "no memory to verify a password");
    default:
      return malformed(Side::kStorage, "the stored password is not argon2id PHC text");
  }
}

std::string_view nobody_phc() {
  return "$argon2id$v=19$m=65536,t=3,p=1$SH1gP9xfcIyuIMc7sQdyZw$nGnHFq1/jS6NS3BSJu6sMb2EZZRqUBU0CL2ptYzgr5A";
}

int password_score(const SecretBytes& password, std::string_view user_name, std::string_view email) {
  const auto text = terminated(password.view());
  if (!text) return 0;
  const std::string name(user_name);
  const std::string mail(email);
  const std::string mailbox(email.substr(0, email.find('@')));
  std::array<const char*, 5> words{"sallyport", nullptr, nullptr, nullptr, nullptr};
  size_t count = 1;
  for (const std::string* word : {&name, &mail, &mailbox})
    if (!word->empty()) words[count++] = word->c_str();
  const double digits = ZxcvbnMatch(c_text(*text), words.data(), nullptr) * std::log10(2.0);  // of the guesses
  return digits < 3 ? 0 : digits < 6 ? 1 : digits < 8 ? 2 : digits < 10 ? 3 : 4;
}

std::optional<std::string> password_mistake(const SecretBytes& password, const PasswordRules& rules,
                                            std::string_view user_name, std::string_view email,
                                            const SecretBytes* last_phc) {
  const std::string_view text = password.reveal();
  if (text.size() > kPasswordBytesMax || characters(text) > kPasswordCharactersMax)
    return "the password has more than 128 characters";
  if (characters(text) < static_cast<size_t>(std::max(rules.min_length, 1)))
    return "the password has fewer than " + std::to_string(std::max(rules.min_length, 1)) + " characters";
  if (text.contains('\0')) return "the password has a NUL character";
  if (http::iequals(text, user_name)) return "the password is the user's name";
  if (!email.empty() && http::iequals(text, email)) return "the password is the user's e-mail address";
  if (password_score(password, user_name, email) < rules.min_score)
    return "the password is too easy to guess: a few words that do not belong together are better";
  if (last_phc != nullptr) {
    const auto same = verify_password(*last_phc, password);
    if (same.has_value() && *same) return "the password is the one that is already in force";
  }
  return std::nullopt;
}

Result<MadePassword> make_password(const SecretBytes& password, const PasswordRules& rules, std::string_view user_name,
                                   std::string_view email, const SecretBytes* last_phc, HashFunction hash) {
  MadePassword out;
  out.mistake = password_mistake(password, rules, user_name, email, last_phc);
  if (out.mistake) return out;
  TRY(out.phc, hash(password, {}));
  return out;
}

}  // namespace sallyport::sso
