#include "policy/rate_limit.h"

#include <algorithm>
#include <array>

#include "base/units.h"

namespace sallyport::policy {
namespace {

constexpr std::array<std::string_view, 4> kWords{"all", "address", "user", "token"};

}  // namespace

std::string_view to_string(RateBy by) {
  const auto index = static_cast<size_t>(by);
  return index < kWords.size() ? kWords[index] : "";
}

Result<RateBy> parse_rate_by(std::string_view text) {
  for (size_t i = 0; i < kWords.size(); ++i)
    if (kWords[i] == text) return static_cast<RateBy>(i);
  return malformed(Side::kClient, "must be all, address, user or token");
}

std::chrono::nanoseconds take(const RateLimit& limit, Monotonic& full_at, Monotonic now) {
  const std::chrono::nanoseconds interval = limit.interval();
  const std::chrono::nanoseconds depth = (limit.burst - 1) * interval;  // how far ahead full_at may be
  const Monotonic full = std::clamp(full_at, now, now + depth + interval);
  const std::chrono::nanoseconds wait = full - now - depth;
  full_at = wait > wait.zero() ? full : full + interval;
  return std::max(wait, wait.zero());
}

std::string to_text(const RateLimit& limit) {
  return std::to_string(limit.requests) + " per " + to_duration_text(limit.per) + " by " +
         std::string(to_string(limit.by)) + ", " + std::to_string(limit.burst) + " at once";
}

}  // namespace sallyport::policy
