// The running data path: listeners, workers, and the doors through which the rest of the process tells them something.
// Built once by `serve` from parts that outlive it.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mistake.h"
#include "conf/node_config.h"
#include "policy/snapshot.h"
#include "sso/gate.h"
#include "storage/audit_log.h"
#include "storage/key_holder.h"
#include "storage/session_table.h"

namespace sallyport::proxy {

struct GatewayParts {
  const conf::NodeConfig& config;
  const Clock& clock;
  Log& log;
  storage::SessionTable& sessions;
  storage::TokenTable& tokens;
  storage::KeyHolder& keys;
  storage::AuditLog& audit;
  sso::Gate& gate;
  std::shared_ptr<const policy::Snapshot> snapshot;
  RecordId installation;
};

struct BoundListener {
  std::string kind;     // "http", "admin"
  std::string address;  // "127.0.0.1:8443" with the real port
};

class Gateway {
 public:
  // Opens certificates and sockets, starts the workers. All listeners accept when it returns.
  // errors: every mistake found: unreadable or mismatched key and certificate, an address in use, ...
  static std::expected<std::unique_ptr<Gateway>, Mistakes> start(GatewayParts parts);
  ~Gateway();  // stops at once

  const std::vector<BoundListener>& listeners() const;
  // Swaps the snapshot in every worker and returns when the last one has it in force. From any thread but a worker's.
  void publish(std::shared_ptr<const policy::Snapshot> snapshot);
  // Stops accepting, tells clients to go, waits until the last exchange is done or `limits.drain` is over.
  void drain();

 private:
  Gateway();
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport::proxy
