#include "proxy/stations/identify.h"

#include "base/http/cookie.h"
#include "proxy/worker.h"
#include "sso/gate.h"

namespace sallyport::proxy {
namespace {

constexpr std::string_view kTokenPrefix = "spt_";
constexpr size_t kTokenBytesMax = 128;

// The token a request carries; two of them, even equal ones, are ambiguous.
Result<std::string_view> token_of(const http::Head& head) {
  std::string_view token;
  size_t found = 0;
  for (const http::Field& field : head.fields()) {
    if (field.id == http::FieldId::kXSallyportToken) {
      token = field.value;
      ++found;
    } else if (field.id == http::FieldId::kAuthorization) {
      constexpr std::string_view kBearer = "bearer ";
      if (field.value.size() <= kBearer.size() || !http::iequals(field.value.substr(0, kBearer.size()), kBearer))
        continue;
      std::string_view value = field.value.substr(kBearer.size());
      while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
      if (!value.starts_with(kTokenPrefix)) continue;
      token = value;
      ++found;
    }
  }
  if (found > 1) return fail(Code::kUnauthenticated, Side::kClient, "more than one token was sent");
  if (found == 1 && (!token.starts_with(kTokenPrefix) || token.size() > kTokenBytesMax))
    return fail(Code::kUnauthenticated, Side::kClient, "the token is not valid");
  return token;
}

}  // namespace

Result<void> identify_token(RequestContext& context) {
  TRY(const std::string_view token, token_of(context.exchange.head()));
  if (token.empty()) return {};
  context.proof_hash = sha256(as_bytes(token));
  auto live = context.worker.parts().tokens.find(context.proof_hash, context.at, context.client.address);
  if (!live) {
    // Which of the two it was is for the audit; the client hears the same.
    const bool expired = live.error().why == storage::DeadToken::Why::kExpired;
    context.reason = expired ? "expired token" : "unknown token";
    context.about = live.error().user;
    return fail(Code::kUnauthenticated, Side::kClient, "the token is not valid");
  }
  context.scope = std::move(live->scope);
  context.identity = policy::Identity{.user = live->user,
                                      .id = live->id,
                                      .means = policy::Means::kToken,
                                      .strength = live->strength,
                                      .factor_at = {},
                                      .scope = context.scope.get()};
  return {};
}

Result<void> identify(RequestContext& context) {
  CHECKED(identify_token(context));
  if (context.identity) return {};
  const http::Head& head = context.exchange.head();
  const GatewayParts& parts = context.worker.parts();
  if (!head.has(http::FieldId::kCookie)) return {};
  std::string_view cookie;
  size_t found = 0;  // two of them, even an empty one, are ambiguous
  for (const http::Field& field : head.fields()) {
    if (field.id != http::FieldId::kCookie) continue;
    http::for_each_cookie(field.value, [&](const http::CookiePair& pair) {
      if (pair.name != sso::kSessionCookie) return true;
      ++found;
      cookie = pair.value;
      return true;
    });
  }
  if (cookie.empty() || found > 1) return {};
  context.proof_hash = sso::session_id_hash(cookie);
  const auto session = parts.sessions.find(context.proof_hash, context.host, context.at);
  if (!session) return {};
  context.family = session->family;
  context.identity = policy::Identity{.user = session->user,
                                      .id = session->id,
                                      .means = policy::Means::kSession,
                                      .strength = session->strength,
                                      .factor_at = session->factor_at,
                                      .scope = nullptr};
  return {};
}

}  // namespace sallyport::proxy
