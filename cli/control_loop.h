// The main thread of `serve` once everything runs: signals, the control socket, what is due from time to time, and what
// the service manager hears of all that.
#pragma once

#include <atomic>
#include <optional>

#include "base/loop.h"
#include "cli/control_server.h"
#include "cli/periodic_job.h"
#include "cli/service_notify.h"
#include "cli/serving.h"

namespace sallyport::cli {

struct ServiceManager {
  ServiceNotify notify;
  std::optional<std::chrono::microseconds> watchdog;  // it ends us when it hears nothing for so long
};

class ControlLoop final : private IoHandler, private ControlActions {
 public:
  // signals: of take_signals().
  ControlLoop(Loop& loop, Serving& serving, Log& log, Fd signals, ServiceManager manager);
  ~ControlLoop() override;

  // Until SIGTERM or SIGINT came and everything was drained. A second one of them ends the process at once.
  void run();

 private:
  void on_io(IoReady ready) override;
  void on_signal(uint32_t number);
  void begin_drain();
  void begin_reload();
  ReloadOutcome reload_now();  // on the slow lane
  Offload<uint64_t> follow(Loop& home, uint64_t generation) override {
    return serving_.follower().follow(home, generation);
  }
  ControlStatus status() override { return serving_.status(); }
  Offload<ReloadOutcome> reload(Loop& home) override;

  Loop& loop_;
  Serving& serving_;
  Log& log_;
  Fd signals_;
  ServiceManager manager_;
  ReadEvent signal_event_;
  std::optional<ControlServer> server_;
  PeriodicJob look_;  // also at the audit log's health
  PeriodicJob write_uses_;
  PeriodicJob sweep_;
  std::optional<PeriodicJob> watchdog_;
  bool draining_ = false;
  std::atomic<bool> reload_waits_{false};
  // Reloads and the drain, one after the other. Last: joined before anything above goes.
  BlockingPool slow_lane_;
};

// [{"kind":"http","address":"127.0.0.1:8443"}], for the log.
std::string listeners_json(const proxy::Gateway& gateway);

}  // namespace sallyport::cli
