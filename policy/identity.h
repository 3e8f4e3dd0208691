// Who is asking, as proven: a session of a user or a token of one, and how strongly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ip.h"
#include "base/record_id.h"
#include "base/result.h"

namespace sallyport::policy {

enum class Role : uint8_t { kNone = 0, kDashboard = 5, kViewer = 10, kMember = 30, kOwner = 50 };
std::string_view to_string(Role role);
Result<Role> parse_role(std::string_view text);

enum class Strength : uint8_t { kPassword = 1, kMfa = 2 };
std::string_view to_string(Strength strength);

// What a token may be used for; empty fields do not narrow.
struct TokenScope {
  std::string team;
  std::string resource;
  bool read_only = false;   // GET, HEAD, OPTIONS and no Upgrade
  std::string path_prefix;  // of the path as rules match it
  CidrList networks;
  bool api = false;    // may reach /api/v1
  bool admin = false;  // may use the owner's admin right
};

enum class Means : uint8_t { kSession, kToken };

struct Identity {
  UserId user;
  RecordId id;  // the session's or the token's public id
  Means means = Means::kSession;
  Strength strength = Strength::kPassword;
  std::optional<WallMicros> factor_at;  // when a second factor was last shown; never set for tokens
  const TokenScope* scope = nullptr;    // tokens only; lives as long as the identity's holder
};

}  // namespace sallyport::policy
