// What a provider says of a person, from its verified claims to an ExternalIdentity. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "policy/identity_provider.h"
#include "sso/checks.h"
#include "sso/external_identity.h"

namespace sallyport::sso::oidc {

constexpr size_t kUserinfoBytesMax = size_t{256} << 10;

// The userinfo answer (Core s5.3.2): a JSON object about the same sub.
// errors (kIdentityProvider): kTooLarge, kMalformed no JSON (a signed answer is none); kDenied another sub, or none.
Result<nlohmann::json> read_userinfo(std::string_view content_type, std::string_view body, std::string_view sub,
                                     Checks& checks);

// id_token: its claims; userinfo: null when it was not asked. A claim that both have is userinfo's; an e-mail address
// counts with the email_verified that stands beside it, never with another document's.
//
// The subject is `sub`, or the claim that the provider's attributes name; groups is a claim by that whole name, or,
// with dots, a path of names (realm_access.roles): a text, or a list of texts. errors (kIdentityProvider): kMalformed
// the subject is no text of 1 to 255 printable characters, groups are something else; kLimit too many groups, or too
// long ones.
Result<ExternalIdentity> identity_of(const policy::IdentityProvider& provider, const nlohmann::json& id_token,
                                     const nlohmann::json& userinfo, Checks& checks);

}  // namespace sallyport::sso::oidc
