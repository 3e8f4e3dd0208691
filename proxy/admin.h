// The admin listener: plain HTTP, GET /live, /ready, /metrics (Prometheus text format). No secret and no name of a user
// stands in any of them.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "base/blocking_pool.h"
#include "proxy/exchange.h"
#include "proxy/metrics.h"

namespace sallyport::proxy {

struct AdminFacts {
  bool ready = false;          // not draining, and the audit log has room
  const char* not_ready = "";  // why
  size_t sessions = 0;
  size_t tokens = 0;
  size_t tokens_ending = 0;  // soon, as was last looked
  size_t resources = 0;
  uint64_t generation = 0;
  uint64_t audit_entries = 0;
  PoolLoad hashing;                                                   // of passwords
  std::vector<std::pair<std::string, double>> provider_certificates;  // seconds until the first of each ends
};

class AdminServer final : public ExchangeServer {
 public:
  AdminServer(std::function<AdminFacts()> facts, std::function<std::vector<const Metrics*>()> metrics)
      : facts_(std::move(facts)), metrics_(std::move(metrics)) {}
  Task<void> serve(Exchange& exchange) override;

 private:
  std::function<AdminFacts()> facts_;
  std::function<std::vector<const Metrics*>()> metrics_;
};

std::string metrics_text(const AdminFacts& facts, const std::vector<const Metrics*>& workers);

}  // namespace sallyport::proxy
