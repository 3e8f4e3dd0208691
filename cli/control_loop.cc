#include "cli/control_loop.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sallyport::cli {
namespace {

using namespace std::chrono_literals;
constexpr auto kLookEvery = 500ms;  // for what other processes committed without saying so
constexpr auto kWriteUsesEvery = 10s;
constexpr auto kSweepEvery = 60s;
constexpr size_t kSlowLaneMax = kControlConversationsMax + 8;

// Three signs of life fit into the time after which we would be given up.
std::chrono::milliseconds ping_every(std::chrono::microseconds watchdog) {
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(watchdog / 3), 1ms);
}

std::string json_of(const std::vector<std::string>& texts) {
  return nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string listeners_json(const proxy::Gateway& gateway) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const proxy::BoundListener& listener : gateway.listeners())
    out.push_back({{"kind", listener.kind}, {"address", listener.address}});
  return out.dump();
}

ControlLoop::ControlLoop(Loop& loop, Serving& serving, Log& log, Fd signals, ServiceManager manager)
    : loop_(loop),
      serving_(serving),
      log_(log),
      signals_(std::move(signals)),
      manager_(std::move(manager)),
      signal_event_(loop, signals_.get(), *this),
      look_(loop, kLookEvery,
            [this] {
              serving_.follower().poke();
              serving_.watch_audit();
              serving_.write_sign_in_attempts();
              serving_.tick_providers();
            }),
      write_uses_(loop, kWriteUsesEvery, [this] { serving_.write_uses(); }),
      sweep_(loop, kSweepEvery,
             [this] {
               serving_.sweep();
               serving_.look_for_token_ends();
               serving_.roll_keys_over();
             }),
      slow_lane_("slow lane", 1, kSlowLaneMax) {
  server_.emplace(loop, serving.take_control(), static_cast<ControlActions&>(*this), log);
  // This loop lives, or nothing is said; a worker that does not answer is as good as dead.
  if (manager_.watchdog)
    watchdog_.emplace(loop, ping_every(*manager_.watchdog), [this] {
      if (serving_.gateway().all_alive()) manager_.notify.alive();
    });
}

ControlLoop::~ControlLoop() { ::unlink(serving_.control_socket().c_str()); }

void ControlLoop::run() {
  manager_.notify.ready();
  loop_.run();
}

void ControlLoop::on_io(IoReady) {
  signalfd_siginfo got{};
  while (::read(signals_.get(), &got, sizeof got) == sizeof got) on_signal(got.ssi_signo);
}

void ControlLoop::on_signal(uint32_t number) {
  if (number == SIGHUP) return begin_reload();
  // Entries of the audit log are in its file already, and the store is durable at each commit: nothing is lost by this.
  if (draining_) ::_exit(0);
  begin_drain();
}

void ControlLoop::begin_drain() {
  draining_ = true;
  log_.info("draining");
  manager_.notify.stopping();
  slow_lane_.submit([this] {
    serving_.gateway().drain();
    loop_.stop();
  });
}

// A reload that has not begun reads the file as it is then: one of them is enough.
void ControlLoop::begin_reload() {
  if (draining_ || reload_waits_.exchange(true)) return;
  const bool queued = slow_lane_.submit([this] {
    reload_waits_ = false;
    [[maybe_unused]] const auto said_in_the_log = reload_now();
  });
  if (!queued) reload_waits_ = false;
}

Offload<ReloadOutcome> ControlLoop::reload(Loop& home) {
  return {slow_lane_, home, [this, ending = draining_]() -> Result<ReloadOutcome> {
            if (ending) return fail(Code::kUnavailable, Side::kSelf, "the gateway is ending");
            return reload_now();
          }};
}

ReloadOutcome ControlLoop::reload_now() {
  manager_.notify.reloading(loop_.clock().monotonic());
  auto outcome = serving_.reload();
  if (outcome)
    log_.info_json("reloaded",
                   {{"restart_needed", json_of(outcome->keys)}, {"listeners", listeners_json(serving_.gateway())}});
  else
    log_.error_json("reload_failed", {{"mistakes", json_of(outcome.error())}});
  manager_.notify.ready();
  return outcome;
}

}  // namespace sallyport::cli
