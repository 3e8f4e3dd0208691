// The upstream connections of one worker. A pool belongs to one version of one resource, and its connections to one
// address and one TLS identity, so a connection is never shared across credentials, destinations or trust. Idle ones
// are taken last in, first out. The outbound list is asked about the very address that is connected (C5).
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/resolver.h"
#include "base/task.h"
#include "policy/snapshot.h"
#include "proxy/upstream/upstream_connection.h"

namespace sallyport::proxy {

class UpstreamPools;

// Connections of one resource version.
class UpstreamPool final : private UpstreamConnection::Pool {
 public:
  UpstreamPool(UpstreamPools& pools, std::shared_ptr<const policy::CompiledResource> resource);
  ~UpstreamPool();

  const policy::CompiledResource& resource() const { return *resource_; }
  std::unique_ptr<UpstreamConnection> take_idle();  // null when there is none
  void keep(std::unique_ptr<UpstreamConnection> connection);
  void drop_idle();
  size_t in_use = 0;
  bool retired = false;

 private:
  friend class UpstreamPools;
  friend class UpstreamLease;
  void idle_connection_over(UpstreamConnection& connection) override;
  UpstreamPools& pools_;
  std::shared_ptr<const policy::CompiledResource> resource_;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;
  std::unique_ptr<ClientTls> tls_;
};

// A connection in use; goes back to its pool if it can be used again, else it is closed.
class UpstreamLease {
 public:
  UpstreamLease() = default;
  UpstreamLease(UpstreamPool& pool, std::unique_ptr<UpstreamConnection> connection);
  UpstreamLease(UpstreamLease&& other) noexcept;
  UpstreamLease& operator=(UpstreamLease&& other) noexcept;
  ~UpstreamLease();
  UpstreamConnection* operator->() const { return connection_.get(); }
  UpstreamConnection& operator*() const { return *connection_; }
  explicit operator bool() const { return connection_ != nullptr; }

 private:
  UpstreamPool* pool_ = nullptr;
  std::unique_ptr<UpstreamConnection> connection_;
};

class UpstreamPools final : private Deferred {
 public:
  struct Limits {
    size_t idle;  // kept
    size_t open;  // at all; the idle ones go first
  };
  UpstreamPools(Loop& loop, BlockPool& blocks, Resolver& resolver, Log& log, Limits limits);
  ~UpstreamPools();

  // The pool of this version of the resource; an older version's pool is retired.
  UpstreamPool& pool_of(const policy::CompiledResource& resource);
  // An idle connection, at once; empty when there is none.
  UpstreamLease take(UpstreamPool& pool);
  // A new connection: resolve, ask the outbound list, connect, verify.
  // errors (all Side::kUpstream): kNotFound the name, kDenied the outbound list, kUnavailable refused, not verified or
  // too many, kTimeout. The log says which address and why.
  Task<Result<UpstreamLease>> connect(UpstreamPool& pool, std::string request_id);
  // After a snapshot was swapped: pools of resources that are gone or of other versions are retired.
  void retire_others(const policy::Snapshot& snapshot);

  size_t idle_count() const { return idle_count_; }
  void set_limits(Limits limits) { limits_ = limits; }  // for those that are made or come back from now on

 private:
  friend class UpstreamPool;
  friend class UpstreamLease;
  void run_deferred() override;
  bool has_room();
  void bury(std::unique_ptr<UpstreamConnection> connection);
  void give_back(UpstreamPool& pool, std::unique_ptr<UpstreamConnection> connection);

  Loop& loop_;
  BlockPool& blocks_;
  Resolver& resolver_;
  Log& log_;
  Limits limits_;
  size_t open_ = 0;  // connections that live, wherever
  size_t idle_count_ = 0;
  std::unordered_map<RecordId, std::unique_ptr<UpstreamPool>, RecordIdHash> pools_;
  std::vector<std::unique_ptr<UpstreamPool>> retired_;
  std::vector<std::unique_ptr<UpstreamConnection>> graveyard_;
};

// Why the gateway may not connect to this address for this upstream, a literal; null when it may: the address is
// listed, or nothing is and it is public and not one of this machine's own.
const char* outbound_refusal(const policy::Upstream& upstream, const IpAddress& address);

}  // namespace sallyport::proxy
