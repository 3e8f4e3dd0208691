#include "proxy/request_path.h"

#include "proxy/error_reply.h"
#include "proxy/stations/authorise.h"
#include "proxy/stations/forward.h"
#include "proxy/stations/gate_door.h"
#include "proxy/stations/identify.h"
#include "proxy/stations/locate.h"
#include "proxy/stations/rate.h"
#include "proxy/stations/relay.h"
#include "proxy/stations/tunnel.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

// Room for this request's audit entry, before anything else: a request that cannot be recorded is not served.
Result<void> set_aside(RequestContext& context) {
  auto slot = context.worker.parts().audit.reserve();
  if (!slot) {
    context.worker.metrics().audit_full.add();
    return fail(Code::kUnavailable, Side::kStorage, "the audit log has no room");
  }
  context.slot = *std::move(slot);
  return {};
}

// That this request is let through is recorded before the upstream hears of it; in durable mode it is on disk by then.
Task<Result<void>> record_begin(RequestContext& context) {
  storage::AuditLog& audit = context.worker.parts().audit;
  CO_TRY(storage::AuditSlot end, audit.reserve());
  if (!context.worker.durable()) {
    audit.record(std::exchange(context.slot, std::move(end)), context.event(storage::AuditKind::kAccessBegin));
    context.begin_recorded = true;
    co_return Result<void>{};
  }
  auto recording = audit.record_begin_durably(context.worker.loop(), context.event(storage::AuditKind::kAccessBegin),
                                              std::exchange(context.slot, std::move(end)));
  const Result<void> recorded = co_await recording;
  context.begin_recorded = recorded.has_value();
  co_return recorded;
}

// What the decision wants put in, if it has been made already; else it is made, through the key holder.
CredentialPtr credential_at_hand(const RequestContext& context) {
  const policy::CredentialRule* const rule = context.decision.credential;
  return rule == nullptr ? CredentialPtr() : context.worker.credentials().find(*context.resource, *rule);
}
Task<Result<CredentialPtr>> make_credential(RequestContext& context) {
  auto making = context.worker.credentials().make(*context.resource, *context.decision.credential);
  const auto made = co_await making;
  if (!made) {
    context.worker.metrics().secrets_refused.add();
    context.worker.parts().log.error("secret_refused", {{"resource", context.resource->name},
                                                        {"reason", made.error().what},
                                                        {"request_id", context.request_id.view()}});
    context.outcome = "refused";
    context.reason = made.error().what;
    co_return fail(Code::kUnavailable, Side::kSelf, made.error().what);
  }
  co_return *made;
}

Task<Result<void>> through_the_stations(RequestContext& context) {
  CO_CHECKED(set_aside(context));
  std::string scratch;
  CO_TRY(const Located located, locate(context, scratch));
  CO_CHECKED(limit_arrival(context));
  if (located.at_gate) {
    CO_CHECKED(identify_token(context));
    auto asking = ask_gate(context, GateAsk::kHandle, std::string(located.path), std::string(located.query));
    co_return co_await asking;
  }
  if (is_preflight(context.exchange.head())) {
    answer_preflight(context);
    co_return Result<void>{};
  }
  CO_CHECKED(identify(context));
  CO_CHECKED(limit_identified(context));
  if (const Result<void> allowed = authorise(context, located.path); !allowed) {
    const bool to_gate = allowed.error().code == Code::kUnauthenticated && context.page_load &&
                         context.exchange.head().target.starts_with('/');
    if (!to_gate) co_return allowed;
    const std::string_view wanted = context.exchange.head().target;  // origin-form: it was located as such
    const size_t mark = std::min(wanted.find('?'), wanted.size());
    auto asking = ask_gate(context, GateAsk::kBeginSignIn, std::string(wanted.substr(0, mark)),
                           std::string(wanted.substr(std::min(wanted.size(), mark + 1))));
    co_return co_await asking;
  }
  CredentialPtr injected = credential_at_hand(context);
  if (!injected && context.decision.credential != nullptr) {
    auto making = make_credential(context);
    CO_TRY(injected, co_await making);
  }
  const bool may_last = !context.websocket_key.empty();
  if (may_last || context.worker.durable()) {
    auto recording = record_begin(context);
    CO_CHECKED(co_await recording);
  }
  // What waited may have waited through a change: register first, then compare, and decide again if it moved.
  context.worker.live().add(context.live, context);
  if (context.worker.snapshot() != context.snapshot &&
      !context.worker.live().allowed_still(context, *context.worker.snapshot()))
    co_return fail(Code::kDenied, Side::kClient, "you are not allowed to do this any more");
  auto forwarding = forward(context, {located.path, located.query, located.has_query}, injected.get());
  CO_TRY(Forwarded forwarded, co_await forwarding);
  if (forwarded.upstream->head().status == 101) {
    auto tunnelling = tunnel(context, forwarded, injected.get());
    co_return co_await tunnelling;
  }
  if (context.exchange.framing().connect && forwarded.upstream->head().status / 100 == 2) {
    note_upstream_failure(context, *forwarded.upstream, "a WebSocket was asked for and not opened");
    co_return fail(Code::kMalformed, Side::kUpstream, "the upstream did not open the WebSocket");
  }
  auto relaying = relay(context, forwarded);
  co_return co_await relaying;
}

}  // namespace

Task<void> serve(Exchange& exchange, Worker& worker) {
  RequestContext context(exchange, worker);  // its destructor records
  auto serving = through_the_stations(context);
  const Result<void> outcome = co_await serving;
  if (outcome) co_return;
  if (context.outcome == std::string_view("cancelled")) context.outcome = "refused";
  reply_error(context, outcome.error());
}

}  // namespace sallyport::proxy
