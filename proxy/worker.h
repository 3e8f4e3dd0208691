// One thread with everything it needs and shares with nobody: loop, listeners, blocks, upstream pools, resolver,
// unsealed credentials, the snapshot and the settings in force. Other threads reach it only through Loop::post.
#pragma once

#include <array>
#include <condition_variable>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "proxy/address_budget.h"
#include "proxy/arrival.h"
#include "proxy/exchange.h"
#include "proxy/gateway.h"
#include "proxy/listening.h"
#include "proxy/live_streams.h"
#include "proxy/metrics.h"
#include "proxy/overload.h"
#include "proxy/settings.h"
#include "proxy/stations/assertions.h"
#include "proxy/stations/credentials.h"
#include "proxy/upstream/upstream_pool.h"

namespace sallyport::proxy {

class Listener;

class Worker final : private ConnectionOwner, private Arrival::Reception, private ExchangeServer {
 public:
  Worker(const GatewayParts& parts, AddressBudget& addresses, std::shared_ptr<const Settings> settings);
  ~Worker();

  void start(ExchangeServer& admin);  // the thread; it listens nowhere yet
  void join();
  Loop& loop() { return loop_; }

  // --- on the worker's own thread
  // decided: counted down once everything that is under way has been decided again.
  void adopt(std::shared_ptr<const policy::Snapshot> snapshot, std::latch& decided);
  void adopt(std::shared_ptr<const sso::AssertionKeys> keys) { assertions_.adopt(std::move(keys)); }
  // From here on it listens there and nowhere else. Connections live on; those of a listener that is not named any more
  // end after the exchange under way.
  void adopt(std::shared_ptr<const Settings> settings, std::vector<WorkerListener> listeners);
  void drain();
  size_t connections() const { return connections_.size() - admin_connections_; }  // the admin listener's do not count

  // --- for its listeners
  ConnectionHome home(const bool& draining);
  void accepted(Fd fd, const Endpoint& peer, Listener& listener);

  // --- for the stations
  const GatewayParts& parts() const { return parts_; }
  const std::shared_ptr<const policy::Snapshot>& snapshot() const { return snapshot_; }
  const Settings& settings() const { return *settings_; }  // until the next turn of the loop
  UpstreamPools& upstreams() { return upstreams_; }
  Credentials& credentials() { return credentials_; }
  Assertions& assertions() { return assertions_; }
  LiveStreams& live() { return live_; }
  std::string& out() { return out_; }
  Metrics& metrics() { return metrics_; }
  const Metrics& metrics() const { return metrics_; }
  RequestIds& ids() { return ids_; }
  const conf::Limits& limits() const { return limits_; }
  const std::string& gate_host() const { return settings_->gate_host; }
  bool durable() const { return settings_->durable; }

 private:
  struct Open {
    std::unique_ptr<ClientConnection> connection;
    Listener* listener;  // lives as long as its connections
    bool admin;          // what the listener was for when it was accepted
    bool one_too_many;   // it hears that there is no room
    AddressBudget::Place place{};
  };
  void remove(std::unique_ptr<Listener> listener);
  void drain_connections_of(const Listener& listener);
  bool admits(Arrival& arrival) override;
  void arrived(Arrival& arrival) override;
  void connection_over(ClientConnection& connection) override;
  void head_refused(const PeerAddress& peer, std::string_view request_id, int status, const char* why) override;
  void connection_refused(const PeerAddress& peer, const char* why) override;
  Task<void> serve(Exchange& exchange) override;

  const GatewayParts& parts_;
  AddressBudget& addresses_;
  std::shared_ptr<const Settings> settings_;
  conf::Limits limits_;  // of settings_, at an address that stays: connections look at them
  http::HeadLimits head_limits_;
  Loop loop_;
  std::string out_;
  BlockPool blocks_;
  HeldMemory memory_;
  Resolver resolver_;
  UpstreamPools upstreams_;
  Credentials credentials_;
  Assertions assertions_;
  LiveStreams live_;
  Metrics metrics_;
  RequestIds ids_;
  std::shared_ptr<const policy::Snapshot> snapshot_;
  ExchangeServer* admin_ = nullptr;
  OverloadServer overload_;
  ConnectionHome overload_home_;  // of connections that end after one exchange
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Listener>> removed_;  // closed, with connections that are not over
  std::unordered_map<const ClientConnection*, Open> connections_;
  size_t admin_connections_ = 0;
  size_t too_many_ = 0;  // of connections_
  std::thread thread_;
};

}  // namespace sallyport::proxy
