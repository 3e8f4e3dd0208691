// A hash table that is never changed: an edited copy shares all shards but those that were touched. Looking up costs
// one hash and two or three cache lines at any size; an edit copies the list of shards and the touched ones. Traits:
// `using Key` (cheap to copy), `static uint64_t hash(Key)` (well mixed), `static Key key(const Value&)`.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sallyport::policy {

template <class Value, class Traits>
class SharedTable {
  struct Entry {
    uint64_t hash;
    Value value;
  };
  using Shard = std::vector<Entry>;
  static constexpr size_t kPerShard =
      8;  // wished for; at four times as many the shards are doubled until it fits again

 public:
  using Key = typename Traits::Key;

  // Null when there is none; valid as long as this table or a copy of it.
  const Value* find(Key key) const {
    if (shards_.empty()) return nullptr;
    const uint64_t hash = Traits::hash(key);
    const Shard* shard = shards_[hash & (shards_.size() - 1)].get();
    return shard ? find_in(*shard, hash, key) : nullptr;
  }
  size_t size() const { return size_; }

  template <class F>
  void for_each(F&& each) const {
    for (const auto& shard : shards_) {
      if (!shard) continue;
      for (const Entry& entry : *shard) each(entry.value);
    }
  }

  // Collects changes; finish() gives the new table. The table it began with is not touched.
  class Editor {
   public:
    explicit Editor(SharedTable from) : from_(std::move(from)), size_(from_.size_) {}

    const Value* find(Key key) const {
      if (touched_.empty()) return from_.find(key);
      const uint64_t hash = Traits::hash(key);
      const auto found = touched_.find(from_.index_of(hash));
      return found == touched_.end() ? from_.find(key) : find_in(found->second, hash, key);
    }
    void set(Value value) {
      grow();
      const uint64_t hash = Traits::hash(Traits::key(value));
      Shard& shard = touch(hash);
      const size_t at = position_in(shard, hash, Traits::key(value));
      if (at < shard.size()) {
        shard[at].value = std::move(value);
        return;
      }
      shard.push_back({hash, std::move(value)});
      ++size_;
    }
    void erase(Key key) {
      if (from_.shards_.empty()) return;
      const uint64_t hash = Traits::hash(key);
      Shard& shard = touch(hash);
      const size_t at = position_in(shard, hash, key);
      if (at == shard.size()) return;
      shard.erase(shard.begin() + static_cast<std::ptrdiff_t>(at));
      --size_;
    }
    SharedTable finish() && {
      settle();
      from_.size_ = size_;
      return std::move(from_);
    }

   private:
    Shard& touch(uint64_t hash) {
      const size_t index = from_.index_of(hash);
      const auto [found, fresh] = touched_.try_emplace(index);
      if (fresh && from_.shards_[index]) found->second = *from_.shards_[index];
      return found->second;
    }
    void settle() {
      for (auto& [index, shard] : touched_) from_.shards_[index] = std::make_shared<const Shard>(std::move(shard));
      touched_.clear();
    }
    void grow() {
      if (size_ < from_.shards_.size() * kPerShard * 4 && !from_.shards_.empty()) return;
      settle();
      const size_t shards = std::bit_ceil(std::max<size_t>(size_ / kPerShard + 1, 16)) * 2;
      std::vector<Shard> spread(shards);
      for (const auto& shard : from_.shards_) {
        if (!shard) continue;
        for (const Entry& entry : *shard) spread[entry.hash & (shards - 1)].push_back(entry);
      }
      from_.shards_.assign(shards, nullptr);
      for (size_t i = 0; i < shards; ++i) {
        if (!spread[i].empty()) from_.shards_[i] = std::make_shared<const Shard>(std::move(spread[i]));
      }
    }

    SharedTable from_;
    std::unordered_map<size_t, Shard> touched_;
    size_t size_;
  };

 private:
  size_t index_of(uint64_t hash) const { return hash & (shards_.size() - 1); }
  static size_t position_in(const Shard& shard, uint64_t hash, Key key) {
    size_t at = 0;
    while (at < shard.size() && !(shard[at].hash == hash && Traits::key(shard[at].value) == key)) ++at;
    return at;
  }
  static const Value* find_in(const Shard& shard, uint64_t hash, Key key) {
    const size_t at = position_in(shard, hash, key);
    return at < shard.size() ? &shard[at].value : nullptr;
  }

  std::vector<std::shared_ptr<const Shard>> shards_;  // a power of two of them, or none
  size_t size_ = 0;
};

}  // namespace sallyport::policy
