// The running data path: listeners, workers, and the doors through which the rest of the process tells them something.
// Built once by `serve` from parts that outlive it.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/blocking_pool.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mistake.h"
#include "conf/node_config.h"
#include "policy/snapshot.h"
#include "proxy/listening.h"
#include "sso/assertion_keys.h"
#include "sso/gate.h"
#include "storage/audit_log.h"
#include "storage/key_holder.h"
#include "storage/rate_table.h"
#include "storage/session_table.h"

namespace sallyport::proxy {

struct GatewayParts {
  const Clock& clock;
  Log& log;
  storage::SessionTable& sessions;
  storage::TokenTable& tokens;
  storage::RateTable& rates;
  storage::KeyHolder& keys;
  storage::AuditLog& audit;
  sso::Gate& gate;
  std::shared_ptr<const policy::Snapshot> snapshot;
  std::shared_ptr<const sso::AssertionKeys> assertion_keys;  // never null
  const BlockingPool& hashing;                               // of passwords; looked at for the metrics
  RecordId installation;
  size_t descriptors;  // that this process may have
};

class Gateway {
 public:
  // Opens certificates and sockets, starts the workers. All listeners accept when it returns.
  // errors: every mistake found: unreadable or mismatched key and certificate, an address in use, an inherited socket
  // that belongs to no listener, ...
  static std::expected<std::unique_ptr<Gateway>, Mistakes> start(GatewayParts parts, const conf::NodeConfig& config,
                                                                 std::vector<InheritedSocket> inherited);
  ~Gateway();  // stops at once

  // --- by one thread at a time, none of them a worker's
  std::vector<BoundListener> listeners() const;
  // Brings listeners, certificates, limits, trusted proxies and resolvers of `config` into force in every worker, or
  // nothing at all; `workers`, `gate` and `audit` must be as at the start. Connections live on; those of a listener
  // that is gone end after the exchange under way.   errors: as start().
  std::expected<void, Mistakes> reload(const conf::NodeConfig& config);
  // Stops accepting, tells clients to go, waits until the last exchange is done or `limits.drain` is over.
  void drain();

  // --- from any thread but a worker's
  // Swaps the snapshot in every worker and returns when the last one has it in force. From any thread but a worker's.
  void publish(std::shared_ptr<const policy::Snapshot> snapshot);
  std::shared_ptr<const policy::Snapshot> snapshot() const;      // the last that was published
  void publish(std::shared_ptr<const sso::AssertionKeys> keys);  // the same
  // Asks every worker for a sign of life. False while one still owes that of the time before. Never waits.
  bool all_alive();

 private:
  Gateway();
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport::proxy
