// sallyport token list.
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/table.h"
#include "cli/token_parts.h"
#include "cli/when.h"
#include "storage/resource_state.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;
using storage::TokenRecord;

ordered_json show(const TokenRecord& token, const UserNames& users, const sso::TokenRules& rules) {
  const bool account = users.is_account(token.user);
  ordered_json out{{"id", token.id.to_string()},
                   {"name", token.name},
                   {"user", account ? ordered_json() : ordered_json(users.name_of(token.user))},
                   {"service_account", account ? ordered_json(users.name_of(token.user)) : ordered_json()},
                   {"created", show_time_exactly(token.created_at)},
                   {"expires", show_time_exactly(sso::end_of(token, rules))},
                   {"last_used", nullptr},
                   {"last_used_from", nullptr},
                   {"team", token.scope.team},
                   {"resource", token.scope.resource},
                   {"read_only", token.scope.read_only},
                   {"path", token.scope.path_prefix},
                   {"networks", ordered_json::array()},
                   {"api", token.scope.api},
                   {"admin", token.scope.admin}};
  if (token.last_used_at) out["last_used"] = show_time_exactly(*token.last_used_at);
  if (!token.last_used_from.empty()) out["last_used_from"] = token.last_used_from;
  for (const Cidr& network : token.scope.networks) out["networks"].push_back(network.to_string());
  return out;
}

}  // namespace

Outcome<sso::TokenRules> read_token_rules(NodeParts& node) {
  const auto state = storage::read_state(*node.store, *node.keyring);
  if (!state) return failure("cannot read the resources", state.error());
  const storage::StoredResource* const platform = state->find(policy::Kind::kPlatform, "platform");
  if (platform == nullptr) return sso::TokenRules{};
  if (!platform->resource) return failure("the platform's record is damaged: apply it anew");
  return sso::rules_of(std::get<policy::Platform>(platform->resource->body));
}

Outcome<std::vector<TokenRecord>> select_tokens(NodeParts& node, const SelectOptions& options, const UserNames& users,
                                                const sso::TokenRules& rules) {
  std::optional<UserId> owner;
  if (!options.user.empty() || !options.service_account.empty()) {
    const auto id = options.user.empty() ? users.account_of(options.service_account) : users.id_of(options.user);
    if (!id) return std::unexpected(id.error());
    owner = *id;
  }
  auto tokens = sso::TokenService(*node.store, node.clock).list(owner);
  if (!tokens) return failure("cannot read the tokens", tokens.error());
  const WallMicros now = node.clock.wall();
  std::erase_if(*tokens, [&](const TokenRecord& token) {
    return (!options.id.empty() && token.id.to_string() != options.id) ||
           (!options.name.empty() && token.name != options.name) ||
           (!options.resource.empty() && token.scope.resource != options.resource) ||
           (options.expired && sso::end_of(token, rules) > now);
  });
  return std::move(*tokens);
}

int run_token_list(Terminal& terminal, const SelectOptions& options) {
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto users = UserNames::read(*node->store);
  if (!users) return refuse(terminal, users.error());
  const auto rules = read_token_rules(*node);
  if (!rules) return refuse(terminal, rules.error());
  const auto tokens = select_tokens(*node, options, *users, *rules);
  if (!tokens) return refuse(terminal, tokens.error());
  if (options.format == Format::kJson) {
    ordered_json all = ordered_json::array();
    for (const TokenRecord& token : *tokens) all.push_back(show(token, *users, *rules));
    terminal.out << all.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    return kDone;
  }
  Table table({"ID", "NAME", "OWNER", "EXPIRES", "LAST USED", "FROM", "SCOPE"});
  for (const TokenRecord& token : *tokens) {
    const WallMicros end = sso::end_of(token, *rules);
    table.add({token.id.to_string(), token.name,
               (users->is_account(token.user) ? "service account " : "") + users->name_of(token.user),
               end <= node->clock.wall() ? "expired" : show_time(end),
               token.last_used_at ? show_time(*token.last_used_at) : "never",
               token.last_used_from.empty() ? "-" : token.last_used_from, sso::scope_words(token.scope)});
  }
  table.print(terminal.out);
  return kDone;
}

}  // namespace sallyport::cli
