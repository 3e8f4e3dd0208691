// sallyport check: every mistake of the configuration and of the files it names, at once.
#include <algorithm>
#include <iterator>
#include <ostream>

#include "cli/commands.h"
#include "cli/master_key.h"
#include "cli/node_parts.h"
#include "proxy/tls/certificate_worries.h"
#include "proxy/tls/server_tls.h"

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

// The certificates and keys of the listeners, by the code that serves with them.
Mistakes check_tls(const conf::NodeConfig& config) {
  const SystemClock clock;
  proxy::TicketKeys tickets(clock);
  Mistakes out;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    if (!config.listeners[i].tls) continue;
    auto opened = proxy::ServerTls::open(*config.listeners[i].tls, i, tickets);
    if (!opened) std::ranges::move(opened.error(), std::back_inserter(out));
  }
  for (Mistake& mistake : out) {
    mistake.file = config.file;
    mistake.line = config.line_of(mistake.path);
  }
  return out;
}

}  // namespace

int run_check(Terminal& terminal, const std::string& given) {
  const auto config = load_config(given);
  if (!config) return refuse(terminal, config.error());
  Failure all{"", check_tls(*config)};
  if (const auto keys = check_master_keys(*config); !keys) all.message = keys.error().message;
  if (!all.message.empty() || !all.mistakes.empty()) return refuse(terminal, all);
  for (const Mistake& worry : proxy::certificate_worries(*config, SystemClock().wall())) warn(terminal, to_line(worry));
  terminal.out << config->file << ": ok\n";
  return kDone;
}

}  // namespace sallyport::cli
