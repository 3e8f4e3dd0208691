// The table of living tokens.
#include <array>
#include <mutex>

#include "storage/flat_table.h"
#include "storage/session_table.h"

namespace sallyport::storage {
namespace {

constexpr size_t kShards = 64;

struct TokenEntry {
  LiveToken token;
  WallMicros expires_at{};
  WallMicros last_used{};
  bool touched = false;
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

  TokenShard& shard(const Sha256& hash) { return shards[static_cast<size_t>(hash.back()) % kShards]; }
};

TokenTable::TokenTable() : inside_(std::make_unique<Inside>()) {}
TokenTable::~TokenTable() = default;

void TokenTable::insert(const TokenRecord& record) {
  const std::lock_guard index_lock(inside_->index_mutex);
  if (const Sha256* const known = inside_->hash_of.find(record.id); known != nullptr && *known != record.hash) {
    TokenShard& shard = inside_->shard(*known);
    const std::lock_guard lock(shard.mutex);
    shard.tokens.erase(*known);
  }
  inside_->hash_of[record.id] = record.hash;
  TokenShard& shard = inside_->shard(record.hash);
  const std::lock_guard lock(shard.mutex);
  TokenEntry& entry = shard.tokens[record.hash];
  entry.token = {.id = record.id,
                 .user = record.user,
                 .strength = record.strength,
                 .scope = std::make_shared<const policy::TokenScope>(record.scope)};
  entry.expires_at = record.expires_at;
}

std::optional<LiveToken> TokenTable::find(const Sha256& hash, WallMicros now) {
  TokenShard& shard = inside_->shard(hash);
  const std::lock_guard lock(shard.mutex);
  TokenEntry* const entry = shard.tokens.find(hash);
  if (entry == nullptr || now >= entry->expires_at) return std::nullopt;
  entry->last_used = std::max(entry->last_used, now);
  entry->touched = true;
  return entry->token;
}

std::optional<LiveToken> TokenTable::peek(const Sha256& hash, WallMicros now) const {
  TokenShard& shard = inside_->shard(hash);
  const std::lock_guard lock(shard.mutex);
  const TokenEntry* const entry = shard.tokens.find(hash);
  if (entry == nullptr || now >= entry->expires_at) return std::nullopt;
  return entry->token;
}

bool TokenTable::revoke(const RecordId& id) {
  const std::lock_guard index_lock(inside_->index_mutex);
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

std::vector<std::pair<RecordId, WallMicros>> TokenTable::collect_touched() {
  std::vector<std::pair<RecordId, WallMicros>> out;
  for (TokenShard& shard : inside_->shards) {
    const std::lock_guard lock(shard.mutex);
    shard.tokens.for_each([&](const Sha256&, TokenEntry& entry) {
      if (std::exchange(entry.touched, false)) out.emplace_back(entry.token.id, entry.last_used);
    });
  }
  return out;
}

}  // namespace sallyport::storage
