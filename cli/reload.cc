// sallyport reload: the running gateway reads its configuration again; returns once that is in force.
#include <ostream>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/node_parts.h"

namespace sallyport::cli {

int run_reload(Terminal& terminal, const std::string& given) {
  const auto file = find_config(given);
  if (!file) return refuse(terminal, file.error());
  // Only to find the gateway, which reads the file itself and looks at more.
  const auto config = conf::read_node_config(*file);
  if (!config) return refuse(terminal, Failure{"nothing was changed", config.error()});
  const std::string socket = control_socket_path(config->storage.sqlite_path);
  const auto outcome = reload_gateway(socket);
  if (!outcome) return refuse(terminal, failure_of("cannot reload at " + socket, outcome.error()));
  if (!*outcome) {
    for (const std::string& line : outcome->error()) terminal.err << line << '\n';
    return refuse(terminal, {"nothing was changed"});
  }
  for (const std::string& key : (*outcome)->keys) warn(terminal, key + " needs a restart");
  return kDone;
}

}  // namespace sallyport::cli
