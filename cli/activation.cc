#include "cli/activation.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "cli/environment.h"

namespace sallyport::cli {
namespace {

int option_of(const Fd& fd, int level, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd.get(), level, option, &value, &size) == 0 ? value : -1;
}

// The path of a unix socket with a file.
std::optional<std::string> path_of(const sockaddr_storage& storage, socklen_t length) {
  const auto& address = reinterpret_cast<const sockaddr_un&>(storage);
  constexpr size_t kBegin = offsetof(sockaddr_un, sun_path);
  if (length <= kBegin || address.sun_path[0] == '\0') return std::nullopt;
  const std::string_view path(address.sun_path, length - kBegin);
  return std::string(path.substr(0, path.find('\0')));
}

Outcome<proxy::InheritedSocket> look_at(Fd fd, const std::string& name) {
  proxy::InheritedSocket out{.fd = std::move(fd), .name = name, .address = {}};
  const std::string which =
      "the socket " + name + " (descriptor " + std::to_string(out.fd.get()) + ") that was passed ";
  if (option_of(out.fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM || option_of(out.fd, SOL_SOCKET, SO_ACCEPTCONN) != 1)
    return failure(which + "is no listening stream socket");
  SocketAddress address;
  address.length = sizeof address.storage;
  if (::getsockname(out.fd.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0)
    return failure(which + "has no address");
  if (address.storage.ss_family == AF_UNIX) {
    auto path = path_of(address.storage, address.length);
    if (!path) return failure(which + "is a unix socket without a path");
    out.address = *std::move(path);
  } else if (address.storage.ss_family == AF_INET || address.storage.ss_family == AF_INET6) {
    if (address.storage.ss_family == AF_INET6 && option_of(out.fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
      return failure(which + "takes IPv4 as well; set BindIPv6Only=ipv6-only, and a socket of its own for IPv4");
    out.address = address.endpoint();
  } else {
    return failure(which + "is neither IP nor unix");
  }
  ::fcntl(out.fd.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(out.fd.get(), F_SETFL, ::fcntl(out.fd.get(), F_GETFL) | O_NONBLOCK);
  return out;
}

}  // namespace

Result<std::vector<std::string>> passed_socket_names(const char* process, const char* count, const char* names,
                                                     pid_t own) {
  if (process == nullptr || count == nullptr) return std::vector<std::string>{};
  const auto wanted = whole_number(process);
  if (!wanted) return malformed(Side::kSelf, "LISTEN_PID is no number");
  if (*wanted != static_cast<uint64_t>(own)) return std::vector<std::string>{};
  const auto sockets = whole_number(count);
  if (!sockets) return malformed(Side::kSelf, "LISTEN_FDS is no number");
  if (*sockets > kPassedSocketsMax) return fail(Code::kLimit, Side::kSelf, "LISTEN_FDS is too large");
  std::vector<std::string> out;
  std::string_view rest = names == nullptr ? "" : names;
  while (out.size() < *sockets) {
    const size_t end = std::min(rest.find(':'), rest.size());
    out.emplace_back(end == 0 ? "unknown" : rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

Outcome<std::vector<proxy::InheritedSocket>> take_passed_sockets() {
  const auto process = take_variable("LISTEN_PID");
  const auto count = take_variable("LISTEN_FDS");
  const auto given = take_variable("LISTEN_FDNAMES");
  const auto text = [](const std::optional<std::string>& value) { return value ? value->c_str() : nullptr; };
  const auto names = passed_socket_names(text(process), text(count), text(given), ::getpid());
  if (!names) return failure("cannot take the passed sockets", names.error());
  std::vector<proxy::InheritedSocket> out;
  for (size_t i = 0; i < names->size(); ++i) {
    auto socket = look_at(Fd(kFirstPassedSocket + static_cast<int>(i)), (*names)[i]);
    if (!socket) return std::unexpected(std::move(socket.error()));
    const auto same = [&socket](const proxy::InheritedSocket& other) { return other.address == socket->address; };
    if (std::ranges::any_of(out, same))
      return failure("two sockets for " + proxy::to_string(socket->address) + " were passed");
    out.push_back(*std::move(socket));
  }
  return out;
}

}  // namespace sallyport::cli
