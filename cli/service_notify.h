// What serve tells the service manager (sd_notify(3)): one datagram of KEY=VALUE lines for each change of state.
// Without $NOTIFY_SOCKET nobody is told. Never waits.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace sallyport::cli {

class ServiceNotify {
 public:
  // socket: a path, or "@NAME" for an abstract one. Empty, anything else, or one that nobody listens at: nobody is
  // told.
  explicit ServiceNotify(std::string socket) : socket_(std::move(socket)) {}
  // $NOTIFY_SOCKET, which is taken out of the environment: it is not for the programs we start.
  static ServiceNotify from_environment();

  void ready() const { tell("READY=1"); }
  void reloading(Monotonic now) const { tell(reloading_message(now)); }  // until the next ready()
  void stopping() const { tell("STOPPING=1"); }
  void alive() const { tell("WATCHDOG=1"); }

  static std::string reloading_message(Monotonic now);

 private:
  void tell(const std::string& message) const;
  std::string socket_;
};

constexpr uint64_t kWatchdogMicrosecondsMax = uint64_t{24} * 3600 * 1'000'000;
// How often the manager wants to hear that we live, if it does: $WATCHDOG_USEC, when $WATCHDOG_PID is `own` or unset.
// Null for what is unset.
std::optional<std::chrono::microseconds> watchdog_interval(const char* microseconds, const char* process, pid_t own);
// The same of the environment, from which it is taken out.
std::optional<std::chrono::microseconds> take_watchdog_interval();

}  // namespace sallyport::cli
