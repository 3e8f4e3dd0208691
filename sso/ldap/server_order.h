// In which order several servers are tried: as configured, but one that has just failed comes last. A value; time is
// passed in.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace sallyport::sso::ldap {

constexpr std::chrono::seconds kFailedServerWaits{30};

class ServerOrder {
 public:
  explicit ServerOrder(size_t servers) : failed_at_(servers) {}
  // All of them, each once.
  std::vector<size_t> at(Monotonic now) const;
  void failed(size_t server, Monotonic now) { failed_at_[server] = now; }
  void worked(size_t server) { failed_at_[server].reset(); }

 private:
  std::vector<std::optional<Monotonic>> failed_at_;
};

}  // namespace sallyport::sso::ldap
