// What the program asks of the operating system for its own process before it reads a secret or starts a thread.
#pragma once

#include <cstddef>

#include "base/fd.h"

namespace sallyport::cli {

// Every command: no memory in core dumps, no tracing by other processes of the user.
void hide_memory();
// `serve`: files for the user alone, as many descriptors as the hard limit allows, and writing to a closed socket is an
// error and no signal.
void settle_process();
// How many descriptors this process may have.
size_t descriptors_allowed();

// SIGTERM, SIGINT and SIGHUP of this process as something to read (signalfd, non-blocking); blocked for every thread
// that is started later. Empty when the system refuses.
Fd take_signals();

}  // namespace sallyport::cli
