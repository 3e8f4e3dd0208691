// How often something may be asked for: a token bucket as the generic cell rate algorithm has it (ITU-T I.371). The
// whole state of a bucket is one time, the one at which it will be full again; time is passed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"

namespace sallyport::policy {

// Whose requests share a bucket.
enum class RateBy : uint8_t {
  kAll,      // everybody's
  kAddress,  // a network's: /32 of IPv4, /64 of IPv6
  kUser,     // a user's, by session or token; nobody's by address
  kToken,    // a token's; nobody's by address, a session's not at all
};
std::string_view to_string(RateBy by);
Result<RateBy> parse_rate_by(std::string_view text);

constexpr int64_t kRateRequestsMax = 1'000'000;
constexpr std::chrono::milliseconds kRatePerMin{1000};
constexpr std::chrono::milliseconds kRatePerMax{3'600'000};

// `requests` in each `per` in the long run, `burst` at once. All are at least 1; what they may be at most keeps every
// time below within an int64.
struct RateLimit {
  RateBy by = RateBy::kAll;
  int64_t requests = 1;
  std::chrono::milliseconds per{1000};
  int64_t burst = 1;

  // Rounded up: never more than the limit says.
  std::chrono::nanoseconds interval() const {
    return (std::chrono::nanoseconds(per) + std::chrono::nanoseconds(requests - 1)) / requests;
  }
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

// Takes one request from a bucket and returns zero; or takes nothing and says how long until there is one.
//   full_at: any time that is over for a new bucket. A clock that was set back gives nothing, and the bucket counts as
//   empty: nobody is shut out for longer than one interval by it.
std::chrono::nanoseconds take(const RateLimit& limit, Monotonic& full_at, Monotonic now);

// "100 per 1s by address, 200 at once"
std::string to_text(const RateLimit& limit);

}  // namespace sallyport::policy
