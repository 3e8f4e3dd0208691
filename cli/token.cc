// sallyport token create, rotate, revoke.
#include <ostream>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/token_parts.h"
#include "policy/texts.h"

namespace sallyport::cli {
namespace {

constexpr const char* kLifeWords = " must be a whole number above 0 with s, m, h, d or w, such as 12h or 30d";

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
  if (options.admin && !options.service_account.empty()) return failure("a service account has no admin right");
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

// The one time that it is shown.
int print_token(Terminal& terminal, const SecretBytes& text) {
  terminal.out << text.reveal() << '\n';
  terminal.out.flush();
  return terminal.out.good()
             ? kDone
             : refuse(terminal, {"cannot write the token to standard output; revoke it and make another one"});
}

int refuse_usage(Terminal& terminal, std::string message) {
  refuse(terminal, {std::move(message)});
  return kWrongUsage;
}

// A life that a person typed and that is some time.
std::optional<std::chrono::seconds> life_of(const std::string& text) {
  const auto life = sso::parse_token_life(text);
  return life && life->count() > 0 ? std::optional(*life) : std::nullopt;
}

std::string token_failure(const Error& error, const sso::TokenRules& rules) {
  if (error.code == Code::kLimit && error.side == Side::kClient)
    return std::string(error.what) + " (" + to_duration_text(rules.life_max) + ")";
  if (error.code == Code::kConflict && error.side == Side::kClient)
    return std::string(error.what) + " (" + std::to_string(rules.per_owner_max) + ")";
  return error.what;
}

}  // namespace

int run_token_create(Terminal& terminal, const TokenCreateOptions& options) {
  const auto lifetime = life_of(options.expires);
  if (!lifetime) return refuse_usage(terminal, std::string("--expires") + kLifeWords);
  if (!sso::is_token_name(options.name))
    return refuse_usage(terminal, "--name must have 1 to 100 bytes without control characters");
  if (options.user.empty() == options.service_account.empty())
    return refuse_usage(terminal, "say whose rights it has: --user NAME or --service-account NAME");
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto users = UserNames::read(*node->store);
  if (!users) return refuse(terminal, users.error());
  const auto owner = options.user.empty() ? users->account_of(options.service_account) : users->id_of(options.user);
  if (!owner) return refuse(terminal, owner.error());
  auto scope = read_scope(*node->store, options);
  if (!scope) return refuse(terminal, scope.error());
  const auto rules = read_token_rules(*node);
  if (!rules) return refuse(terminal, rules.error());

  sso::TokenService service(*node->store, node->clock);
  auto issued = service.create({.owner = *owner,
                                .whose = users->whose(*owner),
                                .name = options.name,
                                .life = *lifetime,
                                .strength = policy::Strength::kMfa,  // DESIGN section 7: a command's token
                                .scope = std::move(*scope)},
                               *rules, {actor(), ""});
  if (!issued) return refuse(terminal, {"no token was made: " + token_failure(issued.error(), *rules)});
  tell_or_warn(terminal, node->control_socket(), issued->generation);
  return print_token(terminal, issued->text);
}

int run_token_rotate(Terminal& terminal, const TokenRotateOptions& options) {
  if (options.id.empty()) return refuse_usage(terminal, "which token? give its ID, from `token list`");
  const auto overlap = sso::parse_token_life(options.overlap);
  if (!overlap)
    return refuse_usage(terminal, "--overlap must be a whole number with s, m, h, d or w, such as 1h or 0s");
  const auto life = options.expires.empty() ? std::nullopt : life_of(options.expires);
  if (!life && !options.expires.empty()) return refuse_usage(terminal, std::string("--expires") + kLifeWords);
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto users = UserNames::read(*node->store);
  if (!users) return refuse(terminal, users.error());
  const auto rules = read_token_rules(*node);
  if (!rules) return refuse(terminal, rules.error());
  SelectOptions wanted;
  wanted.id = options.id;
  auto old = select_tokens(*node, wanted, *users, *rules);
  if (!old) return refuse(terminal, old.error());
  if (old->empty()) return refuse(terminal, {"there is no such token"});
  if (sso::end_of(old->front(), *rules) <= node->clock.wall())
    return refuse(terminal, {"the token has expired: make a new one"});

  sso::TokenService service(*node->store, node->clock);
  auto issued = service.rotate({.id = old->front().id,
                                .whose = users->whose(old->front().user),
                                .overlap = *overlap,
                                .life = life,
                                .strength = policy::Strength::kMfa},
                               *rules, {actor(), ""});
  if (!issued) return refuse(terminal, {"no token was made: " + token_failure(issued.error(), *rules)});
  tell_or_warn(terminal, node->control_socket(), issued->generation);
  return print_token(terminal, issued->text);
}

int run_token_revoke(Terminal& terminal, const SelectOptions& options) {
  if (options.id.empty() && options.user.empty() && options.service_account.empty())
    return refuse_usage(
        terminal,
        "say which tokens: --id ID (see `token list`), or --user NAME or --service-account NAME, with or "
        "without --name NAME");
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto users = UserNames::read(*node->store);
  if (!users) return refuse(terminal, users.error());
  const auto tokens = select_tokens(*node, options, *users, {});
  if (!tokens) return refuse(terminal, tokens.error());
  if (tokens->empty()) return refuse(terminal, {"there is no such token"});
  std::vector<std::string> whose;
  for (const storage::TokenRecord& token : *tokens) whose.push_back(users->whose(token.user));
  sso::TokenService service(*node->store, node->clock);
  const auto generation = service.revoke(*tokens, whose, {actor(), ""});
  if (!generation) return refuse(terminal, failure_of("no token was revoked", generation.error()));
  tell_or_warn(terminal, node->control_socket(), *generation);
  for (const storage::TokenRecord& token : *tokens)
    terminal.out << "- token " << token.id.to_string() << ' ' << token.name << '\n';
  return kDone;
}

}  // namespace sallyport::cli
