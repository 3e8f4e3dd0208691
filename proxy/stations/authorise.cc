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

// The page that asks, as the browser tells: no script can set these fields (Fetch standard, forbidden request-headers).
enum class Page : uint8_t {
  kOwn,      // a page of this host, or the person by the address bar
  kListed,   // a page of one of the resource's origins
  kForeign,  // another page
  kUntold,   // a program, or a browser too old to tell
};

bool is_own(const RequestContext& context, std::string_view origin) {
  const std::string_view scheme = context.https ? "https://" : "http://";
  const std::string_view host = context.exchange.framing().host;
  return origin.size() == scheme.size() + host.size() && origin.starts_with(scheme) &&
         http::iequals(origin.substr(scheme.size()), host);
}

// An image or a script is asked for without Origin; what is listed then is the beginning of the Referer.
bool refers_from_listed(const policy::CompiledResource& resource, const http::Head& head) {
  const http::Field* const referer = head.find(FieldId::kReferer);
  if (referer == nullptr) return false;
  return std::ranges::any_of(resource.spec.origins, [&](std::string_view origin) {
    return referer->value.starts_with(origin) && referer->value.substr(origin.size()).starts_with('/');
  });
}

Page asking_page(const RequestContext& context) {
  const http::Head& head = context.exchange.head();
  const http::Field* const origin = head.find(FieldId::kOrigin);
  if (origin != nullptr) {
    for (const http::Field& field : head.fields())
      if (field.id == FieldId::kOrigin && &field != origin) return Page::kForeign;
    if (is_own(context, origin->value)) return Page::kOwn;
    return listed(*context.resource, origin->value) ? Page::kListed : Page::kForeign;
  }
  const http::Field* const site = head.find(FieldId::kSecFetchSite);
  if (site == nullptr) return Page::kUntold;
  if (site->value == "same-origin") return Page::kOwn;
  // Chromium says "none" of what any page's speculation rules have it fetch ahead, too.
  return site->value == "none" && !head.has(FieldId::kSecPurpose) ? Page::kOwn : Page::kForeign;
}

enum class Aim : uint8_t { kRead, kChange };

Aim aim_of(std::string_view method, bool upgrade) {
  const bool harmless = method == "GET" || method == "HEAD" || method == "OPTIONS";
  return harmless && !upgrade ? Aim::kRead : Aim::kChange;
}

// A link, or a frame: what comes is shown to the person and not given to the page that asks. <object> and <embed> are
// not, and neither is what is fetched before the person went there.
bool is_page_load(const http::Head& head) {
  const http::Field* const mode = head.find(FieldId::kSecFetchMode);
  const http::Field* const target = head.find(FieldId::kSecFetchDest);
  return head.method == "GET" && mode != nullptr && mode->value == "navigate" && target != nullptr &&
         target->value != "object" && target->value != "embed" && !head.has(FieldId::kSecPurpose);
}

// The same-origin rule: may the cookie count for what this page asks? A change must show that it comes from this host
// or a listed origin. For a read it is enough that nothing shows the contrary.
bool cookie_counts(const RequestContext& context, Aim aim) {
  const http::Head& head = context.exchange.head();
  const Page page = asking_page(context);
  if (aim == Aim::kChange) return page == Page::kOwn || page == Page::kListed;
  return page != Page::kForeign || is_page_load(head) || refers_from_listed(*context.resource, head);
}

Result<void> refuse_page(RequestContext& context) {
  context.outcome = "deny";
  context.reason = "same-origin rule";
  return fail(Code::kDenied, Side::kClient, "the request does not come from this site's own pages");
}

}  // namespace

Result<void> authorise(RequestContext& context, std::string_view path) {
  const http::Head& head = context.exchange.head();
  const bool upgrade = context.exchange.framing().upgrade;
  const bool by_cookie = context.identity && context.identity->means == policy::Means::kSession;
  const Aim aim = aim_of(head.method, upgrade);
  const bool refused = by_cookie && !cookie_counts(context, aim);
  // What is public may be read by every page, as nobody's.
  if (refused && aim == Aim::kRead) context.identity.reset();
  context.decision = policy::decide({.snapshot = *context.snapshot,
                                     .resource = *context.resource,
                                     .method = head.method,
                                     .path = path,
                                     .upgrade = upgrade,
                                     .client = context.client,
                                     .identity = context.identity ? &*context.identity : nullptr,
                                     .certificate = context.certificate,
                                     .now = context.at});
  context.outcome = policy::to_string(context.decision.outcome).data();
  context.reason = context.decision.reason;
  switch (context.decision.outcome) {
    case policy::Outcome::kSignIn:
      if (refused) return refuse_page(context);
      return fail(Code::kUnauthenticated, Side::kClient, "sign in first");
    case policy::Outcome::kStepUp:
      return fail(Code::kUnauthenticated, Side::kClient, "a second factor is needed for this");
    case policy::Outcome::kDeny:
      return fail(Code::kDenied, Side::kClient, "you are not allowed to do this");
    case policy::Outcome::kAllow:
      break;
  }
  if (refused && aim == Aim::kChange) return refuse_page(context);
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
