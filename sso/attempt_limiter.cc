#include "sso/attempt_limiter.h"

#include <algorithm>

namespace sallyport::sso {

TokenBuckets::Bucket& TokenBuckets::touch(const Sha256& key, Monotonic now) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return by_use_.front();
  }
  if (by_key_.size() >= keys_max_) {
    by_key_.erase(by_use_.back().key);
    by_use_.pop_back();
  }
  by_use_.push_front({key, now});
  by_key_.emplace(key, by_use_.begin());
  return by_use_.front();
}

std::chrono::nanoseconds TokenBuckets::wait(const Sha256& key, Monotonic now) {
  return std::max(touch(key, now).full_at - now - depth_, std::chrono::nanoseconds::zero());
}

void TokenBuckets::take(const Sha256& key, Monotonic now) {
  Bucket& bucket = touch(key, now);
  bucket.full_at = std::max(bucket.full_at, now) + interval_;
}

void TokenBuckets::give_back(const Sha256& key, Monotonic now) { touch(key, now).full_at -= interval_; }

std::optional<std::chrono::seconds> AttemptLimiter::refuse(const Attempt& attempt, Monotonic now) {
  const Sha256 network = network_key(attempt.client);
  const std::lock_guard lock(mutex_);
  // The network first: who is over its limit must not fill the accounts' table with invented names.
  auto wait = networks_.wait(network, now);
  if (wait == wait.zero()) wait = accounts_.wait(attempt.account, now);
  if (wait > wait.zero()) return std::chrono::ceil<std::chrono::seconds>(wait);
  accounts_.take(attempt.account, now);
  networks_.take(network, now);
  return std::nullopt;
}

void AttemptLimiter::succeeded(const Attempt& attempt, Monotonic now) {
  const Sha256 network = network_key(attempt.client);
  const std::lock_guard lock(mutex_);
  accounts_.give_back(attempt.account, now);
  networks_.give_back(network, now);
}

size_t AttemptLimiter::keys() const {
  const std::lock_guard lock(mutex_);
  return accounts_.keys() + networks_.keys();
}

Sha256 network_key(const IpAddress& client) {
  const auto& bytes = client.bytes();
  return sha256(std::as_bytes(std::span(bytes).first(client.is_v4() ? bytes.size() : 8)));
}

}  // namespace sallyport::sso
