// What of a changed configuration can be taken while running: everything but storage, master_key, salt, gate, workers
// and audit, on which what is in memory rests.
#pragma once

#include <string>
#include <vector>

#include "conf/node_config.h"

namespace sallyport::cli {

// The keys of the file that differ from what serve was started with and need a restart, as they are called there.
std::vector<std::string> keys_that_need_restart(const conf::NodeConfig& started, const conf::NodeConfig& wanted);

// `wanted`, with the values of `started` under those keys.
conf::NodeConfig reloadable_part(const conf::NodeConfig& started, conf::NodeConfig wanted);

}  // namespace sallyport::cli
