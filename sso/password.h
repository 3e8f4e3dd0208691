// Passwords: argon2id (RFC 9106) as PHC text, and the rules a new one has to meet. The only includer of argon2.h.
// Blocking: about 240 ms and 64 MiB per hash; never on a loop (the sign-in sends it through a BlockingPool of its own).
// Any thread may use these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace sallyport::sso {

constexpr size_t kPasswordCharactersMax = 128;
constexpr size_t kPasswordBytesMax = 4 * kPasswordCharactersMax;  // every character of four bytes of UTF-8

struct Argon2Cost {
  uint32_t memory_kib = 64 * 1024;
  uint32_t passes = 3;
  uint32_t lanes = 1;
};

// "$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH" with a random salt of 16 bytes and a hash of 32.
// errors: kLimit the password is too long (nothing was hashed), kUnavailable no memory for it.
Result<SecretBytes> hash_password(const SecretBytes& password, const Argon2Cost& cost = {});

// Whether the password is that of the PHC text; the cost is what the text says.
// errors: kLimit too long (nothing was hashed), kMalformed not argon2id PHC text, kUnavailable no memory.
Result<bool> verify_password(const SecretBytes& phc, const SecretBytes& password);

// A PHC text of the usual cost that no known password fits: verified when there is no user to verify against, so that
// an unknown name costs the same time as a wrong password.
std::string_view nobody_phc();

// True when the value could be a password at all. Asked before anything is hashed.
bool password_length_possible(std::string_view password);

struct PasswordRules {
  int min_length = 8;  // in characters
  int min_score = 3;   // of zxcvbn, 0..4
};

// Why the password cannot be that of this person, in words for them; nothing when it can.
// last_phc: the password in force, if any (costs a verification).
std::optional<std::string> password_mistake(const SecretBytes& password, const PasswordRules& rules,
                                            std::string_view user_name, std::string_view email,
                                            const SecretBytes* last_phc = nullptr);

// The one way in which a text becomes somebody's password, wherever it is set (FEATURES A1): held against the rules,
// then hashed. The mistake is for the person to read; without one there is a PHC text.
// errors: kUnavailable no memory to hash.   cost: a hash, and a verification where there is a last one.
using HashFunction = Result<SecretBytes> (*)(const SecretBytes& password, const Argon2Cost& cost);
struct MadePassword {
  std::optional<std::string> mistake;
  SecretBytes phc;
};
Result<MadePassword> make_password(const SecretBytes& password, const PasswordRules& rules, std::string_view user_name,
                                   std::string_view email, const SecretBytes* last_phc,
                                   HashFunction hash = hash_password);

// zxcvbn's score 0..4: under 10^3, 10^6, 10^8, 10^10 guesses, or more. words: what the person is known by.
int password_score(const SecretBytes& password, std::string_view user_name, std::string_view email);

}  // namespace sallyport::sso
