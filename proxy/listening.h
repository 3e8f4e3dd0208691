// Where the gateway listens. A configuration is prepared as a whole: every certificate is loaded and every new socket
// is open before anything changes, and the sockets of listeners that stay are never touched, since closing one of them
// would lose the connections that wait in it.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"
#include "base/mistake.h"
#include "conf/node_config.h"
#include "proxy/tls/server_tls.h"

namespace sallyport::proxy {

using ListenAddress = std::variant<Endpoint, std::string>;  // or the path of a unix socket
std::string to_string(const ListenAddress& address);        // "127.0.0.1:8443", "unix:/run/x.sock"

// A socket that somebody else has bound and listens on, for us to accept from: the service manager.
struct InheritedSocket {
  Fd fd;
  std::string name;  // for people
  ListenAddress address;
};

struct BoundListener {
  std::string kind;     // "http", "admin"
  std::string address;  // "127.0.0.1:8443" with the real port
};

// What one worker does with one listener.
struct WorkerListener {
  uint64_t id;  // stays as long as the listener does
  conf::ListenerKind kind;
  bool proxy_protocol;           // connections begin with its header
  std::optional<ServerTls> tls;  // nothing: plain
  Fd fd;                         // a new socket, listening; empty: the worker has that of this id
};

// The file of a unix socket; removed when nobody listens there any more.
class SocketFile {
 public:
  SocketFile() = default;
  explicit SocketFile(std::string path) : path_(std::move(path)) {}
  SocketFile(SocketFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile();

 private:
  std::string path_;  // empty: nothing to remove
};

class Listening {
  struct Place {
    uint64_t id;
    ListenAddress configured;  // port 0 stays 0
    ListenAddress real;
    conf::ListenerKind kind;
    SocketFile file;
  };

 public:
  // A configuration that can come into force: nothing of it can fail any more. Dropping it undoes it.
  class Next {
   public:
    std::vector<std::vector<WorkerListener>> of_worker;  // each with all listeners, to be moved to the workers

   private:
    friend class Listening;
    std::vector<Place> places;
  };

  Listening(size_t workers, TicketKeys& tickets, std::vector<InheritedSocket> inherited)
      : workers_(workers), tickets_(tickets), inherited_(std::move(inherited)) {}

  // A listener is the one from before when its address is, or its real one, or both say port 0 of one address.
  // errors: every mistake: unreadable or mismatched key and certificate, an address in use, at the first time also an
  // inherited socket that no listener asks for.   cost: reads every certificate once for each worker; blocking.
  std::expected<Next, Mistakes> prepare(const conf::NodeConfig& config);
  // The workers have taken `next`, and closed what it does not name.
  void settle(Next next);

  std::vector<BoundListener> bound() const;

 private:
  std::vector<const Place*> who_stays(const conf::NodeConfig& config) const;
  std::expected<std::vector<Fd>, int> open(Place& place) const;
  bool port_is_ours(const Endpoint& wanted) const;

  const size_t workers_;
  TicketKeys& tickets_;
  const std::vector<InheritedSocket> inherited_;  // kept, so that a listener can come back
  std::vector<Place> places_;
  uint64_t last_id_ = 0;
};

}  // namespace sallyport::proxy
