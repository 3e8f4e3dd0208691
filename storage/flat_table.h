// A hash table for keys that are uniformly random already (digests, random ids): open addressing with linear probing in
// one array of aligned cells, a byte of the hash beside each so that a look-up touches one cell, removal without
// tombstones, large arrays in huge pages. Not for keys that somebody can choose. One thread at a time.
//   cost: a look-up is one tag line and one cell; memory is a cell and a byte per key at 64 to 80 % fill.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace sallyport::storage {

// Memory for large arrays that are read all over: with pages of 4 KiB each look-up would miss the TLB too.
template <class T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr size_t kHugePage = size_t{2} << 20;

  HugePageAllocator() = default;
  template <class U>
  HugePageAllocator(const HugePageAllocator<U>&) {}  // NOLINT: what an allocator must have

  static std::align_val_t alignment(size_t bytes) {
    return std::align_val_t{bytes >= kHugePage ? kHugePage : alignof(T)};
  }
  T* allocate(size_t count) {
    const size_t bytes = count * sizeof(T);
    void* const memory = ::operator new(bytes, alignment(bytes));
    if (bytes >= kHugePage) ::madvise(memory, bytes, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t count) { ::operator delete(memory, alignment(count * sizeof(T))); }
  friend bool operator==(const HugePageAllocator&, const HugePageAllocator&) { return true; }
};

// Hash: Key -> size_t, every bit of it uniform.
template <class Key, class Value, class Hash>
class FlatTable {
 public:
  struct alignas(sizeof(Key) + sizeof(Value) > 96 ? 64 : alignof(void*)) Cell {
    Key key{};
    Value value{};
  };

  Value* find(const Key& key) {
    const size_t at = index_of(key);
    return at == kNowhere ? nullptr : &cells_[at].value;
  }
  const Value* find(const Key& key) const { return const_cast<FlatTable*>(this)->find(key); }

  // The value of the key, made if it is not there. Moves other values when the table grows.
  Value& operator[](const Key& key) {
    if (const size_t at = index_of(key); at != kNowhere) return cells_[at].value;
    if ((size_ + 1) * 5 > cells_.size() * 4) grow();
    ++size_;
    return place(key, Value{}).value;
  }

  // True if it was there.
  bool erase(const Key& key) {
    size_t hole = index_of(key);
    if (hole == kNowhere) return false;
    // What follows in the same run moves up, unless its own place is behind the hole.
    for (size_t at = next(hole); tags_[at] != kEmpty; at = next(at)) {
      const size_t home = home_of(Hash{}(cells_[at].key));
      if (steps(home, at) < steps(hole, at)) continue;
      cells_[hole] = std::move(cells_[at]);
      tags_[hole] = tags_[at];
      hole = at;
    }
    cells_[hole] = Cell{};
    tags_[hole] = kEmpty;
    --size_;
    return true;
  }

  size_t size() const { return size_; }
  template <class Each>
  void for_each(Each each) {
    for (size_t at = 0; at < cells_.size(); ++at)
      if (tags_[at] != kEmpty) each(cells_[at].key, cells_[at].value);
  }

 private:
  static constexpr size_t kNowhere = SIZE_MAX;
  static constexpr uint8_t kEmpty = 0;
  static constexpr size_t kCellsMin = 16;

  // The place comes from the hash's high bits, the tag from its low ones.
  static uint8_t tag_of(size_t hash) { return static_cast<uint8_t>(hash | 1); }
  size_t home_of(size_t hash) const {
    return static_cast<size_t>(static_cast<unsigned __int128>(hash) * cells_.size() >> 64);
  }
  size_t next(size_t at) const { return at + 1 == cells_.size() ? 0 : at + 1; }
  size_t steps(size_t from, size_t to) const { return to >= from ? to - from : to + cells_.size() - from; }

  size_t index_of(const Key& key) const {
    if (cells_.empty()) return kNowhere;
    const size_t hash = Hash{}(key);
    const uint8_t tag = tag_of(hash);
    size_t at = home_of(hash);
    // Beside the tag, not after it; the key's line and the value's.
    __builtin_prefetch(&cells_[at]);
    __builtin_prefetch(reinterpret_cast<const char*>(&cells_[at]) + sizeof(Cell) - 1);
    for (; tags_[at] != kEmpty; at = next(at))
      if (tags_[at] == tag && cells_[at].key == key) return at;
    return kNowhere;
  }

  Cell& place(const Key& key, Value&& value) {
    const size_t hash = Hash{}(key);
    size_t at = home_of(hash);
    while (tags_[at] != kEmpty) at = next(at);
    tags_[at] = tag_of(hash);
    cells_[at].key = key;
    cells_[at].value = std::move(value);
    return cells_[at];
  }

  void grow() {
    auto old_cells = std::exchange(cells_, {});
    const std::vector<uint8_t> old_tags = std::exchange(tags_, {});
    const size_t size = old_cells.empty() ? kCellsMin : old_cells.size() + old_cells.size() / 4;
    cells_ = std::vector<Cell, HugePageAllocator<Cell>>(size);
    tags_.assign(size, kEmpty);
    for (size_t at = 0; at < old_cells.size(); ++at)
      if (old_tags[at] != kEmpty) place(old_cells[at].key, std::move(old_cells[at].value));
  }

  std::vector<Cell, HugePageAllocator<Cell>> cells_;
  std::vector<uint8_t> tags_;
  size_t size_ = 0;
};

}  // namespace sallyport::storage
