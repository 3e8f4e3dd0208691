#include "proxy/listening.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/shape.h"
#include "proxy/listening_socket.h"

namespace sallyport::proxy {
namespace {

std::string errno_words(int error) {
  if (error == EADDRINUSE) return "is in use by another process";
  if (error == EACCES) return "needs a privilege this process does not have";
  if (error == EADDRNOTAVAIL) return "is not an address of this machine";
  return std::string("cannot be listened on: ") + std::strerror(error);
}

Mistake mistake_at(const conf::NodeConfig& config, const std::string& path, std::string message, const char* code) {
  return {path, std::move(message), code, config.file, config.line_of(path)};
}

bool any_port(const ListenAddress& address) {
  const auto* const endpoint = std::get_if<Endpoint>(&address);
  return endpoint != nullptr && endpoint->port == 0;
}

}  // namespace

std::string to_string(const ListenAddress& address) {
  if (const auto* const path = std::get_if<std::string>(&address)) return "unix:" + *path;
  return std::get<Endpoint>(address).to_string();
}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

SocketFile::~SocketFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

// For each listener of the configuration the place it has already, or null. First those that name it, then those that
// take any port.
std::vector<const Listening::Place*> Listening::who_stays(const conf::NodeConfig& config) const {
  std::vector<const Place*> out(config.listeners.size());
  const auto claim = [&](size_t i, const auto& fits) {
    const auto place = std::ranges::find_if(
        places_, [&](const Place& each) { return fits(each) && std::ranges::find(out, &each) == out.end(); });
    if (place != places_.end()) out[i] = &*place;
  };
  for (size_t i = 0; i < out.size(); ++i)
    claim(i, [&](const Place& place) { return place.real == config.listeners[i].address; });
  for (size_t i = 0; i < out.size(); ++i)
    if (out[i] == nullptr && any_port(config.listeners[i].address))
      claim(i, [&](const Place& place) { return place.configured == config.listeners[i].address; });
  return out;
}

// A socket of ours on that port is no stranger's, whatever its address: it stays open beside the new one.
bool Listening::port_is_ours(const Endpoint& wanted) const {
  return std::ranges::any_of(places_, [&wanted](const Place& place) {
    const auto* const endpoint = std::get_if<Endpoint>(&place.real);
    return endpoint != nullptr && endpoint->port == wanted.port;
  });
}

std::expected<std::vector<Fd>, int> Listening::open(Place& place) const {
  const auto given = std::ranges::find_if(
      inherited_, [&place](const InheritedSocket& socket) { return socket.address == place.configured; });
  if (given != inherited_.end()) return copies_of(given->fd, workers_);
  if (const auto* const path = std::get_if<std::string>(&place.configured)) {
    auto fds = bind_unix(*path, workers_);
    if (fds) place.file = SocketFile(*path);
    return fds;
  }
  auto& endpoint = std::get<Endpoint>(place.real);
  return bind_inet(endpoint, workers_, port_is_ours(endpoint) ? Strangers::kKnownAbsent : Strangers::kLookFor);
}

std::expected<Listening::Next, Mistakes> Listening::prepare(const conf::NodeConfig& config) {
  Next next;
  next.of_worker.resize(workers_);
  Mistakes mistakes;
  const bool first = places_.empty();
  const std::vector<const Place*> stays = who_stays(config);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const conf::Listener& listener = config.listeners[i];
    const std::string path = join_path("listeners", i);
    const Place* const from = stays[i];
    Place place{.id = from != nullptr ? from->id : ++last_id_,
                .configured = listener.address,
                .real = from != nullptr ? from->real : listener.address,
                .kind = listener.kind,
                .file = {}};
    std::vector<Fd> fds(workers_);
    if (from == nullptr) {
      auto opened = open(place);
      if (opened) {
        fds = std::move(*opened);
      } else {
        mistakes.push_back(mistake_at(config, path + ".address",
                                      to_string(listener.address) + " " + errno_words(opened.error()), "unavailable"));
      }
    }
    for (size_t w = 0; w < workers_; ++w) {
      WorkerListener own{.id = place.id,
                         .kind = listener.kind,
                         .proxy_protocol = listener.proxy_protocol,
                         .tls = std::nullopt,
                         .fd = std::move(fds[w])};
      if (listener.tls) {
        auto tls = ServerTls::open(*listener.tls, i, tickets_);
        if (!tls) {
          for (const Mistake& each : tls.error())
            mistakes.push_back(mistake_at(config, each.path, each.message, each.code.c_str()));
          break;  // the other workers would say the same
        }
        own.tls = std::move(*tls);
      }
      next.of_worker[w].push_back(std::move(own));
    }
    next.places.push_back(std::move(place));
  }
  for (const InheritedSocket& socket : inherited_)
    if (first &&
        std::ranges::none_of(config.listeners, [&](const auto& each) { return each.address == socket.address; }))
      mistakes.push_back(mistake_at(config, "listeners",
                                    "none of them has the address " + to_string(socket.address) + " of the socket " +
                                        socket.name + " that the service manager passed",
                                    "conflict"));
  // Only now, so that nobody is let in to what does not come into force.
  if (mistakes.empty()) {
    for (const auto& own : next.of_worker)
      for (size_t i = 0; i < own.size(); ++i)
        if (own[i].fd && !listen_on(own[i].fd) && mistakes.empty())
          mistakes.push_back(mistake_at(config, join_path("listeners", i) + ".address",
                                        to_string(next.places[i].real) + " " + errno_words(errno), "unavailable"));
  }
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  return next;
}

void Listening::settle(Next next) {
  for (Place& place : next.places) {
    const auto before = std::ranges::find(places_, place.id, &Place::id);
    if (before != places_.end()) place.file = std::move(before->file);
  }
  places_ = std::move(next.places);
}

std::vector<BoundListener> Listening::bound() const {
  std::vector<BoundListener> out;
  for (const Place& place : places_) out.push_back({std::string(conf::to_string(place.kind)), to_string(place.real)});
  return out;
}

}  // namespace sallyport::proxy
