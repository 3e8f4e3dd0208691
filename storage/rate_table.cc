#include "storage/rate_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/digest.h"
#include "base/random.h"

namespace sallyport::storage {
namespace {

constexpr size_t kShards = 64;
constexpr size_t kWays = 8;

struct Bucket {
  std::array<std::byte, 16> key{};
  Monotonic full_at{};  // in the past: nobody's
};
using Set = std::array<Bucket, kWays>;

struct alignas(64) Shard {
  std::mutex mutex;
  std::vector<Set> sets;  // empty until the first take
};
using Room = std::array<Shard, kShards>;

// The subject's own bucket, or the one that it gets: one that nobody needs, or the one that is needed least.
Bucket& bucket_of(Set& set, const std::array<std::byte, 16>& key) {
  const auto own = std::ranges::find(set, key, &Bucket::key);
  if (own != set.end()) return *own;
  Bucket& least = *std::ranges::min_element(set, {}, &Bucket::full_at);
  least = {.key = key, .full_at = {}};
  return least;
}

}  // namespace

struct RateTable::Inside {
  // 128 bits of a keyed digest stand for scope, limit and subject: that two share them does not happen.
  Sha256 digest_of(const policy::RateLimit& limit, const RecordId& scope, const RateSubject& subject) const {
    const std::array<int64_t, 4> numbers{static_cast<int64_t>(limit.by) << 8 | static_cast<int64_t>(subject.kind),
                                         limit.requests, limit.per.count(), limit.burst};
    return sha256({secret, scope.view(), std::as_bytes(std::span(numbers)), subject.bytes});
  }

  size_t sets_per_shard = 1;
  std::array<std::byte, 32> secret = random_bytes<32>();
  Room networks;
  Room others;
};

RateTable::RateTable(size_t buckets_max) : inside_(std::make_unique<Inside>()) {
  inside_->sets_per_shard = std::max<size_t>(1, buckets_max / (kShards * kWays));
}

RateTable::~RateTable() = default;

std::chrono::nanoseconds RateTable::take(const policy::RateLimit& limit, const RecordId& scope,
                                         const RateSubject& subject, Monotonic now) {
  const Sha256 digest = inside_->digest_of(limit, scope, subject);
  std::array<std::byte, 16> key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  uint64_t place;
  std::memcpy(&place, digest.data() + key.size(),
              sizeof place);  // not of the key's own bits, which are the same number
  Room& room = subject.kind == RateSubject::Kind::kNetwork ? inside_->networks : inside_->others;
  Shard& shard = room[place % kShards];
  const std::lock_guard lock(shard.mutex);
  if (shard.sets.empty()) shard.sets.resize(inside_->sets_per_shard);
  return policy::take(limit, bucket_of(shard.sets[place / kShards % shard.sets.size()], key).full_at, now);
}

size_t RateTable::in_use(Monotonic now) const {
  size_t out = 0;
  for (Room* room : {&inside_->networks, &inside_->others}) {
    for (Shard& shard : *room) {
      const std::lock_guard lock(shard.mutex);
      for (const Set& set : shard.sets)
        out += static_cast<size_t>(std::ranges::count_if(set, [&](const Bucket& one) { return one.full_at > now; }));
    }
  }
  return out;
}

}  // namespace sallyport::storage
