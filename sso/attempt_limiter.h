// How often a password may be tried: asked before anything is hashed. A token bucket per account and one per network of
// the client (/32 of IPv4, /64 of IPv6); in place of both one of its own for whoever has proven something before: a
// device that has signed in to this account, a session. All in bounded memory: the bucket that has least to remember
// goes first. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
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
constexpr Rate kAttemptsPerKnown{10, 10};
constexpr size_t kAttemptKeysMax = 65536;

// One token bucket per key, in whole nanoseconds: a bucket is the time at which it will be full again. Beyond keys_max
// the one that would be full first is forgotten: to have a bucket forgotten that is used up, one has to use up keys_max
// others as far. Memory: about 140 bytes a key.
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
  using ByFullness = std::multimap<Monotonic, Sha256>;  // full_at -> key
  void move_to(ByFullness::iterator& bucket, Monotonic full_at);

  const std::chrono::nanoseconds interval_;  // per token
  const std::chrono::nanoseconds depth_;     // how far ahead of now full_at may be while there is a token
  const size_t keys_max_;
  ByFullness by_fullness_;
  std::unordered_map<Sha256, ByFullness::iterator, Sha256Hash> by_key_;
};

// Who tries.
struct Attempt {
  Sha256 account{};
  IpAddress client;
  std::optional<Sha256> known{};  // the bucket of a known device or a session: this one is asked then, and no other
};

class AttemptLimiter {
 public:
  explicit AttemptLimiter(Rate per_account = kAttemptsPerAccount, Rate per_network = kAttemptsPerNetwork,
                          size_t keys_max = kAttemptKeysMax)
      : accounts_(per_account, keys_max), networks_(per_network, keys_max), known_(kAttemptsPerKnown, keys_max) {}

  // Counts the attempt and returns nothing, or counts nothing and says after how long the next one may be made.
  std::optional<std::chrono::seconds> refuse(const Attempt& attempt, Monotonic now);
  // The attempt was the right password: it does not count.
  void succeeded(const Attempt& attempt, Monotonic now);
  size_t keys() const;

 private:
  mutable std::mutex mutex_;
  TokenBuckets accounts_;
  TokenBuckets networks_;
  TokenBuckets known_;
};

// The network of a client as a key: the address, or the first 64 bits of an IPv6 one.
Sha256 network_key(const IpAddress& client);

}  // namespace sallyport::sso
