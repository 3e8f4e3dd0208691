// sallyport serve: runs the gateway until it is told to stop.
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/control_loop.h"
#include "cli/process.h"
#include "proxy/tls/record_buffers.h"

namespace sallyport::cli {
namespace {

std::string listeners_json(const proxy::Gateway& gateway) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const proxy::BoundListener& listener : gateway.listeners())
    out.push_back({{"kind", listener.kind}, {"address", listener.address}});
  return out.dump();
}

}  // namespace

int run_serve(Terminal& terminal, const std::string& given) {
  proxy::keep_record_buffers();
  auto config = load_config(given);
  if (!config) return refuse(terminal, config.error());
  settle_process();
  Fd signals = take_signals();
  if (!signals) return refuse(terminal, {"cannot take signals"});
  Log log(config->log_level);
  const SystemClock clock;
  Loop loop(clock);  // before everything that may still post to it
  auto serving = Serving::start(std::move(*config), log);
  if (!serving) return refuse(terminal, serving.error());
  std::optional<ControlLoop> control;
  control.emplace(loop, **serving, log, std::move(signals));
  if (!secret_arena_use().locked)
    log.warning("secret_memory_not_locked", {{"hint", "raise RLIMIT_MEMLOCK, or secrets may reach the swap"}});
  log.info_json("ready", "listeners", listeners_json((*serving)->gateway()));
  control->run();
  (*serving)->write_last_uses();
  control.reset();
  serving->reset();
  log.info("stopped");
  return kDone;
}

}  // namespace sallyport::cli
