#include "proxy/live_streams.h"

#include <algorithm>

#include "policy/passage.h"
#include "proxy/gateway.h"
#include "proxy/live_tunnel.h"
#include "proxy/request_context.h"
#include "proxy/websocket/frames.h"

namespace sallyport::proxy {
namespace {

constexpr std::chrono::milliseconds kLook{0};  // at the wheel's next tick

// How fresh a factor must be (`within`) counts when a request begins: what was fresh then stays fresh as long as the
// stream lasts. One that was shown since is newer than that.
WallMicros asked_at(const RequestContext& context, const std::optional<policy::Identity>& identity) {
  return identity && identity->factor_at ? std::max(context.at, *identity->factor_at) : context.at;
}

}  // namespace

LiveStreams::LiveStreams(Loop& loop, const GatewayParts& parts) : loop_(loop), parts_(parts) {}

void LiveStreams::add(LiveLink& link, RequestContext& context) {
  link.context_ = &context;
  link.previous_ = ring_.previous_;
  link.next_ = &ring_;
  ring_.previous_->next_ = &link;
  ring_.previous_ = &link;
  if (link.previous_ == &ring_) loop_.timers().set(*this, kLook);
}

bool LiveStreams::proven_still(const RequestContext& context) const {
  if (!context.identity) return true;
  const WallMicros now = loop_.clock().wall();
  if (context.identity->means == policy::Means::kSession)
    return parts_.sessions.alive(context.identity->id, context.family, now);
  return parts_.tokens.find(context.proof_hash, now).has_value();
}

// Did the certificate that this was decided with end meanwhile? Counts once; from then on there is none.
bool LiveStreams::certificate_ended(RequestContext& context) const {
  if (context.certificate == nullptr || !context.certificate->over(loop_.clock().wall())) return false;
  context.certificate = nullptr;
  return true;
}

// Who asks, with the strength that the session has now: it may have been raised since, and a demand that came meanwhile
// ends no stream of who has shown the factor. Nothing: it has ended.
std::optional<policy::Identity> LiveStreams::identity_now(const RequestContext& context) const {
  policy::Identity out = *context.identity;
  if (out.means != policy::Means::kSession) return out;
  const auto session = parts_.sessions.current(out.id, context.family, loop_.clock().wall());
  if (!session) return std::nullopt;
  out.strength = session->strength;
  out.factor_at = session->factor_at;
  return out;
}

bool LiveStreams::allowed_still(const RequestContext& context, const policy::Snapshot& snapshot) const {
  if (context.path.view().size() > storage::kAuditPathBytesMax) return false;  // its copy is cut: undecided is denied
  const policy::Place place = snapshot.locate(context.host, context.path);
  if (place.resource == nullptr || place.resource->id != context.resource_id || place.resource->damaged) return false;
  const std::optional<policy::Identity> identity = context.identity ? identity_now(context) : std::nullopt;
  if (context.identity && !identity) return false;
  const policy::Decision again = policy::decide({.snapshot = snapshot,
                                                 .resource = *place.resource,
                                                 .method = context.method,
                                                 .path = place.path,
                                                 .upgrade = !context.websocket_key.empty(),
                                                 .client = context.client,
                                                 .identity = identity ? &*identity : nullptr,
                                                 .certificate = context.certificate,
                                                 .now = asked_at(context, identity)});
  if (again.outcome != policy::Outcome::kAllow) return false;
  return context.websocket_key.empty() ||
         policy::same_passage(*context.resource, context.decision, *place.resource, again);
}

void LiveStreams::end(RequestContext& context, const char* why) {
  context.outcome = "revoked";
  context.reason = why;
  if (context.tunnel == nullptr) return context.exchange.abort();
  context.tunnel->end(static_cast<uint16_t>(websocket::CloseCode::kPolicyViolation), why);
}

void LiveStreams::end_tunnels() {
  for (LiveLink* link = ring_.next_; link != &ring_; link = link->next_)
    if (LiveTunnel* const tunnel = link->context_->tunnel)
      tunnel->end(static_cast<uint16_t>(websocket::CloseCode::kGoingAway), "the gateway is stopping");
}

void LiveStreams::decide_again(const policy::Snapshot& snapshot) {
  for (LiveLink* link = ring_.next_; link != &ring_; link = link->next_)
    if (!proven_still(*link->context_))
      end(*link->context_, "the session or token is over");
    else if (!allowed_still(*link->context_, snapshot))
      end(*link->context_, "not allowed any more");
}

void LiveStreams::expired() {
  if (ring_.next_ == &ring_) return;
  for (LiveLink* link = ring_.next_; link != &ring_; link = link->next_)
    if (!proven_still(*link->context_))
      end(*link->context_, "the session or token is over");
    else if (certificate_ended(*link->context_) && !allowed_still(*link->context_, *link->context_->snapshot))
      end(*link->context_, "the client certificate has expired");
  loop_.timers().set(*this, kLook);
}

}  // namespace sallyport::proxy
