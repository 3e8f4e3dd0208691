#include "proxy/listening_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sallyport::proxy {
namespace {

enum class Port : uint8_t { kAlone, kShared };

std::expected<Fd, int> open_inet(const Endpoint& endpoint, Port port) {
  const SocketAddress address = SocketAddress::of(endpoint);
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return std::unexpected(errno);
  const int one = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (port == Port::kShared) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
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

}  // namespace

std::expected<std::vector<Fd>, int> bind_inet(Endpoint& endpoint, size_t count, Strangers strangers) {
  if (strangers == Strangers::kLookFor) {
    auto probe = open_inet(endpoint, Port::kAlone);
    if (!probe) return std::unexpected(probe.error());
    if (::listen(probe->get(), 1) != 0) return std::unexpected(errno);
  }
  std::vector<Fd> out;
  for (size_t i = 0; i < count; ++i) {
    auto fd = open_inet(endpoint, Port::kShared);
    if (!fd) return std::unexpected(fd.error());
    if (i == 0) endpoint = bound_to(*fd);
    out.push_back(*std::move(fd));
  }
  return out;
}

std::expected<std::vector<Fd>, int> bind_unix(const std::string& path, size_t count) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::unexpected(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
  {
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), raw, sizeof address) == 0) return std::unexpected(EADDRINUSE);
  }
  struct stat info;
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) ::unlink(path.c_str());
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::bind(fd.get(), raw, sizeof address) != 0) return std::unexpected(errno);
  return copies_of(fd, count);
}

std::expected<std::vector<Fd>, int> copies_of(const Fd& socket, size_t count) {
  std::vector<Fd> out;
  for (size_t i = 0; i < count; ++i) {
    out.emplace_back(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    if (!out.back()) return std::unexpected(errno);
  }
  return out;
}

bool listen_on(const Fd& socket) { return ::listen(socket.get(), kBacklog) == 0; }

}  // namespace sallyport::proxy
