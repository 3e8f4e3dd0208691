#include "sso/attempt_limiter.h"

#include <algorithm>

namespace sallyport::sso {

std::chrono::nanoseconds TokenBuckets::wait(const Sha256& key, Monotonic now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::chrono::nanoseconds::zero();
  return std::max(found->second->first - now - depth_, std::chrono::nanoseconds::zero());
}

void TokenBuckets::move_to(ByFullness::iterator& bucket, Monotonic full_at) {
  auto node = by_fullness_.extract(bucket);
  node.key() = full_at;
  bucket = by_fullness_.insert(std::move(node));
}

void TokenBuckets::take(const Sha256& key, Monotonic now) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) return move_to(found->second, std::max(found->second->first, now) + interval_);
  if (by_key_.size() >= keys_max_) {
    by_key_.erase(by_fullness_.begin()->second);
    by_fullness_.erase(by_fullness_.begin());
  }
  by_key_.emplace(key, by_fullness_.emplace(now + interval_, key));
}

// A bucket that is full again is as good as none.
void TokenBuckets::give_back(const Sha256& key, Monotonic now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  const Monotonic full_at = found->second->first - interval_;
  if (full_at > now) return move_to(found->second, full_at);
  by_fullness_.erase(found->second);
  by_key_.erase(found);
}

std::optional<std::chrono::seconds> AttemptLimiter::refuse(const Attempt& attempt, Monotonic now) {
  const Sha256 network = network_key(attempt.client);
  const std::lock_guard lock(mutex_);
  if (attempt.known) {
    const auto wait = known_.wait(*attempt.known, now);
    if (wait > wait.zero()) return std::chrono::ceil<std::chrono::seconds>(wait);
    known_.take(*attempt.known, now);
    return std::nullopt;
  }
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
  if (attempt.known) return known_.give_back(*attempt.known, now);
  accounts_.give_back(attempt.account, now);
  networks_.give_back(network, now);
}

size_t AttemptLimiter::keys() const {
  const std::lock_guard lock(mutex_);
  return accounts_.keys() + networks_.keys() + known_.keys();
}

Sha256 network_key(const IpAddress& client) {
  const auto& bytes = client.bytes();
  return sha256(std::as_bytes(std::span(bytes).first(client.is_v4() ? bytes.size() : 8)));
}

}  // namespace sallyport::sso
