#include "sso/provider_flows.h"

#include "base/http/cookie.h"
#include "sso/cookies.h"

namespace sallyport::sso {

Departure departure_of(const GateRequest& request, std::string provider) {
  Departure out{.provider = std::move(provider), .request_id = {}, .verifier = {}, .flow = {}, .then = {}};
  const auto query = http::parse_form(request.query);
  if (!query) return out;
  if (const std::string* const flow = http::find_field(*query, "flow")) out.flow = *flow;
  if (const std::string* const then = http::find_field(*query, "then")) out.then = *then;
  return out;
}

Task<Result<Departed>> ProviderFlows::depart(Loop& home, const GateRequest& request, Departure departure) {
  const WallMicros now = parts_.clock.wall();
  const auto cookie = cookie_value(request.cookie, kFlowCookie);
  const std::string browser = cookie && is_random_handle(*cookie) ? std::string(*cookie) : random_handle();
  ProviderFlow flow{.provider = std::move(departure.provider),
                    .browser_hash = sha256(as_bytes(browser)),
                    .request_id = std::move(departure.request_id),
                    .verifier = std::move(departure.verifier),
                    .flow = is_random_handle(departure.flow) ? std::move(departure.flow) : std::string(),
                    .then = std::move(departure.then),
                    .replaces = {},
                    .restarts = departure.restarts,
                    .fresh_after = departure.fresh_after};
  if (const auto session = cookie_value(request.cookie, kSessionCookie))
    if (const auto old = parts_.sessions.find(session_id_hash(*session), request.host, now))
      flow.replaces = old->family;
  Departed out{random_handle(), set_cross_site_cookie(kFlowCookie, browser, kSignInFlowLife)};
  CO_TRY(storage::FlowRecord record, to_record(flow, out.handle, parts_.keyring, now));
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutFlow{std::move(record)});
  auto committing = parts_.store.commit(home, std::move(changes), {});
  CO_CHECKED(co_await committing);
  co_return out;
}

Task<Result<Returned>> ProviderFlows::meet(Loop& home, const GateRequest& request, std::string handle,
                                           std::string provider) {
  Returned out;
  if (!is_random_handle(handle)) co_return out;
  const WallMicros now = parts_.clock.wall();
  auto peeking = parts_.store.peek_flow(home, sha256(as_bytes(handle)), now);
  const auto record = co_await peeking;
  if (!record && record.error().code == Code::kNotFound) co_return out;
  if (!record) co_return std::unexpected(record.error());
  auto flow = read_provider_flow(*record, parts_.keyring, now);
  if (!flow || flow->provider != provider) co_return out;
  out.flow = *std::move(flow);
  const auto cookie = cookie_value(request.cookie, kFlowCookie);
  if (!cookie || !is_random_handle(*cookie))
    out.how = Return::kAnother;
  else if (constant_time_equal(sha256(as_bytes(*cookie)), out.flow.browser_hash))
    out.how = Return::kSame;
  else
    out.how = out.flow.restarts < kRestartsMax ? Return::kOtherTab : Return::kAnother;
  co_return out;
}

Task<Result<void>> ProviderFlows::settle(Loop& home, std::string handle) {
  auto taking = parts_.store.take_flow(home, sha256(as_bytes(handle)), parts_.clock.wall());
  CO_CHECKED(co_await taking);
  co_return Result<void>{};
}

}  // namespace sallyport::sso
