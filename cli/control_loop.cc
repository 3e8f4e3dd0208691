#include "cli/control_loop.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/reload.h"

namespace sallyport::cli {
namespace {

using namespace std::chrono_literals;
constexpr auto kLookEvery = 500ms;  // for what other processes committed without saying so
constexpr auto kWriteUsesEvery = 10s;
constexpr auto kSweepEvery = 60s;

}  // namespace

ControlLoop::ControlLoop(Loop& loop, Serving& serving, Log& log, Fd signals)
    : loop_(loop),
      serving_(serving),
      log_(log),
      signals_(std::move(signals)),
      signal_event_(loop, signals_.get(), *this),
      look_(loop, kLookEvery,
            [this] {
              serving_.follower().poke();
              serving_.watch_audit();
            }),
      write_uses_(loop, kWriteUsesEvery, [this] { serving_.write_uses(); }),
      sweep_(loop, kSweepEvery, [this] { serving_.sweep(); }),
      drain_thread_("drain", 1, 1) {
  server_.emplace(loop, serving.take_control(), static_cast<ControlActions&>(*this), log);
}

ControlLoop::~ControlLoop() { ::unlink(serving_.control_socket().c_str()); }

void ControlLoop::run() { loop_.run(); }

void ControlLoop::on_io(IoReady) {
  signalfd_siginfo got{};
  while (::read(signals_.get(), &got, sizeof got) == sizeof got) on_signal(got.ssi_signo);
}

void ControlLoop::on_signal(uint32_t number) {
  if (number == SIGHUP) return reload();
  // Entries of the audit log are in its file already, and the store is durable at each commit: nothing is lost by this.
  if (draining_) ::_exit(0);
  begin_drain();
}

void ControlLoop::begin_drain() {
  draining_ = true;
  log_.info("draining");
  drain_thread_.submit([this] {
    serving_.gateway().drain();
    loop_.stop();
  });
}

void ControlLoop::reload() {
  const auto wanted = conf::read_node_config(serving_.config().file);
  Mistakes mistakes = wanted ? conf::check_files(*wanted) : wanted.error();
  if (!mistakes.empty()) {
    nlohmann::json lines = nlohmann::json::array();
    for (const Mistake& mistake : mistakes) lines.push_back(to_line(mistake));
    log_.info_json("reload_failed", "mistakes", lines.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  log_.set_level(wanted->log_level);
  serving_.follower().poke();
  log_.info_json("reloaded", "restart_needed",
                 nlohmann::json(keys_that_need_restart(serving_.config(), *wanted)).dump());
}

}  // namespace sallyport::cli
