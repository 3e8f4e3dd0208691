// The buckets of all rate limits of the process, shared by the workers so that together they keep a limit: sharded, any
// thread (the second exception to shared-nothing, as the session table is the first). In memory alone: a restart fills
// every bucket.
//
// The memory is bounded: two rooms of kRateBucketsMax buckets of 24 bytes, 12 MiB in all, of which nothing is taken
// before a limit is first asked. One room is for buckets by address, whose keys a stranger can make up; the other is
// for all others, so that no stranger pushes a user's bucket out. A bucket that is full again is as good as none, and
// its place is taken by the next. Where eight that are not full share a place, the one that would be full first makes
// room: who has used the least. The places are drawn with a secret, so nobody can aim: to have one bucket forgotten
// (and win back what it has used) takes a room full of others that have used as much, a quarter of a million networks.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/record_id.h"
#include "policy/rate_limit.h"

namespace sallyport::storage {

constexpr size_t kRateBucketsMax = size_t{1} << 18;  // in each room

// Whose bucket: a network, a user, a token, or (no bytes) everybody's.
struct RateSubject {
  enum class Kind : uint8_t { kAll, kNetwork, kUser, kToken } kind = Kind::kAll;
  ByteView bytes{};
};

class RateTable {
 public:
  explicit RateTable(size_t buckets_max = kRateBucketsMax);  // of each room; at least 512
  ~RateTable();

  // Takes one request of this subject from the limit of `scope` (a resource's id; zero: the platform's) and returns
  // zero, or takes nothing and says how long until there is one. A limit that was changed has new buckets.
  // cost: one SHA-256 of a short message (0.2 us), one shard's lock, three cache lines.
  std::chrono::nanoseconds take(const policy::RateLimit& limit, const RecordId& scope, const RateSubject& subject,
                                Monotonic now);
  // Buckets that are not full. cost: a walk over everything; for tests.
  size_t in_use(Monotonic now) const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport::storage
