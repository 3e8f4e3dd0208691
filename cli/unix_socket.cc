#include "cli/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sallyport::cli {
namespace {

struct Name {
  sockaddr_un address{};
  Fd folder;  // open as long as the address is used
};

Result<Name> name_of(const std::string& path) {
  Name name;
  std::string text = path;
  if (text.size() >= sizeof name.address.sun_path) {
    const std::filesystem::path whole(path);
    const std::string parent = whole.has_parent_path() ? whole.parent_path().string() : ".";
    name.folder = Fd(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!name.folder)
      return fail(errno == ENOENT ? Code::kNotFound : Code::kUnavailable, Side::kSelf, "no folder for the socket");
    text = "/proc/self/fd/" + std::to_string(name.folder.get()) + "/" + whole.filename().string();
  }
  if (text.empty() || text.size() >= sizeof name.address.sun_path)
    return fail(Code::kUnavailable, Side::kSelf, "the socket's name is too long");
  name.address.sun_family = AF_UNIX;
  std::memcpy(name.address.sun_path, text.data(), text.size());
  return name;
}

const sockaddr* any(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

}  // namespace

Result<Fd> listen_unix(const std::string& path, int backlog) {
  TRY(const Name name, name_of(path));
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail(Code::kUnavailable, Side::kSelf, "no more sockets");
  ::unlink(path.c_str());
  const mode_t before = ::umask(0177);
  const bool bound = ::bind(socket.get(), any(name.address), sizeof name.address) == 0;
  ::umask(before);
  if (!bound) return fail(Code::kUnavailable, Side::kSelf, "the control socket cannot be made in the store's folder");
  if (::listen(socket.get(), backlog) != 0)
    return fail(Code::kUnavailable, Side::kSelf, "the control socket cannot listen");
  return socket;
}

Result<Fd> connect_unix(const std::string& path) {
  TRY(const Name name, name_of(path));
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(Code::kUnavailable, Side::kSelf, "no more sockets");
  // A blocking connect waits while the backlog is full: bounded like every later step.
  const timeval limit{5, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(socket.get(), any(name.address), sizeof name.address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return fail(Code::kNotFound, Side::kSelf, "no gateway is running");
    return fail(Code::kUnavailable, Side::kSelf, "the gateway's control socket cannot be reached");
  }
  return socket;
}

std::optional<uid_t> peer_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

}  // namespace sallyport::cli
