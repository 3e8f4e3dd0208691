// Stream sockets with a path, of any length: the kernel's limit of 107 bytes is walked around through /proc/self/fd/N
// of the folder.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sallyport::cli {

// A listening socket, non-blocking, mode 0600; a file that was there is removed first (the caller holds the lock that
// says it is nobody's).   errors: kUnavailable.
Result<Fd> listen_unix(const std::string& path, int backlog);
// A connected, blocking socket.   errors: kNotFound nobody listens there, kUnavailable anything else.
Result<Fd> connect_unix(const std::string& path);
// The user id of the process at the other end; nothing when it cannot be told.
std::optional<uid_t> peer_user(int socket);

}  // namespace sallyport::cli
