// What `apply` does for identity providers beside keeping them: metadata is read before it is taken, and the gateway's
// own SAML key is there before somebody asks for it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/mistake.h"
#include "cli/node_parts.h"

namespace sallyport::cli {

// Mistakes as of ResourceService::apply(): metadata and signers that nobody could sign in with.
Mistakes check_provider_documents(const std::vector<nlohmann::json>& documents, WallMicros now);

// After an apply that has changed these. A failure is a warning: the gateway makes the key itself when it needs one.
void make_saml_key_for(Terminal& terminal, NodeParts& node, const std::vector<storage::PlannedChange>& changes);

}  // namespace sallyport::cli
