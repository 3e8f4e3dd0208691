// Reads the command line and runs the command it names. The only place that knows CLI11.
#pragma once

#include "cli/terminal.h"

namespace sallyport::cli {

// returns: the exit code.
int run(int argc, char** argv, Terminal& terminal);

}  // namespace sallyport::cli
