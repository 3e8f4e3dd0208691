#include "cli/service_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/fd.h"
#include "cli/environment.h"

namespace sallyport::cli {

ServiceNotify ServiceNotify::from_environment() { return ServiceNotify(take_variable("NOTIFY_SOCKET").value_or("")); }

void ServiceNotify::tell(const std::string& message) const {
  sockaddr_un address{};
  if (socket_.size() < 2 || socket_.size() >= sizeof address.sun_path || (socket_[0] != '/' && socket_[0] != '@'))
    return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';  // unix(7): the name is as long as the address says
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  [[maybe_unused]] const auto sent = ::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(&address), length);
}

std::string ServiceNotify::reloading_message(Monotonic now) {
  const auto since_boot = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(since_boot.count());
}

std::optional<std::chrono::microseconds> watchdog_interval(const char* microseconds, const char* process, pid_t own) {
  if (microseconds == nullptr) return std::nullopt;
  if (process != nullptr && whole_number(process) != static_cast<uint64_t>(own)) return std::nullopt;
  const auto interval = whole_number(microseconds);
  if (!interval || *interval == 0 || *interval > kWatchdogMicrosecondsMax) return std::nullopt;
  return std::chrono::microseconds(*interval);
}

std::optional<std::chrono::microseconds> take_watchdog_interval() {
  const auto interval = take_variable("WATCHDOG_USEC");
  const auto process = take_variable("WATCHDOG_PID");
  return watchdog_interval(interval ? interval->c_str() : nullptr, process ? process->c_str() : nullptr, ::getpid());
}

}  // namespace sallyport::cli
