#include "proxy/worker.h"

#include <pthread.h>

#include "proxy/listener.h"
#include "proxy/request_path.h"

namespace sallyport::proxy {

Worker::Worker(const GatewayParts& parts, std::vector<Socket> sockets)
    : parts_(parts),
      connections_max_(std::max<size_t>(1, parts.config.limits.connections / static_cast<size_t>(parts.config.workers))),
      loop_(parts.clock),
      resolver_(loop_, parts.config.resolvers),
      upstreams_(loop_, blocks_, resolver_, parts.log, parts.config.limits.upstream_connections),
      credentials_(parts.keys, parts.installation),
      live_(loop_, parts_),
      head_limits_{.head_bytes_max = std::min(parts.config.limits.head_bytes, kBlockBytes - 1),
                   .target_bytes_max = parts.config.limits.target_bytes,
                   .fields_max = std::min(parts.config.limits.headers, http::kFieldsMax),
                   .underscores = parts.config.limits.drop_underscores ? http::Underscores::kDrop
                                                                       : http::Underscores::kRefuse},
      home_{loop_, blocks_, out_, parts.config.limits, head_limits_, draining_, metrics_, ids_},
      snapshot_(parts.snapshot),
      sockets_(std::move(sockets)) {
  out_.reserve(2 * kBlockBytes);
}

Worker::~Worker() { join(); }

void Worker::start(ExchangeServer& admin) {
  admin_ = &admin;
  for (const Socket& socket : sockets_) listeners_.push_back(std::make_unique<Listener>(*this, socket));
  thread_ = std::thread([this] {
    loop_.run();
    listeners_.clear();
    connections_.clear();  // cancels what runs on them; their audit entries are written
  });
  pthread_setname_np(thread_.native_handle(), "worker");
}

void Worker::join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

void Worker::accepted(Fd fd, const Endpoint& peer, const Socket& socket) {
  std::unique_ptr<ByteChannel> channel;
  TlsChannel* tls = nullptr;
  if (socket.tls) {
    auto made = socket.tls->accept(std::move(fd));
    if (!made) return;
    tls = made.get();
    channel = std::move(made);
  } else {
    channel = std::make_unique<PlainChannel>(std::move(fd));
  }
  const bool admin = is_admin(socket);
  if (admin) ++admin_connections_;
  ExchangeServer& server = admin ? *admin_ : *this;
  auto connection = std::make_unique<Http1Connection>(home_, static_cast<Http1Connection::Owner&>(*this), server, std::move(channel), tls, peer);
  Http1Connection* const raw = connection.get();
  connections_.emplace(raw, std::move(connection));
  metrics_.connections_accepted.add();
  metrics_.connections_open.set(connections_.size());
  raw->start();
}

bool Worker::is_admin(const Socket& socket) const {
  return parts_.config.listeners[socket.listener].kind == conf::ListenerKind::kAdmin;
}

void Worker::connection_over(Http1Connection& connection) {
  if (connection.server() == admin_) --admin_connections_;
  connections_.erase(&connection);
  metrics_.connections_open.set(connections_.size());
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

void Worker::adopt(std::shared_ptr<const policy::Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  live_.decide_again(*snapshot_);
  credentials_.retire_others(*snapshot_);
  upstreams_.retire_others(*snapshot_);
}

void Worker::drain() {
  draining_ = true;
  for (size_t i = 0; i < listeners_.size(); ++i)
    if (!is_admin(sockets_[i])) listeners_[i]->stop();  // /live and /ready are answered to the end
  live_.end_tunnels();
  for (const auto& [raw, owned] : connections_) raw->drain();
}

}  // namespace sallyport::proxy
