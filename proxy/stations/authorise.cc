#include "proxy/stations/authorise.h"

#include <algorithm>

#include "proxy/error_reply.h"
#include "proxy/websocket/handshake.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

using http::FieldId;

bool listed(const policy::CompiledResource& resource, std::string_view origin) {
  return std::ranges::find(resource.spec.origins, origin) != resource.spec.origins.end();
}

// DESIGN section 7: needs Origin = the own host or a listed one; without Origin, Sec-Fetch-Site same-origin or none.
bool same_origin(const RequestContext& context) {
  const http::Head& head = context.exchange.head();
  const http::Field* const origin = head.find(FieldId::kOrigin);
  if (origin != nullptr) {
    for (const http::Field& field : head.fields())
      if (field.id == FieldId::kOrigin && &field != origin) return false;
    const std::string_view scheme = context.https ? "https://" : "http://";
    const std::string_view host = context.exchange.framing().host;
    if (origin->value.size() == scheme.size() + host.size() && origin->value.starts_with(scheme) &&
        http::iequals(origin->value.substr(scheme.size()), host))
      return true;
    return listed(*context.resource, origin->value);
  }
  const http::Field* const site = head.find(FieldId::kSecFetchSite);
  return site != nullptr && (site->value == "same-origin" || site->value == "none");
}

bool harmless(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

}  // namespace

Result<void> authorise(RequestContext& context, std::string_view path) {
  const http::Head& head = context.exchange.head();
  const bool upgrade = context.exchange.framing().upgrade;
  context.decision = policy::decide({.snapshot = *context.snapshot,
                                     .resource = *context.resource,
                                     .method = head.method,
                                     .path = path,
                                     .upgrade = upgrade,
                                     .client = context.client,
                                     .identity = context.identity ? &*context.identity : nullptr,
                                     .now = context.at});
  context.outcome = policy::to_string(context.decision.outcome).data();
  context.reason = context.decision.reason;
  switch (context.decision.outcome) {
    case policy::Outcome::kSignIn:
      return fail(Code::kUnauthenticated, Side::kClient, "sign in first");
    case policy::Outcome::kStepUp:
      return fail(Code::kDenied, Side::kClient, "a second factor is needed for this");
    case policy::Outcome::kDeny:
      return fail(Code::kDenied, Side::kClient, "you are not allowed to do this");
    case policy::Outcome::kAllow:
      break;
  }
  const bool by_cookie = context.identity && context.identity->means == policy::Means::kSession;
  if (by_cookie && (upgrade || !harmless(head.method)) && !same_origin(context)) {
    context.outcome = "deny";
    context.reason = "same-origin rule";
    return fail(Code::kDenied, Side::kClient, "the request does not come from this site's own pages");
  }
  if (upgrade) {
    if (const auto checked = websocket::check_request(head, context.exchange.framing()); !checked) {
      context.outcome = "refused";
      context.reason = checked.error().what;
      return checked;
    }
    context.websocket_key.assign(websocket::key_of(head));
    context.extensions_offered =
        head.has(FieldId::kSecWebSocketExtensions) && context.decision.messages == policy::MessageRule::kAny;
  }
  return {};
}

bool is_preflight(const http::Head& head) {
  return head.method == "OPTIONS" && head.has(FieldId::kOrigin) && head.has(FieldId::kAccessControlRequestMethod);
}

void answer_preflight(RequestContext& context) {
  Exchange& exchange = context.exchange;
  const http::Head& head = exchange.head();
  const std::string_view origin = head.find(FieldId::kOrigin)->value;
  if (!listed(*context.resource, origin)) {
    context.outcome = "deny";
    return reply_error(context, {Code::kDenied, Side::kClient, "scripts of this origin may not call here"});
  }
  context.outcome = "allow";
  context.reason = "pre-flight";
  context.status = 204;
  exchange.begin(204, {});
  exchange.field("Access-Control-Allow-Origin", origin);
  exchange.field("Access-Control-Allow-Credentials", "true");
  exchange.field("Access-Control-Allow-Methods", head.find(FieldId::kAccessControlRequestMethod)->value);
  if (const http::Field* wanted = head.find(FieldId::kAccessControlRequestHeaders))
    exchange.field("Access-Control-Allow-Headers", wanted->value);
  exchange.field("Access-Control-Max-Age", "600");
  exchange.field("Vary", "Origin");
  add_own_fields(exchange, context.worker.loop().wall());
  exchange.end_head(http::Body::kNone, kNoLength);
  context.record();
  exchange.finish({});
}

}  // namespace sallyport::proxy
