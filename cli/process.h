// What `serve` asks of the operating system for its own process before it reads a secret or starts a thread.
#pragma once

#include "base/fd.h"

namespace sallyport::cli {

// No memory in core dumps, no tracing by other processes of the user, files for the user alone, as many descriptors as
// the hard limit allows, writing to a closed socket is an error and no signal.
void harden_process();

// SIGTERM, SIGINT and SIGHUP of this process as something to read (signalfd, non-blocking); blocked for every thread
// that is started later. Empty when the system refuses.
Fd take_signals();

}  // namespace sallyport::cli
