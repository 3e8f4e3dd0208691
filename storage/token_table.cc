// The table of living tokens.
#include <array>
#include <atomic>
#include <mutex>

#include "storage/flat_table.h"
#include "storage/session_table.h"

namespace sallyport::storage {
namespace {

constexpr size_t kShards = 64;

using Micros = std::chrono::microseconds;

struct TokenEntry {
  LiveToken token;
  std::string name;
  WallMicros created_at{};
  WallMicros expires_at{};
  WallMicros last_used{};
  IpAddress used_from;
  bool touched = false;

  WallMicros ends_at(Micros life_max) const { return std::min(expires_at, created_at + life_max); }
};

struct alignas(64) TokenShard {
  std::mutex mutex;
  FlatTable<Sha256, TokenEntry, Sha256Hash> tokens;
};

}  // namespace

// Locks: the index, then a shard.
struct TokenTable::Inside {
  std::array<TokenShard, kShards> shards;
  std::mutex index_mutex;
  FlatTable<RecordId, Sha256, RecordIdHash> hash_of;
  FlatTable<RecordId, bool, RecordIdHash> revoked;         // since the last forget()
  FlatTable<RecordId, bool, RecordIdHash> revoked_before;  // and before that
  std::atomic<size_t> ending{0};
  std::atomic<int64_t> life_max_micros{Micros(kLongest).count()};

  static constexpr std::chrono::days kLongest{36500};
  Micros life_max() const { return Micros(life_max_micros.load(std::memory_order_relaxed)); }
  TokenShard& shard(const Sha256& hash) { return shards[static_cast<size_t>(hash.back()) % kShards]; }
};

TokenTable::TokenTable() : inside_(std::make_unique<Inside>()) {}
TokenTable::~TokenTable() = default;

void TokenTable::insert(const TokenRecord& record) {
  const std::lock_guard index_lock(inside_->index_mutex);
  if (inside_->revoked.find(record.id) != nullptr || inside_->revoked_before.find(record.id) != nullptr) return;
  if (const Sha256* const known = inside_->hash_of.find(record.id); known != nullptr && *known != record.hash) {
    TokenShard& shard = inside_->shard(*known);
    const std::lock_guard lock(shard.mutex);
    shard.tokens.erase(*known);
  }
  inside_->hash_of[record.id] = record.hash;
  TokenShard& shard = inside_->shard(record.hash);
  const std::lock_guard lock(shard.mutex);
  TokenEntry& entry = shard.tokens[record.hash];
  const bool fresh = entry.token.id.is_zero();
  entry.token = {.id = record.id,
                 .user = record.user,
                 .strength = record.strength,
                 .scope = std::make_shared<const policy::TokenScope>(record.scope)};
  entry.name = record.name;
  entry.created_at = record.created_at;
  entry.expires_at = fresh ? record.expires_at : std::min(entry.expires_at, record.expires_at);
}

void TokenTable::limit_life(std::chrono::seconds max) {
  inside_->life_max_micros.store(Micros(max).count(), std::memory_order_relaxed);
}

std::expected<LiveToken, DeadToken> TokenTable::find(const Sha256& hash, WallMicros now, const IpAddress& from) {
  TokenShard& shard = inside_->shard(hash);
  const std::lock_guard lock(shard.mutex);
  TokenEntry* const entry = shard.tokens.find(hash);
  if (entry == nullptr) return std::unexpected(DeadToken{});
  if (now >= entry->ends_at(inside_->life_max()))
    return std::unexpected(DeadToken{DeadToken::Why::kExpired, entry->token.id, entry->token.user});
  if (now >= entry->last_used) {
    entry->last_used = now;
    entry->used_from = from;
  }
  entry->touched = true;
  return entry->token;
}

std::optional<LiveToken> TokenTable::peek(const Sha256& hash, WallMicros now) const {
  TokenShard& shard = inside_->shard(hash);
  const std::lock_guard lock(shard.mutex);
  const TokenEntry* const entry = shard.tokens.find(hash);
  if (entry == nullptr || now >= entry->ends_at(inside_->life_max())) return std::nullopt;
  return entry->token;
}

bool TokenTable::revoke(const RecordId& id) {
  const std::lock_guard index_lock(inside_->index_mutex);
  inside_->revoked[id] = true;
  const Sha256* const hash = inside_->hash_of.find(id);
  if (hash == nullptr) return false;
  TokenShard& shard = inside_->shard(*hash);
  {
    const std::lock_guard lock(shard.mutex);
    shard.tokens.erase(*hash);
  }
  return inside_->hash_of.erase(id);
}

size_t TokenTable::size() const {
  const std::lock_guard lock(inside_->index_mutex);
  return inside_->hash_of.size();
}

std::vector<TokenUse> TokenTable::collect_touched() {
  std::vector<TokenUse> out;
  for (TokenShard& shard : inside_->shards) {
    const std::lock_guard lock(shard.mutex);
    shard.tokens.for_each([&](const Sha256&, TokenEntry& entry) {
      if (std::exchange(entry.touched, false)) out.push_back({entry.token.id, entry.last_used, entry.used_from});
    });
  }
  return out;
}

std::vector<TokenEnd> TokenTable::look_for_ends(WallMicros now, WallMicros until) {
  std::vector<TokenEnd> out;
  const Micros life_max = inside_->life_max();
  for (TokenShard& shard : inside_->shards) {
    const std::lock_guard lock(shard.mutex);
    shard.tokens.for_each([&](const Sha256&, TokenEntry& entry) {
      const WallMicros end = entry.ends_at(life_max);
      if (now < end && end <= until) out.push_back({entry.token.id, entry.token.user, entry.name, end});
    });
  }
  inside_->ending.store(out.size(), std::memory_order_relaxed);
  return out;
}

size_t TokenTable::ending() const { return inside_->ending.load(std::memory_order_relaxed); }

size_t TokenTable::forget(WallMicros time) {
  std::vector<RecordId> over;
  for (TokenShard& shard : inside_->shards) {
    const std::lock_guard lock(shard.mutex);
    shard.tokens.for_each([&](const Sha256&, TokenEntry& entry) {
      if (entry.expires_at < time) over.push_back(entry.token.id);
    });
  }
  for (const RecordId& id : over) revoke(id);
  const std::lock_guard index_lock(inside_->index_mutex);
  inside_->revoked_before = std::exchange(inside_->revoked, {});
  return over.size();
}

}  // namespace sallyport::storage
