// Token buckets (sso/attempt_limiter.h) that all workers and the threads of the pools take from.
#pragma once

#include <mutex>
#include <optional>

#include "sso/attempt_limiter.h"

namespace sallyport::sso {

class SharedBuckets {
 public:
  SharedBuckets(Rate rate, const Clock& clock, size_t keys_max = kAttemptKeysMax)
      : clock_(clock), buckets_(rate, keys_max) {}

  // Nothing: there is a token. Else after how long there will be one.
  std::optional<std::chrono::seconds> refuse_for_now(const Sha256& key);
  // The same; a token that is there is taken with it, so that of many at once no more get through than there are.
  std::optional<std::chrono::seconds> refuse_or_take(const Sha256& key);
  void take(const Sha256& key);
  void give_back(const Sha256& key);
  size_t keys() const;

 private:
  std::optional<std::chrono::seconds> wait(const Sha256& key, Monotonic now);  // under the mutex

  const Clock& clock_;
  mutable std::mutex mutex_;
  TokenBuckets buckets_;
};

}  // namespace sallyport::sso
