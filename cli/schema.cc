// sallyport schema: the JSON Schema of a resource kind or of the configuration.
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/store_lookup.h"
#include "conf/node_config.h"
#include "policy/resource.h"

namespace sallyport::cli {

int run_schema(Terminal& terminal, const std::string& word) {
  if (word == "configuration") {
    terminal.out << conf::configuration_schema().dump(2) << '\n';
    return kDone;
  }
  const auto kind = read_kind(word);
  if (!kind) return refuse(terminal, {kind.error().message + "; or `configuration`"});
  terminal.out << policy::resource_schema(*kind).dump(2) << '\n';
  return kDone;
}

}  // namespace sallyport::cli
