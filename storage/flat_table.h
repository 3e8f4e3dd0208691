// A hash table for keys that are uniformly random already (digests, random ids): open addressing with linear probing in
// one array, a byte of the hash beside each cell so that a look-up touches one cell, and removal without tombstones.
// Not for keys that somebody can choose. One thread at a time.
//   cost: a look-up is one tag line and one cell; a cell per key at 37 to 75 % fill.
#pragma once

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

namespace sallyport::storage {

// Hash: Key -> size_t, every bit of it uniform.
template <class Key, class Value, class Hash>
class FlatTable {
 public:
  struct Cell {
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
    if ((size_ + 1) * 4 > cells_.size() * 3) grow();
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
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
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

  static uint8_t tag_of(size_t hash) { return static_cast<uint8_t>(hash >> 56) | 1; }
  size_t mask() const { return cells_.size() - 1; }
  size_t home_of(size_t hash) const { return hash & mask(); }
  size_t next(size_t at) const { return (at + 1) & mask(); }

  size_t index_of(const Key& key) const {
    if (cells_.empty()) return kNowhere;
    const size_t hash = Hash{}(key);
    const uint8_t tag = tag_of(hash);
    size_t at = home_of(hash);
    __builtin_prefetch(&cells_[at]);  // beside the tag, not after it
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
    std::vector<Cell> old_cells = std::move(cells_);
    const std::vector<uint8_t> old_tags = std::move(tags_);
    const size_t size = old_cells.empty() ? kCellsMin : old_cells.size() * 2;
    cells_ = std::vector<Cell>(size);
    tags_.assign(size, kEmpty);
    for (size_t at = 0; at < old_cells.size(); ++at)
      if (old_tags[at] != kEmpty) place(old_cells[at].key, std::move(old_cells[at].value));
  }

  std::vector<Cell> cells_;  // a power of two of them
  std::vector<uint8_t> tags_;
  size_t size_ = 0;
};

}  // namespace sallyport::storage
