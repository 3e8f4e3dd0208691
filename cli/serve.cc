// sallyport serve: runs the gateway until it is told to stop.
#include "cli/activation.h"
#include "cli/commands.h"
#include "cli/control_loop.h"
#include "cli/process.h"
#include "proxy/tls/record_buffers.h"

namespace sallyport::cli {

int run_serve(Terminal& terminal, const std::string& given) {
  proxy::keep_record_buffers();
  auto passed = take_passed_sockets();
  if (!passed) return refuse(terminal, passed.error());
  ServiceManager manager{ServiceNotify::from_environment(), take_watchdog_interval()};
  auto config = load_config(given);
  if (!config) return refuse(terminal, config.error());
  settle_process();
  Fd signals = take_signals();
  if (!signals) return refuse(terminal, {"cannot take signals"});
  Log log(config->log_level);
  const SystemClock clock;
  Loop loop(clock);  // before everything that may still post to it
  auto serving = Serving::start(std::move(*config), std::move(*passed), log);
  if (!serving) return refuse(terminal, serving.error());
  std::optional<ControlLoop> control;
  control.emplace(loop, **serving, log, std::move(signals), std::move(manager));
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
