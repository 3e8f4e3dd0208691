// One thread with everything it needs and shares with nobody: loop, blocks, upstream pools, resolver, unsealed credentials,
// the snapshot in force. Other threads reach it only through Loop::post.
#pragma once

#include <array>
#include <condition_variable>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "proxy/codec/http1_connection.h"
#include "proxy/gateway.h"
#include "proxy/live_streams.h"
#include "proxy/metrics.h"
#include "proxy/stations/credentials.h"
#include "proxy/tls/server_tls.h"
#include "proxy/upstream/upstream_pool.h"

namespace sallyport::proxy {

class Listener;

class Worker final : private Http1Connection::Owner, private ExchangeServer {
 public:
  // What listens: sockets are opened by the gateway (SO_REUSEPORT, one per worker), the worker takes them.
  struct Socket {
    Fd fd;
    size_t listener;  // index in the configuration
    std::unique_ptr<ServerTls> tls;  // null: plain
  };

  Worker(const GatewayParts& parts, std::vector<Socket> sockets);
  ~Worker();

  void start(ExchangeServer& admin);  // the thread
  void join();
  Loop& loop() { return loop_; }

  // --- on the worker's own thread
  void adopt(std::shared_ptr<const policy::Snapshot> snapshot);
  void drain();
  size_t connections() const { return connections_.size() - admin_connections_; }  // the admin listener's do not count
  // While connections_max are open no new one is taken.
  bool has_room() const { return connections_.size() < connections_max_; }

  // --- for the stations
  const GatewayParts& parts() const { return parts_; }
  const std::shared_ptr<const policy::Snapshot>& snapshot() const { return snapshot_; }
  UpstreamPools& upstreams() { return upstreams_; }
  Credentials& credentials() { return credentials_; }
  LiveStreams& live() { return live_; }
  std::string& out() { return out_; }
  Metrics& metrics() { return metrics_; }
  const Metrics& metrics() const { return metrics_; }
  RequestIds& ids() { return ids_; }
  const conf::Limits& limits() const { return parts_.config.limits; }
  const std::string& gate_host() const { return parts_.config.gate.host; }
  bool draining() const { return draining_; }
  bool durable() const { return parts_.config.audit.mode == conf::AuditMode::kDurable; }

 private:
  friend class Listener;
  void accepted(Fd fd, const Endpoint& peer, const Socket& socket);
  bool is_admin(const Socket& socket) const;
  void connection_over(Http1Connection& connection) override;
  void head_refused(const PeerAddress& peer, std::string_view request_id, int status, const char* why) override;
  Task<void> serve(Exchange& exchange) override;

  const GatewayParts& parts_;
  const size_t connections_max_;
  Loop loop_;
  std::string out_;
  BlockPool blocks_;
  Resolver resolver_;
  UpstreamPools upstreams_;
  Credentials credentials_;
  LiveStreams live_;
  Metrics metrics_;
  RequestIds ids_;
  http::HeadLimits head_limits_;
  bool draining_ = false;
  ConnectionHome home_;
  std::shared_ptr<const policy::Snapshot> snapshot_;
  std::vector<Socket> sockets_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  ExchangeServer* admin_ = nullptr;
  std::unordered_map<Http1Connection*, std::unique_ptr<Http1Connection>> connections_;
  size_t admin_connections_ = 0;
  std::thread thread_;
};

}  // namespace sallyport::proxy
