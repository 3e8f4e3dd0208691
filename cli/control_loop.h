// The main thread of `serve` once everything runs: signals, the control socket, and what is due from time to time.
#pragma once

#include <optional>

#include "base/loop.h"
#include "cli/control_server.h"
#include "cli/periodic_job.h"
#include "cli/serving.h"

namespace sallyport::cli {

class ControlLoop final : private IoHandler, private ControlActions {
 public:
  // signals: of take_signals().
  ControlLoop(Loop& loop, Serving& serving, Log& log, Fd signals);
  ~ControlLoop();

  // Until SIGTERM or SIGINT came and everything was drained. A second one of them ends the process at once.
  void run();

 private:
  void on_io(IoReady ready) override;
  void on_signal(uint32_t number);
  void begin_drain();
  void reload();
  Offload<uint64_t> follow(Loop& home, uint64_t generation) override {
    return serving_.follower().follow(home, generation);
  }
  ControlStatus status() override { return serving_.status(); }

  Loop& loop_;
  Serving& serving_;
  Log& log_;
  Fd signals_;
  ReadEvent signal_event_;
  std::optional<ControlServer> server_;
  PeriodicJob look_;  // also at the audit log's health
  PeriodicJob write_uses_;
  PeriodicJob sweep_;
  bool draining_ = false;
  BlockingPool drain_thread_;  // last: joined before anything above goes
};

}  // namespace sallyport::cli
