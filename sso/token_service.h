// Tokens for programs: "spt_" and 256 random bits, of which the store keeps the SHA-256 of the whole text. Made,
// listed, rotated and revoked here, for the commands as for the pages and the API: the rules of the platform are asked
// at this one place. Blocking: on a command's thread or the store's. A token always ends.
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
constexpr size_t kTokenNameBytesMax = 100;

// The platform's `tokens`.
struct TokenRules {
  std::chrono::seconds life_max{std::chrono::days(365)};
  size_t per_owner_max = 100;
};
TokenRules rules_of(const policy::Platform& platform);

struct NewToken {
  UserId owner;       // a user or a service account
  std::string whose;  // "user ann": for the record of who got it
  std::string name;   // is_token_name(); several may have the same
  std::chrono::seconds life{};
  policy::Strength strength = policy::Strength::kPassword;  // of what makes it; a command: kMfa
  policy::TokenScope scope;
};

struct Rotation {
  RecordId id;
  std::string whose;
  std::chrono::seconds overlap{};  // how long the old one counts on; it never counts longer than it would have
  std::optional<std::chrono::seconds> life;  // of the new one; nothing: as the old one's, as far as the rules allow
  policy::Strength strength = policy::Strength::kPassword;  // of what rotates: the new one has no more than the old one
};

struct IssuedToken {
  SecretBytes text;  // shown once
  storage::TokenRecord record;
  storage::Generation generation{};  // that has it
};

// Who does it, for the audit.
struct TokenActor {
  std::string name;
  std::string client;  // address; empty: a command
};

class TokenService {
 public:
  TokenService(storage::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // errors: kMalformed the name, kLimit no life or more than the rules allow, kConflict the owner has all the living
  // tokens that the rules allow; and the store's.
  Result<IssuedToken> create(const NewToken& wanted, const TokenRules& rules, const TokenActor& actor);
  // A new token of the same name and scope; the old one is cut to `overlap`. Both or neither.
  // errors: kNotFound no living token has this id, kLimit, kConflict as above (the old one does not count).
  Result<IssuedToken> rotate(const Rotation& wanted, const TokenRules& rules, const TokenActor& actor);
  // Of one owner, or all; expired ones too, in the order they were made.
  Result<std::vector<storage::TokenRecord>> list(const std::optional<UserId>& owner = std::nullopt);
  // Each of them, or none.   errors: the store's.
  Result<storage::Generation> revoke(const std::vector<storage::TokenRecord>& tokens,
                                     const std::vector<std::string>& whose, const TokenActor& actor);

 private:
  Result<void> check(const std::string& name, std::chrono::seconds life, const TokenRules& rules) const;
  Result<void> check_room(const UserId& owner, const RecordId& aside, const TokenRules& rules);

  storage::Store& store_;
  const Clock& clock_;
};

// When it stops to count under these rules.
WallMicros end_of(const storage::TokenRecord& token, const TokenRules& rules);

// 1 to 100 bytes of UTF-8 without control characters.
bool is_token_name(std::string_view text);
// A whole number and a unit, s m h d w; 0 too.   errors: kMalformed.
Result<std::chrono::seconds> parse_token_life(std::string_view text);
// "team=plant read-only", or "all".
std::string scope_words(const policy::TokenScope& scope);

// "spt_..." from the system's randomness; and what the store knows it by.
Result<SecretBytes> new_token_text();
Sha256 token_hash(std::string_view token_text);
bool looks_like_token(std::string_view text);

}  // namespace sallyport::sso
