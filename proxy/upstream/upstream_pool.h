// The upstream connections of one worker. A pool belongs to one version of one resource, and its connections to one
// address and one TLS identity, so a connection is never shared across credentials, destinations or trust. Those of
// HTTP/1.1 carry one request at a time, idle ones are taken last in, first out; those of HTTP/2 carry as many as they
// have room for. The outbound list is asked about the very address that is connected (C5).
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/resolver.h"
#include "base/task.h"
#include "policy/snapshot.h"
#include "proxy/upstream/http2_upstream.h"
#include "proxy/upstream/upstream_connection.h"

namespace sallyport::proxy {

class UpstreamPools;

// What a request can do with: a WebSocket's needs a connection of its own.
enum class Spoken : uint8_t { kHttp1, kAsConfigured };

// Connections of one resource version.
class UpstreamPool final : private UpstreamConnection::Pool, private Http2UpstreamConnection::Pool, private Deferred {
 public:
  UpstreamPool(UpstreamPools& pools, std::shared_ptr<const policy::CompiledResource> resource);
  ~UpstreamPool();

  const policy::CompiledResource& resource() const { return *resource_; }
  void keep(std::unique_ptr<UpstreamConnection> connection);
  void retire();  // nothing is kept any more; who uses it goes on
  size_t in_use = 0;
  bool retired = false;

 private:
  friend class UpstreamPools;
  friend class UpstreamLease;

  // A request that waits for a stream while a connection is made.
  struct Waiter {
    // Whoever has made a connection is the next that it serves: else all its streams could go to those in front of him,
    // each time anew.
    enum class Turn : uint8_t { kLast, kNext };
    Waiter(UpstreamPool& to, Turn turn)
        : pool(to), place(to.waiters_.insert(turn == Turn::kNext ? to.waiters_.begin() : to.waiters_.end(), this)) {}
    ~Waiter() { leave(); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    void leave() {
      if (listed) pool.waiters_.erase(place);
      listed = false;
    }
    UpstreamPool& pool;
    std::list<Waiter*>::iterator place;
    bool listed = true;
    std::optional<Error> failed{};  // there is no connection, and why
    WaitSlot slot{};
  };
  // That a connection is being made, by one of those who want it.
  struct Making {
    explicit Making(UpstreamPool& to) : pool(to) { ++pool.making_; }
    ~Making() {
      --pool.making_;
      pool.room_made();
    }
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;
    UpstreamPool& pool;
  };

  std::unique_ptr<UpstreamExchange> take(Spoken spoken);  // null when there is none
  bool shares() const;                                    // HTTP/2 is configured, and nothing is known to the contrary
  bool being_made() const;
  size_t room() const;
  void adopt(const Endpoint& endpoint, std::unique_ptr<ByteChannel> channel);
  void fail_waiters(const Error& why);

  void idle_connection_over(UpstreamConnection& connection) override;
  void room_made() override;
  bool may_idle() override;
  void idle_no_longer() override;
  void connection_over(Http2UpstreamConnection& connection, const Failure* failure) override;
  void run_deferred() override;

  UpstreamPools& pools_;
  std::shared_ptr<const policy::CompiledResource> resource_;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;
  std::vector<std::unique_ptr<Http2UpstreamConnection>> shared_;
  std::list<Waiter*> waiters_;
  size_t making_ = 0;
  bool chose_http1_ = false;  // the upstream, when HTTP/2 was offered last
  std::unique_ptr<ClientTls> tls_;
};

// A connection, or a stream of one, in use; goes back to its pool if it can be used again, else it is closed.
class UpstreamLease {
 public:
  UpstreamLease() = default;
  UpstreamLease(UpstreamPool& pool, std::unique_ptr<UpstreamExchange> exchange);
  UpstreamLease(UpstreamLease&& other) noexcept;
  UpstreamLease& operator=(UpstreamLease&& other) noexcept;
  ~UpstreamLease();
  UpstreamExchange* operator->() const { return exchange_.get(); }
  UpstreamExchange& operator*() const { return *exchange_; }
  explicit operator bool() const { return exchange_ != nullptr; }

 private:
  UpstreamPool* pool_ = nullptr;
  std::unique_ptr<UpstreamExchange> exchange_;
};

class UpstreamPools final : private Deferred {
 public:
  struct Limits {
    size_t idle;  // kept
    size_t open;  // at all; the idle ones go first
  };
  UpstreamPools(Loop& loop, BlockPool& blocks, HeldMemory& memory, Resolver& resolver, Log& log, Limits limits);
  ~UpstreamPools();

  // The pool of this version of the resource; an older version's pool is retired.
  UpstreamPool& pool_of(const policy::CompiledResource& resource);
  // An idle connection or a stream, at once; empty when there is none.
  UpstreamLease take(UpstreamPool& pool, Spoken spoken);
  // A new connection: resolve, ask the outbound list, connect, verify. Where connections are shared, one is made at a
  // time, and a stream of it, or of another that has got room meanwhile, is what comes of it.
  // errors (all Side::kUpstream): kNotFound the name, kDenied the outbound list, kUnavailable refused, not verified,
  // not what was configured or too many, kTimeout. The log says which address and why.
  Task<Result<UpstreamLease>> connect(UpstreamPool& pool, Spoken spoken, std::string request_id);
  // After a snapshot was swapped: pools of resources that are gone or of other versions are retired.
  void retire_others(const policy::Snapshot& snapshot);

  size_t idle_count() const { return idle_count_; }
  void set_limits(Limits limits) { limits_ = limits; }  // for those that are made or come back from now on

 private:
  friend class UpstreamPool;
  friend class UpstreamLease;
  void run_deferred() override;
  bool has_room();
  void bury(std::unique_ptr<UpstreamExchange> exchange);
  void bury(std::unique_ptr<Http2UpstreamConnection> connection);
  void give_back(UpstreamPool& pool, std::unique_ptr<UpstreamExchange> exchange);
  Task<Result<std::unique_ptr<UpstreamConnection>>> dial(UpstreamPool& pool, AlpnOffer offer, std::string request_id);

  Loop& loop_;
  BlockPool& blocks_;
  Resolver& resolver_;
  Log& log_;
  Limits limits_;
  size_t open_ = 0;  // connections that live, wherever
  size_t idle_count_ = 0;
  Http2UpstreamParts http2_;
  std::unordered_map<RecordId, std::unique_ptr<UpstreamPool>, RecordIdHash> pools_;
  std::vector<std::unique_ptr<UpstreamPool>> retired_;
  std::vector<std::unique_ptr<UpstreamExchange>> graveyard_;
  std::vector<std::unique_ptr<Http2UpstreamConnection>> shared_graveyard_;
};

}  // namespace sallyport::proxy
