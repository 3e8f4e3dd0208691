// sallyport check: every mistake of the configuration and of the files it names, at once.
#include <ostream>

#include "cli/commands.h"
#include "cli/master_key.h"
#include "cli/node_parts.h"

namespace sallyport::cli {
namespace {

// What a key file holds; a variable or a command may only be there where the gateway runs.
Outcome<void> check_master_keys(const conf::NodeConfig& config) {
  Failure all;
  for (const conf::MasterKeySource& source : config.master_keys) {
    if (source.from != conf::MasterKeyFrom::kFile) continue;
    if (const auto key = read_master_key(source); !key)
      all.message += (all.message.empty() ? "" : "\n") + key.error().message;
  }
  if (!all.message.empty()) return std::unexpected(std::move(all));
  return {};
}

}  // namespace

int run_check(Terminal& terminal, const std::string& given) {
  const auto config = load_config(given);
  if (!config) return refuse(terminal, config.error());
  if (const auto keys = check_master_keys(*config); !keys) return refuse(terminal, keys.error());
  terminal.out << config->file << ": ok\n";
  return kDone;
}

}  // namespace sallyport::cli
