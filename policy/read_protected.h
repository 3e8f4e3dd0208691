// The reader of datasources and instances, behind read_resource.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/mistake.h"
#include "policy/resource.h"

namespace sallyport::policy {

// `document` has been held against its shape and `mistakes` has what was found; adds what only several keys together
// show. What does not fit is left at its default.
Protected read_protected(const nlohmann::json& document, Kind kind, Mistakes& mistakes);

// `inject`, `auth` and `credentials` as one list of rules.
std::vector<CredentialRule> read_credentials(const nlohmann::json& document, Mistakes& mistakes);
std::vector<std::string> secrets_used(const std::vector<CredentialRule>& rules);  // sorted, each once

// Puts the node-red preset behind the areas that the document names, and its demands on `credentials`.
void read_node_red(const nlohmann::json& document, Protected& out, Mistakes& mistakes);

// errors: a limit that stands there twice.
std::vector<RateLimit> read_rate_limits(const nlohmann::json& object, Mistakes& mistakes);

// Small parts that several readers share.
CidrList read_networks(const nlohmann::json& object);
std::vector<Role> read_roles(const nlohmann::json& object, std::string_view key);
std::map<std::string, Role> read_people(const nlohmann::json& object, std::string_view key);
std::vector<std::string> read_certificates(const nlohmann::json& object);  // in their one form, each once
MfaRule read_mfa(const nlohmann::json& object);
std::vector<Role> read_mfa_roles(const nlohmann::json& object);  // of `mfa: {roles: [...]}`

}  // namespace sallyport::policy
