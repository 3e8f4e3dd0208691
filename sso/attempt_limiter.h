// How often a password may be tried: asked before anything is hashed. A token bucket per account and one per network of
// the client (/32 of IPv4, /64 of IPv6), both in bounded memory: the key that was silent longest goes first. Any
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "base/digest.h"
#include "base/ip.h"

namespace sallyport::sso {

struct Rate {
  int64_t burst;       // attempts that may come at once
  int64_t per_minute;  // and then
};

constexpr Rate kAttemptsPerAccount{10, 10};
constexpr Rate kAttemptsPerNetwork{30, 30};
constexpr size_t kAttemptKeysMax = 65536;

// One token bucket per key, in whole nanoseconds: a bucket is the time at which it will be full again.
class TokenBuckets {
 public:
  TokenBuckets(Rate rate, size_t keys_max)
      : interval_(std::chrono::nanoseconds(std::chrono::minutes(1)) / rate.per_minute),
        depth_((rate.burst - 1) * interval_),
        keys_max_(keys_max) {}

  // How long until this key has a whole token; zero: it has one now.
  std::chrono::nanoseconds wait(const Sha256& key, Monotonic now);
  void take(const Sha256& key, Monotonic now);
  void give_back(const Sha256& key, Monotonic now);
  size_t keys() const { return by_key_.size(); }

 private:
  struct Bucket {
    Sha256 key;
    Monotonic full_at;
  };
  Bucket& touch(const Sha256& key, Monotonic now);

  const std::chrono::nanoseconds interval_;  // per token
  const std::chrono::nanoseconds depth_;     // how far ahead of now full_at may be while there is a token
  const size_t keys_max_;
  std::list<Bucket> by_use_;  // the latest in front
  std::unordered_map<Sha256, std::list<Bucket>::iterator, Sha256Hash> by_key_;
};

// Who tries. What tells a known device from a stranger will stand here, too.
struct Attempt {
  Sha256 account{};
  IpAddress client;
};

class AttemptLimiter {
 public:
  explicit AttemptLimiter(Rate per_account = kAttemptsPerAccount, Rate per_network = kAttemptsPerNetwork,
                          size_t keys_max = kAttemptKeysMax)
      : accounts_(per_account, keys_max), networks_(per_network, keys_max) {}

  // Counts the attempt and returns nothing, or counts nothing and says after how long the next one may be made.
  std::optional<std::chrono::seconds> refuse(const Attempt& attempt, Monotonic now);
  // The attempt was the right password: it does not count.
  void succeeded(const Attempt& attempt, Monotonic now);
  size_t keys() const;

 private:
  mutable std::mutex mutex_;
  TokenBuckets accounts_;
  TokenBuckets networks_;
};

// The network of a client as a key: the address, or the first 64 bits of an IPv6 one.
Sha256 network_key(const IpAddress& client);

}  // namespace sallyport::sso
