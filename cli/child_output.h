// The standard output of `/bin/sh -c COMMAND`, straight into secret memory. The command's standard error stays the
// terminal's, so that it can complain or ask.
#pragma once

#include <chrono>
#include <string>

#include "base/secret.h"
#include "cli/terminal.h"

namespace sallyport::cli {

// errors: it could not be started, ended with another status than 0, wrote more than bytes_max, or took longer than
// `limit` (then it is killed, with everything it started in its process group).
Outcome<SecretBytes> child_output(const std::string& command, size_t bytes_max, std::chrono::milliseconds limit);

}  // namespace sallyport::cli
