#include "sso/code_limiter.h"

#include <algorithm>

namespace sallyport::sso {
namespace {

// After so many wrong ones in a row.
std::chrono::seconds wait_after(int wrong) {
  if (wrong < kWrongCodesFree) return std::chrono::seconds::zero();
  constexpr int kDoublingsMax = 5;  // 30 s to 16 min
  return std::min(kFirstCodeWait * (1 << std::min(wrong - kWrongCodesFree, kDoublingsMax)), kLongestCodeWait);
}

}  // namespace

CodeLimiter::Key CodeLimiter::key_of(const policy::CompiledUser& user) {
  const auto factors = std::ranges::find(user.secrets, policy::kFactorsField, &policy::SealedField::field);
  return {user.id, factors == user.secrets.end() ? 0 : factors->epoch};
}

std::chrono::nanoseconds CodeLimiter::Streaks::wait(const Key& key, Monotonic now) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::chrono::nanoseconds::zero();
  return std::max<std::chrono::nanoseconds>(found->second->next_at - now, std::chrono::nanoseconds::zero());
}

void CodeLimiter::Streaks::add(const Key& key, Monotonic now) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
  } else {
    if (by_key_.size() >= keys_max_) {
      by_key_.erase(by_use_.back().key);
      by_use_.pop_back();
    }
    by_use_.push_front({.key = key});
    by_key_.emplace(key, by_use_.begin());
  }
  Streak& streak = by_use_.front();
  streak.wrong = std::min(streak.wrong + 1, 1000);
  streak.next_at = now + wait_after(streak.wrong);
}

void CodeLimiter::Streaks::forget(const Key& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  by_use_.erase(found->second);
  by_key_.erase(found);
}

std::optional<std::chrono::seconds> CodeLimiter::refuse(const policy::CompiledUser& user, const RecordId& session,
                                                        Monotonic now) {
  const std::lock_guard lock(mutex_);
  const auto wait = std::max(users_.wait(key_of(user), now), sessions_.wait({session}, now));
  if (wait > wait.zero()) return std::chrono::ceil<std::chrono::seconds>(wait);
  users_.add(key_of(user), now);
  sessions_.add({session}, now);
  return std::nullopt;
}

void CodeLimiter::succeeded(const policy::CompiledUser& user, const RecordId& session) {
  const std::lock_guard lock(mutex_);
  users_.forget(key_of(user));
  sessions_.forget({session});
}

size_t CodeLimiter::keys() const {
  const std::lock_guard lock(mutex_);
  return users_.size() + sessions_.size();
}

}  // namespace sallyport::sso
