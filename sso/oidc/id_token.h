// What an ID token has to say to be believed (OpenID Connect Core 1.0 s3.1.3.7), and what a logout token has to
// (Back-Channel Logout 1.0 s2.6). Pure; signatures included.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "policy/identity_provider.h"
#include "sso/checks.h"
#include "sso/jose_verify.h"

namespace sallyport::sso::oidc {

constexpr size_t kSubBytesMax = 255;  // Core s2
constexpr size_t kAudiencesMax = 16;

struct IdTokenRules {
  const policy::OidcSettings& settings;
  std::string_view nonce;
  std::optional<std::chrono::seconds> max_age;  // as it was asked for
  std::string_view access_token;                // of the same answer, for at_hash
  WallMicros now;
};

// Its claims, all of them, once signature, iss, aud, azp, exp, iat, nbf, nonce, at_hash, auth_time, acr and sub hold.
// errors (kIdentityProvider): of verify_jws(); kMalformed, kDenied. `what` tells which check it was.
Result<nlohmann::json> verify_id_token(std::string_view token, const JwkSet& keys, const IdTokenRules& rules,
                                       Checks& checks);

constexpr std::chrono::minutes kLogoutAgeMax{10};

struct LogoutNotice {
  std::string sub;  // "": whoever has sid
  std::string sid;  // "": all sessions of sub
  std::string jti;
  WallMicros replay_until{};  // how long jti has to be remembered
};
// errors: as of verify_id_token()
Result<LogoutNotice> verify_logout_token(std::string_view token, const JwkSet& keys,
                                         const policy::OidcSettings& settings, WallMicros now, Checks& checks);

}  // namespace sallyport::sso::oidc
