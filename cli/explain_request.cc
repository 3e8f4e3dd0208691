#include "cli/explain_request.h"

#include <algorithm>

#include "base/http/url.h"
#include "cli/store_lookup.h"
#include "cli/when.h"
#include "policy/texts.h"

namespace sallyport::cli {
namespace {

constexpr size_t kMethodBytesMax = 24;

// One token of the user, by id or by name.
Outcome<storage::TokenRecord> find_token(storage::Store& store, const std::string& wanted,
                                         const policy::CompiledUser* owner) {
  auto tokens = store.tokens();
  if (!tokens) return failure("cannot read the tokens", tokens.error());
  std::erase_if(*tokens, [&](const storage::TokenRecord& token) {
    return (owner && token.user != owner->id) || (token.id.to_string() != wanted && token.name != wanted);
  });
  if (tokens->empty()) return failure("there is no token " + wanted + (owner ? " of user " + owner->name : ""));
  if (tokens->size() > 1)
    return failure("several tokens are called " + wanted + "; say which by its id (see `token list`)");
  return std::move(tokens->front());
}

}  // namespace

Outcome<AskedRequest> read_request(const ExplainOptions& options) {
  AskedRequest out;
  const auto address = IpAddress::parse(options.from);
  if (!address) return failure("--from must be an address, such as 192.0.2.7 or 2001:db8::7");
  out.client.address = *address;
  if (!policy::is_token(options.method) || options.method.size() > kMethodBytesMax)
    return failure("--method must be a method, such as GET");
  out.method = options.method;
  if (options.websocket && options.method != "GET") return failure("--websocket: a WebSocket begins with GET");
  out.websocket = options.websocket;
  // What stands behind # is never sent.
  const std::string url = options.url.substr(0, options.url.find('#'));
  const auto target = http::parse_target(url);
  if (!target || target->authority.empty())
    return failure("--url must be a URL with a host, such as https://crm.apps.localhost:8443/reports");
  const auto authority = http::parse_authority(target->authority);
  if (!authority) return failure("--url: " + std::string(authority.error().what));
  out.host = authority->host;
  out.path = target->path;
  if (!options.mfa_age.empty() && !parse_duration(options.mfa_age))
    return failure("--mfa-age must be a whole number above 0 with s, m, h, d or w, such as 10m");
  return out;
}

Outcome<void> identify(storage::Store& store, const policy::Snapshot& snapshot, const ExplainOptions& options,
                       AskedRequest& request) {
  const bool somebody = !options.user.empty() && options.user != "-";
  if (!somebody && options.token.empty()) return {};
  const policy::CompiledUser* const user = somebody ? snapshot.user_by_name_or_email(options.user) : nullptr;
  policy::Identity identity;
  identity.user = user ? user->id : UserId::random();
  if (!options.token.empty()) {
    if (somebody && !user) return failure("there is no user " + options.user);
    auto token = find_token(store, options.token, user);
    if (!token) return std::unexpected(token.error());
    request.scope = std::make_unique<policy::TokenScope>(std::move(token->scope));
    request.token_over = token->expires_at <= request.now;
    identity.user = token->user;
    identity.id = token->id;
    identity.means = policy::Means::kToken;
    identity.strength = token->strength;
    identity.scope = request.scope.get();
  } else if (options.mfa || !options.mfa_age.empty()) {
    identity.strength = policy::Strength::kMfa;
    identity.factor_at =
        request.now - (options.mfa_age.empty() ? std::chrono::seconds(0) : *parse_duration(options.mfa_age));
  }
  request.identity = identity;
  return {};
}

}  // namespace sallyport::cli
