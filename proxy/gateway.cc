#include "proxy/gateway.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <latch>
#include <mutex>

#include "proxy/admin.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

constexpr int kBacklog = 4096;

std::string errno_words(int error) {
  if (error == EADDRINUSE) return "is in use by another process";
  if (error == EACCES) return "needs a privilege this process does not have";
  if (error == EADDRNOTAVAIL) return "is not an address of this machine";
  return std::string("cannot be listened on: ") + std::strerror(error);
}

std::expected<Fd, int> open_inet(const Endpoint& endpoint, bool shared) {
  const SocketAddress address = SocketAddress::of(endpoint);
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return std::unexpected(errno);
  const int one = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (shared) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  if (address.storage.ss_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0)
    return std::unexpected(errno);
  return fd;
}

Endpoint bound_to(const Fd& fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length);
  return address.endpoint();
}

// One socket per worker on the same port. A first one without SO_REUSEPORT finds out whether somebody else listens there,
// which the shared ones would not notice.
std::expected<std::vector<Fd>, int> listen_inet(Endpoint& endpoint, size_t workers) {
  {
    auto probe = open_inet(endpoint, false);
    if (!probe) return std::unexpected(probe.error());
    if (::listen(probe->get(), 1) != 0) return std::unexpected(errno);
  }
  std::vector<Fd> out;
  for (size_t i = 0; i < workers; ++i) {
    auto fd = open_inet(endpoint, true);
    if (!fd) return std::unexpected(fd.error());
    if (i == 0) endpoint = bound_to(*fd);
    out.push_back(*std::move(fd));
  }
  return out;
}

std::expected<std::vector<Fd>, int> listen_unix(const std::string& path, size_t workers) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::unexpected(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
  {
    Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), raw, sizeof address) == 0) return std::unexpected(EADDRINUSE);
  }
  struct stat info;
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) ::unlink(path.c_str());  // left by a dead process
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::bind(fd.get(), raw, sizeof address) != 0) return std::unexpected(errno);
  std::vector<Fd> out;
  for (size_t i = 1; i < workers; ++i) out.emplace_back(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  out.push_back(std::move(fd));
  return out;
}

}  // namespace

struct Gateway::Inside {
  explicit Inside(GatewayParts given) : parts(std::move(given)), tickets(parts.clock) {}
  AdminFacts facts() const;

  const GatewayParts parts;
  TicketKeys tickets;
  std::vector<BoundListener> listeners;
  std::vector<std::string> unix_paths;
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<AdminServer> admin;
  std::atomic<bool> draining{false};
  mutable std::mutex snapshot_mutex;
  std::shared_ptr<const policy::Snapshot> snapshot;
};

AdminFacts Gateway::Inside::facts() const {
  AdminFacts out;
  out.ready = true;
  if (draining.load()) {
    out.ready = false;
    out.not_ready = "draining";
  } else if (!parts.audit.has_room()) {
    out.ready = false;
    out.not_ready = "the audit log has no room";
  }
  out.sessions = parts.sessions.size();
  out.tokens = parts.tokens.size();
  out.audit_entries = parts.audit.entries();
  const std::lock_guard lock(snapshot_mutex);
  out.resources = snapshot->resource_count();
  out.generation = snapshot->generation();
  return out;
}

Gateway::Gateway() = default;

std::expected<std::unique_ptr<Gateway>, Mistakes> Gateway::start(GatewayParts parts) {
  std::unique_ptr<Gateway> out(new Gateway);
  out->inside_ = std::make_unique<Inside>(std::move(parts));
  Inside& inside = *out->inside_;
  inside.snapshot = inside.parts.snapshot;
  const conf::NodeConfig& config = inside.parts.config;
  const auto count = static_cast<size_t>(config.workers);
  std::vector<std::vector<Worker::Socket>> sockets(count);
  Mistakes mistakes;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const conf::Listener& listener = config.listeners[i];
    const auto mistaken = [&](const std::string& key, const std::string& message, const char* code) {
      mistakes.push_back({"listeners[" + std::to_string(i) + "]." + key, message, code, config.file, listener.line});
    };
    std::string shown;
    std::expected<std::vector<Fd>, int> fds;
    if (const auto* path = std::get_if<std::string>(&listener.address)) {
      fds = listen_unix(*path, count);
      shown = "unix:" + *path;
      if (fds) inside.unix_paths.push_back(*path);
    } else {
      Endpoint endpoint = std::get<Endpoint>(listener.address);
      shown = endpoint.to_string();
      fds = listen_inet(endpoint, count);
      if (fds) shown = endpoint.to_string();
    }
    if (!fds) {
      mistaken("address", shown + " " + errno_words(fds.error()), "unavailable");
      continue;
    }
    inside.listeners.push_back({std::string(conf::to_string(listener.kind)), shown});
    for (size_t w = 0; w < count; ++w) {
      Worker::Socket socket{.fd = std::move((*fds)[w]), .listener = i, .tls = nullptr};
      if (listener.tls) {
        auto tls = ServerTls::open(*listener.tls, i, inside.tickets);
        if (!tls) {
          if (w == 0)
            for (Mistake& mistake : tls.error()) {
              mistake.file = config.file;
              mistake.line = listener.line;
              mistakes.push_back(std::move(mistake));
            }
          continue;
        }
        socket.tls = *std::move(tls);
      }
      sockets[w].push_back(std::move(socket));
    }
  }
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));

  inside.admin = std::make_unique<AdminServer>([&inside] { return inside.facts(); },
                                               [&inside] {
                                                 std::vector<const Metrics*> all;
                                                 for (const auto& worker : inside.workers) all.push_back(&worker->metrics());
                                                 return all;
                                               });
  for (auto& own : sockets) {
    for (const Worker::Socket& socket : own)
      if (::listen(socket.fd.get(), kBacklog) != 0)
        mistakes.push_back({"listeners[" + std::to_string(socket.listener) + "].address", errno_words(errno), "unavailable",
                            config.file, config.listeners[socket.listener].line});
    inside.workers.push_back(std::make_unique<Worker>(inside.parts, std::move(own)));
  }
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  for (const auto& worker : inside.workers) worker->start(*inside.admin);
  return out;
}

Gateway::~Gateway() {
  if (!inside_) return;
  for (const auto& worker : inside_->workers) worker->join();
  for (const std::string& path : inside_->unix_paths) ::unlink(path.c_str());
}

const std::vector<BoundListener>& Gateway::listeners() const { return inside_->listeners; }

void Gateway::publish(std::shared_ptr<const policy::Snapshot> snapshot) {
  {
    const std::lock_guard lock(inside_->snapshot_mutex);
    inside_->snapshot = snapshot;
  }
  std::latch adopted(static_cast<ptrdiff_t>(inside_->workers.size()));
  for (const auto& worker : inside_->workers)
    worker->loop().post([&worker = *worker, snapshot, &adopted] {
      worker.adopt(snapshot);
      adopted.count_down();
    });
  adopted.wait();
}

void Gateway::drain() {
  inside_->draining = true;
  // Asks each worker how many connections are left until there are none or the time is over.
  const Monotonic end = inside_->parts.clock.monotonic() + inside_->parts.config.limits.drain;
  for (const auto& worker : inside_->workers) worker->loop().post([&worker = *worker] { worker.drain(); });
  std::mutex mutex;
  std::condition_variable answered;
  for (;;) {
    size_t waiting = inside_->workers.size();
    size_t connections = 0;
    for (const auto& worker : inside_->workers)
      worker->loop().post([&, &worker = *worker] {
        const std::lock_guard lock(mutex);
        connections += worker.connections();
        --waiting;
        answered.notify_one();
      });
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return waiting == 0; });
    if (connections == 0 || inside_->parts.clock.monotonic() >= end) return;
    answered.wait_for(lock, std::chrono::milliseconds(20));
  }
}

}  // namespace sallyport::proxy
