#include "proxy/request_context.h"

#include "proxy/worker.h"

namespace sallyport::proxy {

RequestContext::RequestContext(Exchange& asked, Worker& by)
    : exchange(asked),
      worker(by),
      snapshot(by.snapshot()),
      began(by.loop().now()),
      at(by.loop().wall()),
      client{asked.connection().peer.endpoint.address} {
  std::array<char, RequestIds::kLength> room;
  request_id.assign(worker.ids().next(room));
}

void RequestContext::set_path(std::string_view whole) {
  path.assign(whole);
  if (whole.size() > storage::kAuditPathBytesMax)
    long_path.assign(whole);
  else
    long_path.clear();
}

storage::AccessEvent RequestContext::event(storage::AuditKind kind) const {
  storage::AccessEvent out;
  out.kind = kind;
  out.at = at;
  out.request_id = request_id;
  out.client = client.address;
  out.user = identity ? identity->user : about;
  const policy::CompiledUser* user = decision.user;
  if (user == nullptr || user->id != out.user) user = out.user.is_zero() ? nullptr : snapshot->user(out.user);
  if (user != nullptr) out.user_name = user->name;
  if (identity) {
    out.means_id = identity->id;
    out.means = identity->means == policy::Means::kToken ? "token" : "session";
    out.strength = policy::to_string(identity->strength);
  }
  if (resource != nullptr) out.resource = resource->name;
  out.host = host;
  out.method = method;
  out.path = path;
  out.outcome = outcome;
  out.reason = reason;
  out.rule = decision.rule;
  out.status = status;
  out.latency = std::chrono::duration_cast<std::chrono::microseconds>(worker.loop().now() - began);
  out.request_bytes = exchange.request_bytes();
  out.response_bytes = exchange.response_bytes();
  return out;
}

RequestContext::~RequestContext() {
  Metrics& metrics = worker.metrics();
  if (status >= 100 && status < 600) metrics.responses[static_cast<size_t>(status / 100)].add();
  metrics.request_bytes.add(exchange.request_bytes());
  metrics.response_bytes.add(exchange.response_bytes());
  record();
  if (status == 101) return;  // how long a WebSocket was open is no latency
  metrics.latency.add(std::chrono::duration_cast<std::chrono::microseconds>(worker.loop().now() - began));
}

void RequestContext::record(uint64_t unsent) {
  if (!slot) return;
  storage::AccessEvent entry = event(begin_recorded ? storage::AuditKind::kAccessEnd : storage::AuditKind::kAccess);
  entry.response_bytes += unsent;
  worker.parts().audit.record(std::move(slot), entry);
}

}  // namespace sallyport::proxy
