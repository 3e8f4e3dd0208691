// sallyport token create, list, revoke.
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/random.h"
#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/node_parts.h"
#include "cli/store_lookup.h"
#include "cli/table.h"
#include "cli/when.h"
#include "policy/texts.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;
using storage::TokenRecord;
constexpr size_t kTokenNameBytesMax = 100;

// "spt_" and 256 random bits.
std::string make_token() {
  auto bytes = random_bytes<32>();
  std::string out = "spt_" + base64url_encode(bytes);
  wipe(bytes);
  return out;
}

Outcome<policy::TokenScope> read_scope(storage::Store& store, const TokenCreateOptions& options) {
  policy::TokenScope scope;
  scope.team = options.team;
  scope.resource = options.resource;
  scope.read_only = options.read_only;
  scope.api = options.api;
  scope.admin = options.admin;
  if (!options.team.empty())
    if (const auto team = find_record(store, policy::Kind::kTeam, options.team); !team)
      return std::unexpected(team.error());
  if (!options.resource.empty() && !find_record(store, policy::Kind::kDatasource, options.resource) &&
      !find_record(store, policy::Kind::kInstance, options.resource))
    return failure("there is no datasource or instance " + options.resource);
  if (!options.path.empty()) {
    const auto path = policy::parse_rule_path(options.path);
    if (!path) return failure("--path " + std::string(path.error().what));
    scope.path_prefix = *path;
  }
  for (const std::string& text : options.networks) {
    const auto network = Cidr::parse(text);
    if (!network) return failure("--network: " + std::string(network.error().what));
    scope.networks.push_back(*network);
  }
  return scope;
}

ordered_json show(const TokenRecord& token, const UserNames& users) {
  ordered_json out{{"id", token.id.to_string()},
                   {"name", token.name},
                   {"user", users.name_of(token.user)},
                   {"created", show_time_exactly(token.created_at)},
                   {"expires", show_time_exactly(token.expires_at)},
                   {"last_used", nullptr},
                   {"team", token.scope.team},
                   {"resource", token.scope.resource},
                   {"read_only", token.scope.read_only},
                   {"path", token.scope.path_prefix},
                   {"networks", ordered_json::array()},
                   {"api", token.scope.api},
                   {"admin", token.scope.admin}};
  if (token.last_used_at) out["last_used"] = show_time_exactly(*token.last_used_at);
  for (const Cidr& network : token.scope.networks) out["networks"].push_back(network.to_string());
  return out;
}

std::string scope_words(const policy::TokenScope& scope) {
  std::string out;
  const auto add = [&out](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  if (!scope.team.empty()) add("team=" + scope.team);
  if (!scope.resource.empty()) add("resource=" + scope.resource);
  if (scope.read_only) add("read-only");
  if (!scope.path_prefix.empty()) add("path=" + scope.path_prefix);
  for (const Cidr& network : scope.networks) add("network=" + network.to_string());
  if (scope.api) add("api");
  if (scope.admin) add("admin");
  return out.empty() ? "all" : out;
}

// Those that the options name.
Outcome<std::vector<TokenRecord>> select(NodeParts& node, const SelectOptions& options, const UserNames& users) {
  auto tokens = node.store->tokens();
  if (!tokens) return failure("cannot read the tokens", tokens.error());
  std::optional<UserId> user;
  if (!options.user.empty()) {
    const auto id = users.id_of(options.user);
    if (!id) return std::unexpected(id.error());
    user = *id;
  }
  std::erase_if(*tokens, [&](const TokenRecord& token) {
    return (user && token.user != *user) || (!options.id.empty() && token.id.to_string() != options.id) ||
           (!options.name.empty() && token.name != options.name);
  });
  return std::move(*tokens);
}

}  // namespace

int run_token_create(Terminal& terminal, const TokenCreateOptions& options) {
  const auto lifetime = parse_duration(options.expires);
  if (!lifetime) {
    refuse(terminal, {"--expires must be a whole number above 0 with s, m, h, d or w, such as 12h or 30d"});
    return kWrongUsage;
  }
  if (options.name.empty() || options.name.size() > kTokenNameBytesMax || printable(options.name) != options.name) {
    refuse(terminal, {"--name must have 1 to 100 bytes without control characters"});
    return kWrongUsage;
  }
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto users = UserNames::read(*node->store);
  if (!users) return refuse(terminal, users.error());
  const auto user = users->id_of(options.user);
  if (!user) return refuse(terminal, user.error());
  auto scope = read_scope(*node->store, options);
  if (!scope) return refuse(terminal, scope.error());

  std::string text = make_token();
  const WallMicros now = node->clock.wall();
  storage::PutToken put{TokenRecord{.id = RecordId::random(),
                                    .hash = sha256(as_bytes(text)),
                                    .user = *user,
                                    .name = options.name,
                                    .created_at = now,
                                    .expires_at = now + *lifetime,
                                    .last_used_at = std::nullopt,
                                    .strength = policy::Strength::kMfa,  // DESIGN section 7: a command's token
                                    .scope = std::move(*scope)}};
  storage::AdminEvent event{
      .at = now,
      .action = "token.create",
      .actor = actor(),
      .object = "token " + put.token.id.to_string() + " of user " + options.user,
      .client = "",
      .detail = options.name + ", " + scope_words(put.token.scope) + ", until " + show_time(put.token.expires_at)};
  const auto generation = node->store->commit({{std::move(put)}, std::nullopt}, {std::move(event)});
  if (!generation) return refuse(terminal, failure_of("no token was made", generation.error()));
  tell_or_warn(terminal, node->control_socket(), *generation);
  terminal.out << text << '\n';
  terminal.out.flush();
  wipe(text);
  return terminal.out.good()
             ? kDone
             : refuse(terminal, {"cannot write the token to standard output; revoke it and make another one"});
}

int run_token_list(Terminal& terminal, const SelectOptions& options) {
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto users = UserNames::read(*node->store);
  if (!users) return refuse(terminal, users.error());
  const auto tokens = select(*node, options, *users);
  if (!tokens) return refuse(terminal, tokens.error());
  if (options.format == Format::kJson) {
    ordered_json all = ordered_json::array();
    for (const TokenRecord& token : *tokens) all.push_back(show(token, *users));
    terminal.out << all.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    return kDone;
  }
  Table table({"ID", "NAME", "USER", "EXPIRES", "LAST USED", "SCOPE"});
  for (const TokenRecord& token : *tokens) {
    const bool over = token.expires_at <= node->clock.wall();
    table.add({token.id.to_string(), token.name, users->name_of(token.user),
               over ? "expired" : show_time(token.expires_at),
               token.last_used_at ? show_time(*token.last_used_at) : "never", scope_words(token.scope)});
  }
  table.print(terminal.out);
  return kDone;
}

int run_token_revoke(Terminal& terminal, const SelectOptions& options) {
  if (options.id.empty() && options.user.empty()) {
    refuse(terminal, {"say which tokens: --id ID (see `token list`), or --user NAME with or without --name NAME"});
    return kWrongUsage;
  }
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto users = UserNames::read(*node->store);
  if (!users) return refuse(terminal, users.error());
  const auto tokens = select(*node, options, *users);
  if (!tokens) return refuse(terminal, tokens.error());
  if (tokens->empty()) return refuse(terminal, {"there is no such token"});
  storage::ChangeSet changes;
  std::vector<storage::AdminEvent> events;
  for (const TokenRecord& token : *tokens) {
    changes.changes.emplace_back(storage::RevokeToken{token.id});
    events.push_back({.at = node->clock.wall(),
                      .action = "token.revoke",
                      .actor = actor(),
                      .object = "token " + token.id.to_string() + " of user " + users->name_of(token.user),
                      .client = "",
                      .detail = token.name});
  }
  const auto generation = node->store->commit(changes, events);
  if (!generation) return refuse(terminal, failure_of("no token was revoked", generation.error()));
  tell_or_warn(terminal, node->control_socket(), *generation);
  for (const TokenRecord& token : *tokens)
    terminal.out << "- token " << token.id.to_string() << ' ' << token.name << '\n';
  return kDone;
}

}  // namespace sallyport::cli
