#include "sso/shared_buckets.h"

namespace sallyport::sso {

std::optional<std::chrono::seconds> SharedBuckets::wait(const Sha256& key, Monotonic now) {
  const auto wait = buckets_.wait(key, now);
  if (wait == wait.zero()) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(wait);
}

std::optional<std::chrono::seconds> SharedBuckets::refuse_for_now(const Sha256& key) {
  const std::lock_guard lock(mutex_);
  return wait(key, clock_.monotonic());
}

std::optional<std::chrono::seconds> SharedBuckets::refuse_or_take(const Sha256& key) {
  const std::lock_guard lock(mutex_);
  const Monotonic now = clock_.monotonic();
  const auto refused = wait(key, now);
  if (!refused) buckets_.take(key, now);
  return refused;
}

void SharedBuckets::take(const Sha256& key) {
  const std::lock_guard lock(mutex_);
  buckets_.take(key, clock_.monotonic());
}

void SharedBuckets::give_back(const Sha256& key) {
  const std::lock_guard lock(mutex_);
  buckets_.give_back(key, clock_.monotonic());
}

size_t SharedBuckets::keys() const {
  const std::lock_guard lock(mutex_);
  return buckets_.keys();
}

}  // namespace sallyport::sso
