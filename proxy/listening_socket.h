// Listening sockets, one for each worker. Between binding and listening nobody can connect yet.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"

namespace sallyport::proxy {

constexpr int kBacklog = 4096;

// Does another process listen there? Sockets that share a port (SO_REUSEPORT) would not notice.
enum class Strangers : uint8_t { kLookFor, kKnownAbsent };

// All on one port, each with a queue of its own; IPv6 addresses are for IPv6 alone. endpoint: port 0 becomes the real
// one. errors: an errno.
std::expected<std::vector<Fd>, int> bind_inet(Endpoint& endpoint, size_t count, Strangers strangers);
// All on one queue. A file that a dead process left at `path` is taken over.   errors: an errno.
std::expected<std::vector<Fd>, int> bind_unix(const std::string& path, size_t count);
// All on the queue of `socket`.
std::expected<std::vector<Fd>, int> copies_of(const Fd& socket, size_t count);

// False, and errno: another socket was faster. Also for one that listens already.
bool listen_on(const Fd& socket);

}  // namespace sallyport::proxy
