#include "proxy/stations/rate.h"

#include <optional>

#include "proxy/worker.h"
#include "storage/rate_table.h"

namespace sallyport::proxy {
namespace {

using policy::RateBy;
using policy::RateLimit;
using storage::RateSubject;

// /32 of IPv4, /64 of IPv6: what one customer of a network has to himself at least.
RateSubject network_of(const ClientAddress& client) {
  const ByteView bytes = std::as_bytes(std::span(client.address.bytes()));
  return {RateSubject::Kind::kNetwork, client.address.is_v4() ? bytes : bytes.first(8)};
}

// Whose bucket of such a limit this request takes from; nothing: the limit is not about it.
std::optional<RateSubject> subject_of(const RequestContext& context, RateBy by) {
  if (by == RateBy::kAll) return RateSubject{};
  if (by == RateBy::kAddress || !context.identity) return network_of(context.client);
  if (by == RateBy::kUser) return RateSubject{RateSubject::Kind::kUser, context.identity->user.view()};
  if (context.identity->means != policy::Means::kToken) return std::nullopt;
  return RateSubject{RateSubject::Kind::kToken, context.identity->id.view()};
}

Result<void> take_all(RequestContext& context, const std::vector<RateLimit>& limits, const RecordId& scope, RateBy by) {
  for (const RateLimit& limit : limits) {
    if (limit.by != by) continue;
    const auto subject = subject_of(context, by);
    if (!subject) continue;
    const auto wait = context.worker.parts().rates.take(limit, scope, *subject, context.began);
    if (wait == wait.zero()) continue;
    context.retry_after = std::chrono::ceil<std::chrono::seconds>(wait);
    context.outcome = "refused";
    context.reason = "rate limit";
    context.worker.metrics().rate_limited.add();
    return fail(Code::kLimit, Side::kClient, "too many requests; come back later");
  }
  return {};
}

Result<void> limit_by(RequestContext& context, std::initializer_list<RateBy> order) {
  const std::vector<RateLimit>& everywhere = context.snapshot->platform().rate_limits;
  const std::vector<RateLimit>* const here = context.resource ? &context.resource->spec.rate_limits : nullptr;
  if (everywhere.empty() && (!here || here->empty())) return {};
  for (const RateBy by : order) {
    CHECKED(take_all(context, everywhere, RecordId{}, by));
    if (here) CHECKED(take_all(context, *here, context.resource->id, by));
  }
  return {};
}

}  // namespace

Result<void> limit_arrival(RequestContext& context) { return limit_by(context, {RateBy::kAddress, RateBy::kAll}); }

Result<void> limit_identified(RequestContext& context) { return limit_by(context, {RateBy::kToken, RateBy::kUser}); }

}  // namespace sallyport::proxy
