#include "proxy/worker.h"

#include <pthread.h>

#include <algorithm>

#include "proxy/codec/http1_connection.h"
#include "proxy/codec/http2_connection.h"
#include "proxy/listener.h"
#include "proxy/request_path.h"
#include "proxy/tls/tls_channel.h"

namespace sallyport::proxy {
namespace {

constexpr bool kEnding = true;

// The same snapshot with a count of references of this worker's own: every request takes one, and a count that all
// workers share would be the one cache line they fight for.
std::shared_ptr<const policy::Snapshot> counted_here(std::shared_ptr<const policy::Snapshot> shared) {
  const policy::Snapshot* const snapshot = shared.get();
  return {snapshot, [shared = std::move(shared)](const policy::Snapshot*) {}};
}

}  // namespace

Worker::Worker(const GatewayParts& parts, AddressBudget& addresses, std::shared_ptr<const Settings> settings)
    : parts_(parts),
      addresses_(addresses),
      settings_(std::move(settings)),
      limits_(settings_->limits),
      head_limits_(settings_->head_limits),
      loop_(parts.clock),
      memory_(limits_.http2_memory),
      resolver_(loop_, settings_->resolvers),
      upstreams_(loop_, blocks_, memory_, resolver_, parts.log,
                 {.idle = limits_.upstream_connections, .open = settings_->shares.upstream_open}),
      credentials_(parts.keys, parts.installation),
      assertions_(parts.assertion_keys),
      live_(loop_, parts_),
      snapshot_(counted_here(parts.snapshot)),
      overload_(loop_),
      overload_home_(home(kEnding)) {
  out_.reserve(2 * kBlockBytes);
  loop_.observe_delay([this](std::chrono::microseconds late) { metrics_.loop_delay.add(late); });
}

Worker::~Worker() { join(); }

void Worker::start(ExchangeServer& admin) {
  admin_ = &admin;
  thread_ = std::thread([this] {
    loop_.run();
    connections_.clear();  // cancels what runs on them; their audit entries are written
    removed_.clear();
    listeners_.clear();
  });
  pthread_setname_np(thread_.native_handle(), "worker");
}

void Worker::join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

// --- connections

ConnectionHome Worker::home(const bool& draining) {
  return {loop_, blocks_, out_, limits_, head_limits_, draining, metrics_, ids_, memory_};
}

void Worker::accepted(Fd fd, const Endpoint& peer, Listener& listener) {
  const size_t most = settings_->connections_max;
  const bool one_too_many = connections_.size() - too_many_ >= most;
  if (one_too_many && too_many_ >= too_many_told(most)) return metrics_.connections_refused.add();
  auto arrival =
      std::make_unique<Arrival>(listener, static_cast<ConnectionOwner&>(*this), static_cast<Arrival::Reception&>(*this),
                                std::move(fd), peer, settings_->trusted_proxies);
  Arrival& raw = *arrival;
  const bool admin = listener.kind() == conf::ListenerKind::kAdmin;
  connections_.emplace(&raw, Open{std::move(arrival), &listener, admin, one_too_many});
  if (admin) ++admin_connections_;
  if (one_too_many) ++too_many_;
  ++listener.connections;
  metrics_.connections_accepted.add();
  metrics_.connections_open.set(connections_.size());
  raw.start();
}

// A proxy that is trusted stands for many clients: it is not counted unless it says for whom it connects. Neither is
// the other end of a unix socket, which has no address.
bool Worker::admits(Arrival& arrival) {
  const IpAddress& client = arrival.peer().address;
  if (client == IpAddress() || contains(settings_->trusted_proxies, client)) return true;
  auto place = addresses_.enter(client, settings_->address_limits, loop_.now());
  if (!place) {
    metrics_.addresses_refused.add();
    return false;
  }
  connections_.find(&arrival)->second.place = *std::move(place);
  return true;
}

void Worker::arrived(Arrival& arrival) {
  auto open = connections_.extract(&arrival);
  Open& entry = open.mapped();
  if (entry.one_too_many) metrics_.connections_refused.add();
  ExchangeServer& server = entry.admin ? *admin_ : entry.one_too_many ? overload_ : static_cast<ExchangeServer&>(*this);
  ConnectionHome& home = entry.one_too_many ? overload_home_ : entry.listener->home();
  auto& owner = static_cast<ConnectionOwner&>(*this);
  TlsChannel* const tls = arrival.tls();
  std::unique_ptr<ClientConnection> connection;
  if (tls != nullptr && tls->speaks_http2())
    connection = std::make_unique<Http2Connection>(home, owner, server, arrival.take_channel(), *tls, arrival.peer());
  else
    connection = std::make_unique<Http1Connection>(home, owner, server, arrival.take_channel(), tls, arrival.peer());
  ClientConnection& raw = *connection;
  entry.connection = std::move(connection);  // the arrival is over
  open.key() = &raw;
  connections_.insert(std::move(open));
  raw.start();
}

void Worker::connection_over(ClientConnection& connection) {
  const auto open = connections_.find(&connection);
  Listener* const listener = open->second.listener;
  if (open->second.admin) --admin_connections_;
  if (open->second.one_too_many) --too_many_;
  connections_.erase(open);
  if (--listener->connections == 0)
    std::erase_if(removed_, [listener](const auto& each) { return each.get() == listener; });
  metrics_.connections_open.set(connections_.size());
}

void Worker::connection_refused(const PeerAddress& peer, const char* why) {
  parts_.log.info("connection_refused", {{"reason", why}, {"client", peer.endpoint.address.to_string()}});
}

void Worker::head_refused(const PeerAddress& peer, std::string_view request_id, int status, const char* why) {
  const IpAddress client = peer.endpoint.address;
  parts_.log.info("request_refused",
                  {{"status", status}, {"reason", why}, {"client", client.to_string()}, {"request_id", request_id}});
  auto slot = parts_.audit.reserve();
  if (!slot) return metrics_.audit_full.add();
  storage::AccessEvent event;
  event.at = loop_.wall();
  event.request_id = request_id;
  event.client = client;
  event.outcome = "refused";
  event.reason = why;
  event.status = status;
  parts_.audit.record(*std::move(slot), event);
}

Task<void> Worker::serve(Exchange& exchange) { return proxy::serve(exchange, *this); }

void Worker::adopt(std::shared_ptr<const policy::Snapshot> snapshot, std::latch& decided) {
  snapshot_ = counted_here(std::move(snapshot));
  live_.decide_again(snapshot_, decided);
  credentials_.retire_others(*snapshot_);
  upstreams_.retire_others(*snapshot_);
}

// --- what listens

void Worker::adopt(std::shared_ptr<const Settings> settings, std::vector<WorkerListener> listeners) {
  if (settings->resolvers != settings_->resolvers) resolver_.use_servers(settings->resolvers);
  settings_ = std::move(settings);
  limits_ = settings_->limits;
  head_limits_ = settings_->head_limits;
  upstreams_.set_limits({.idle = limits_.upstream_connections, .open = settings_->shares.upstream_open});
  auto before = std::exchange(listeners_, {});
  for (WorkerListener& wanted : listeners) {
    const auto same = std::ranges::find_if(before, [&](const auto& each) { return each && each->id() == wanted.id; });
    if (same == before.end()) {
      listeners_.push_back(std::make_unique<Listener>(*this, std::move(wanted)));
    } else {
      (*same)->change(std::move(wanted));
      listeners_.push_back(std::move(*same));
    }
  }
  for (auto& gone : before)
    if (gone) remove(std::move(gone));
}

void Worker::remove(std::unique_ptr<Listener> listener) {
  listener->begin_drain();
  drain_connections_of(*listener);
  listener->close();
  if (listener->connections > 0) removed_.push_back(std::move(listener));
}

void Worker::drain_connections_of(const Listener& listener) {
  for (const auto& [_, open] : connections_)
    if (open.listener == &listener) open.connection->drain();
}

void Worker::drain() {
  live_.end_tunnels();
  for (const auto& listener : listeners_) {
    if (listener->kind() == conf::ListenerKind::kAdmin) continue;  // /live and /ready are answered to the end
    listener->begin_drain();
    drain_connections_of(*listener);
    listener->close();
  }
}

}  // namespace sallyport::proxy
