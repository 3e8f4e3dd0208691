// Tokens for programs: "spt_" and 256 random bits, of which the store keeps the SHA-256 of the whole text. Made, listed
// and revoked here for the commands (blocking, on the command's thread). A token always ends.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "storage/store.h"

namespace sallyport::sso {

constexpr std::string_view kTokenPrefix = "spt_";
constexpr std::chrono::days kTokenLifeMax{366};

struct NewToken {
  UserId user;
  std::string user_name;  // for the record of who got it
  std::string name;       // [a-z0-9][a-z0-9._-]{0,62}, one of the user's living tokens at most
  std::chrono::seconds life{};
  policy::Strength strength = policy::Strength::kPassword;  // of what makes it; a command: kMfa
  policy::TokenScope scope;
};

struct IssuedToken {
  SecretBytes text;  // shown once
  storage::TokenRecord record;
};

class TokenService {
 public:
  TokenService(storage::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // errors: kMalformed the name, kLimit no life or one over 366 days, kConflict the user has a living token of that
  // name; and the store's.
  Result<IssuedToken> create(const NewToken& wanted, const std::string& actor);
  // Of one user, or all; expired ones too, in the order they were made.
  Result<std::vector<storage::TokenRecord>> list(const std::optional<UserId>& user = std::nullopt);
  // errors: kNotFound.
  Result<void> revoke(const RecordId& id, const std::string& actor);

 private:
  storage::Store& store_;
  const Clock& clock_;
};

// "spt_..." from the system's randomness; and what the store knows it by.
Result<SecretBytes> new_token_text();
Sha256 token_hash(std::string_view token_text);
bool looks_like_token(std::string_view text);

}  // namespace sallyport::sso
