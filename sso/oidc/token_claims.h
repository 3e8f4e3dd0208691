// Checks that ID tokens and logout tokens have in common.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "policy/identity_provider.h"
#include "sso/checks.h"
#include "sso/jose_verify.h"

namespace sallyport::sso::oidc {

// The payload of a token whose signature fits; typ: what its header may say ("JWT"), beside nothing.
Result<nlohmann::json> verified_claims(std::string_view token, const JwkSet& keys, std::string_view typ,
                                       Checks& checks);

Result<void> check_issuer(const nlohmann::json& claims, const policy::OidcSettings& settings, Checks& checks);

// aud names this client; where it names others as well, azp says that it was made for this one; azp is nobody else.
Result<void> check_audience(const nlohmann::json& claims, const policy::OidcSettings& settings, Checks& checks);

// A NumericDate (RFC 7519 s2); nothing when it is not there.   errors: kMalformed it is something else
Result<std::optional<WallMicros>> time_claim(const nlohmann::json& claims, const char* name);

// exp is there and ahead; iat is there and not ahead; nbf, if it is there, is not ahead.   returns: exp
Result<WallMicros> check_times(const nlohmann::json& claims, const policy::OidcSettings& settings, WallMicros now,
                               Checks& checks);

// 1 to 255 bytes of printable ASCII (Core s2).
bool is_subject(const std::string* text);

// For Checks' `found`: a text, or what stands there instead.
std::string shown(const nlohmann::json& claims, const char* name);

}  // namespace sallyport::sso::oidc
