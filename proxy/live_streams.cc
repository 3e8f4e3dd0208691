#include "proxy/live_streams.h"

#include <algorithm>

#include "policy/passage.h"
#include "proxy/error_reply.h"
#include "proxy/gateway.h"
#include "proxy/live_tunnel.h"
#include "proxy/request_context.h"
#include "proxy/websocket/frames.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

constexpr std::chrono::milliseconds kLook{0};        // at the wheel's next tick
constexpr std::chrono::milliseconds kSliceLeast{3};  // of a turn; where turns are long, as long as all else got
constexpr std::chrono::milliseconds kSliceMost{20};
constexpr size_t kLooksPerClock = 16;

LiveStreams::Ending denied(const char* reason) {
  return {reason, {Code::kDenied, Side::kClient, "you are not allowed to do this any more"}};
}

LiveStreams::Ending over(const policy::Identity& identity) {
  if (identity.means == policy::Means::kSession)
    return {"the session is over", {Code::kUnauthenticated, Side::kClient, "the session is over"}};
  return {"the token is over", {Code::kUnauthenticated, Side::kClient, "the token is not valid any more"}};
}

// In public, where an identity that would not count elsewhere does not count either: nothing hangs on it.
bool let_in_as_nobody(const RequestContext& context) { return !context.identity || context.decision.user == nullptr; }

// How fresh a factor must be (`within`) counts when a request begins: what was fresh then stays fresh as long as the
// stream lasts. One that was shown since is newer than that.
WallMicros asked_at(const RequestContext& context, std::optional<WallMicros> factor_at) {
  return factor_at ? std::max(context.at, *factor_at) : context.at;
}

}  // namespace

LiveStreams::LiveStreams(Loop& loop, const GatewayParts& parts) : loop_(loop), parts_(parts) {}

void LiveStreams::add(LiveLink& link, RequestContext& context) {
  link.context_ = &context;
  put_last(link);
  if (!std::exchange(ticking_, true)) loop_.timers().set(*this, kLook);
}

// --- may it go on?

// Who asks, as strong and as far as the session or token reaches now; nothing when that is over.
std::optional<LiveStreams::Asker> LiveStreams::asker_of(const RequestContext& context) const {
  Asker out{*context.identity, nullptr};
  const WallMicros now = loop_.wall();
  if (out.identity.means == policy::Means::kSession) {
    const auto session = parts_.sessions.current(out.identity.id, context.family, now);
    if (!session) return std::nullopt;
    out.identity.strength = session->strength;
    out.identity.factor_at = session->factor_at;
  } else {
    auto token = parts_.tokens.peek(context.proof_hash, now);
    if (!token) return std::nullopt;
    out.identity.strength = token->strength;
    out.scope = std::move(token->scope);
    out.identity.scope = out.scope.get();
  }
  return out;
}

std::optional<LiveStreams::Ending> LiveStreams::proof_over(const RequestContext& context) const {
  if (let_in_as_nobody(context) || asker_of(context)) return std::nullopt;
  return over(*context.identity);
}

// Did the certificate that this was decided with end meanwhile? Counts once; from then on there is none.
bool LiveStreams::certificate_ended(RequestContext& context) const {
  if (context.certificate == nullptr || !context.certificate->over(loop_.wall())) return false;
  context.certificate = nullptr;
  return true;
}

std::optional<LiveStreams::Ending> LiveStreams::ending_of(const RequestContext& context,
                                                          const policy::Snapshot& snapshot) const {
  std::optional<Asker> asker;
  if (!let_in_as_nobody(context)) {
    asker = asker_of(context);
    if (!asker) return over(*context.identity);
  }
  const policy::Place place = snapshot.locate(context.host, context.whole_path());
  if (place.resource == nullptr || place.resource->id != context.resource_id) return denied("the resource is gone");
  const policy::Decision again =
      policy::decide({.snapshot = snapshot,
                      .resource = *place.resource,
                      .method = context.method,
                      .path = place.path,
                      .upgrade = !context.websocket_key.empty(),
                      .client = context.client,
                      .identity = asker ? &asker->identity : nullptr,
                      .certificate = context.certificate,
                      .now = asked_at(context, asker ? asker->identity.factor_at : std::nullopt)});
  if (again.outcome != policy::Outcome::kAllow) return denied(again.reason);
  if (context.decision.user != nullptr && again.user == nullptr) return denied("public, and nobody's any more");
  if (context.lasting && !policy::same_passage(*context.resource, context.decision, *place.resource, again))
    return Ending{"would go elsewhere or as somebody else",
                  {Code::kUnavailable, Side::kSelf, "what is behind this has changed; begin again"}};
  return std::nullopt;
}

// --- the end

void LiveStreams::end(RequestContext& context, const Ending& ending) {
  context.outcome = "revoked";
  context.reason = ending.reason;
  Exchange& exchange = context.exchange;
  if (context.tunnel != nullptr) {
    context.tunnel->end(static_cast<uint16_t>(websocket::CloseCode::kPolicyViolation), ending.told.what);
    return exchange.hurry();
  }
  if (exchange.begun()) return exchange.cut(Exchange::Cut::kNow);
  reply_error(context, ending.told);
  exchange.cut(Exchange::Cut::kAnswered);
}

void LiveStreams::end_tunnels() {
  for (LiveLink* link = ring_.next_; link != &ring_; link = link->next_)
    if (link != &mark_ && link->context_->tunnel != nullptr)
      link->context_->tunnel->end(static_cast<uint16_t>(websocket::CloseCode::kGoingAway), "the gateway is stopping");
}

// --- all of them

void LiveStreams::decide_again(std::shared_ptr<const policy::Snapshot> snapshot, std::latch& decided) {
  deciding_ = std::move(snapshot);
  waiting_.push_back(&decided);
  look_at_all();
}

void LiveStreams::expired() {
  ticking_ = ring_.next_ != &ring_;
  if (!ticking_) return;
  loop_.timers().set(*this, kLook);
  if (walking_)
    again_ = true;  // who was looked at already may be over by now
  else
    look_at_all();
}

void LiveStreams::look_at_all() {
  put_last(mark_);
  if (std::exchange(walking_, true)) return;
  paused_ = loop_.now();  // so long, others had this turn
  go_on();
}

void LiveStreams::go_on() {
  const Monotonic began = loop_.clock().monotonic();
  const Monotonic until = began + std::clamp<Monotonic::duration>(began - paused_, kSliceLeast, kSliceMost);
  for (size_t looked = 1; ring_.next_ != &mark_; ++looked) {
    LiveLink& link = *ring_.next_;
    put_last(link);
    RequestContext& context = *link.context_;
    auto ending = deciding_ ? ending_of(context, *deciding_) : proof_over(context);
    if (!ending && certificate_ended(context) && ending_of(context, *context.worker.snapshot()))
      ending = denied("the client certificate has expired");
    if (ending) end(context, *ending);  // both may be gone now
    if (looked % kLooksPerClock != 0) continue;
    paused_ = loop_.clock().monotonic();
    if (paused_ >= until) return loop_.post([this] { go_on(); });
  }
  mark_.unlink();
  walking_ = false;
  deciding_ = nullptr;
  for (std::latch* const each : std::exchange(waiting_, {})) each->count_down();
  if (std::exchange(again_, false)) look_at_all();
}

void LiveStreams::put_last(LiveLink& link) {
  link.unlink();
  link.previous_ = ring_.previous_;
  link.next_ = &ring_;
  ring_.previous_->next_ = &link;
  ring_.previous_ = &link;
}

}  // namespace sallyport::proxy
