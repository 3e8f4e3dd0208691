// How often the codes of a second factor may be tried: asked before one is looked at. After five wrong ones in a row
// the next waits half a minute, and twice as long after each further one, up to a quarter of an hour; a right one
// forgets them. Counted per session and per user, so that many sessions give no more tries; a user's count is of the
// factors he has at the time, and whose factors were reset begins anew. They become others by an admin's act alone, or
// by the person's own after a factor was shown: no number of tries leads there. In bounded memory: the key that was
// silent longest goes first. Any thread.
//
// Six digits and three steps: whoever knows the password finds a code by chance with less than 1 : 3000 in a day.
#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "base/record_id.h"
#include "policy/snapshot.h"

namespace sallyport::sso {

constexpr int kWrongCodesFree = 5;
constexpr std::chrono::seconds kFirstCodeWait{30};
constexpr std::chrono::seconds kLongestCodeWait{15 * 60};
constexpr size_t kCodeKeysMax = 65536;

class CodeLimiter {
 public:
  explicit CodeLimiter(size_t keys_max = kCodeKeysMax) : users_(keys_max), sessions_(keys_max) {}

  // Counts the try as a wrong one and returns nothing, or counts nothing and says after how long the next may be made.
  std::optional<std::chrono::seconds> refuse(const policy::CompiledUser& user, const RecordId& session, Monotonic now);
  // The code was right. user: as it was when that was found, before any change that came of it.
  void succeeded(const policy::CompiledUser& user, const RecordId& session);
  size_t keys() const;

 private:
  struct Key {
    RecordId id;
    uint64_t epoch = 0;  // of a user's factors; 0: there are none
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const { return RecordIdHash{}(key.id) ^ key.epoch; }
  };
  static Key key_of(const policy::CompiledUser& user);

  class Streaks {
   public:
    explicit Streaks(size_t keys_max) : keys_max_(keys_max) {}
    std::chrono::nanoseconds wait(const Key& key, Monotonic now) const;
    void add(const Key& key, Monotonic now);
    void forget(const Key& key);
    size_t size() const { return by_key_.size(); }

   private:
    struct Streak {
      Key key;
      int wrong = 0;
      Monotonic next_at{};
    };
    const size_t keys_max_;
    std::list<Streak> by_use_;  // the latest in front
    std::unordered_map<Key, std::list<Streak>::iterator, KeyHash> by_key_;
  };

  mutable std::mutex mutex_;
  Streaks users_;
  Streaks sessions_;
};

}  // namespace sallyport::sso
