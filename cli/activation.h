// Socket activation (sd_listen_fds(3)): the listening sockets that the service manager has opened for us and passes
// from descriptor 3 on.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/terminal.h"
#include "proxy/listening.h"

namespace sallyport::cli {

constexpr int kFirstPassedSocket = 3;
constexpr size_t kPassedSocketsMax = 64;  // as many as there can be listeners

// The names of the passed sockets in their order, "unknown" for one without; none when they are for another process.
// $LISTEN_PID, $LISTEN_FDS and $LISTEN_FDNAMES as they stand in the environment, null when unset.
// errors: kMalformed a number that is none, kLimit too many.
Result<std::vector<std::string>> passed_socket_names(const char* process, const char* count, const char* names,
                                                     pid_t own);

// The sockets themselves, once: the variables are gone afterwards. Call it before anything else opens a descriptor.
// errors: a number that is none; a descriptor that is no listening stream socket; one for IPv6 that takes IPv4 as well.
Outcome<std::vector<proxy::InheritedSocket>> take_passed_sockets();

}  // namespace sallyport::cli
