// The reader of identity providers, and of what they said of a user, behind read_resource.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/mistake.h"
#include "policy/resource.h"

namespace sallyport::policy {

// `document` has been held against its shape and `mistakes` has what was found; adds what only several keys together
// show. What does not fit is left at its default.
IdentityProvider read_provider(const nlohmann::json& document, Mistakes& mistakes);

std::vector<ProvidedIdentity> read_identities(const nlohmann::json& user);
nlohmann::json identities_json(const std::vector<ProvidedIdentity>& identities);

}  // namespace sallyport::policy
