// What the commands about tokens share.
#pragma once

#include "base/units.h"
#include "cli/commands.h"
#include "cli/node_parts.h"
#include "cli/store_lookup.h"
#include "sso/token_service.h"

namespace sallyport::cli {

// The platform's `tokens`.   A failure when its record is damaged: what is unknown allows nothing.
Outcome<sso::TokenRules> read_token_rules(NodeParts& node);

// Those that the options name; `rules` say which are over.
Outcome<std::vector<storage::TokenRecord>> select_tokens(NodeParts& node, const SelectOptions& options,
                                                         const UserNames& users, const sso::TokenRules& rules);

}  // namespace sallyport::cli
