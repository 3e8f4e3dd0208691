#include "sso/recovery_codes.h"

#include <array>

#include "base/random.h"

namespace sallyport::sso {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t kGroup = 4;
constexpr size_t kShownBytes = kRecoveryCodeCharacters + kRecoveryCodeCharacters / kGroup - 1;

// The character as it is hashed; 0: none of a code, ' ': one that does not matter.
char canonical(char c) {
  if (c == ' ' || c == '\t' || c == '-') return ' ';
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'I' || c == 'L') c = '1';
  if (c == 'O') c = '0';
  return kAlphabet.contains(c) ? c : '\0';
}

Result<NewRecoveryCode> new_recovery_code() {
  NewRecoveryCode out;
  TRY(out.shown, SecretBytes::of_size(kShownBytes));
  TRY(SecretBytes chance, SecretBytes::of_size(kRecoveryCodeCharacters));  // five bits of each byte are used
  fill_random(chance.span());
  size_t written = 0;
  for (size_t i = 0; i < kRecoveryCodeCharacters; ++i) {
    if (i > 0 && i % kGroup == 0) out.shown.span()[written++] = std::byte{'-'};
    out.shown.span()[written++] = static_cast<std::byte>(kAlphabet[std::to_integer<size_t>(chance.view()[i]) & 31]);
  }
  out.hash = *recovery_code_hash(out.shown.reveal());
  return out;
}

}  // namespace

Result<std::vector<NewRecoveryCode>> new_recovery_codes(size_t count) {
  std::vector<NewRecoveryCode> out;
  while (out.size() < count) {
    TRY(NewRecoveryCode code, new_recovery_code());
    out.push_back(std::move(code));
  }
  return out;
}

std::optional<Sha256> recovery_code_hash(std::string_view typed) {
  std::array<char, kRecoveryCodeCharacters> code;
  size_t length = 0;
  for (const char c : typed) {
    const char read = canonical(c);
    if (read == ' ') continue;
    if (read == '\0' || length == code.size()) return std::nullopt;
    code[length++] = read;
  }
  if (length != code.size()) return std::nullopt;
  const Sha256 out = sha256(as_bytes({code.data(), code.size()}));
  wipe(std::as_writable_bytes(std::span(code)));
  return out;
}

}  // namespace sallyport::sso
