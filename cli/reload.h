// What of a changed configuration can be taken while running. In this version: the log level.
#pragma once

#include <string>
#include <vector>

#include "conf/node_config.h"

namespace sallyport::cli {

// The keys of the file that differ and need a restart, as they are called there.
std::vector<std::string> keys_that_need_restart(const conf::NodeConfig& running, const conf::NodeConfig& wanted);

}  // namespace sallyport::cli
