#include "storage/session_table.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_set>

#include "storage/flat_table.h"

namespace sallyport::storage {
namespace {

constexpr size_t kShards = 64;
constexpr size_t kChildrenMax = 256;  // of a family; the oldest goes
constexpr std::chrono::seconds kNoteFamilyEvery{1};
constexpr int64_t kNever = INT64_MIN;

size_t shard_of(ByteView key) { return static_cast<size_t>(key.back()) % kShards; }

// With its key one cell of 128 bytes: all that a request needs.
struct Slot {
  RecordId id;
  RecordId family;
  UserId user;
  const std::string* host = nullptr;  // one of Hosts
  int64_t last_seen = 0;              // micros, as all of these
  int64_t noted = 0;                  // when the family last heard of it
  int64_t absolute_end = 0;
  int64_t factor_at = kNever;
  uint32_t idle_seconds = 0;
  policy::Strength strength = policy::Strength::kPassword;
};

struct Child {
  RecordId id;
  Sha256 key;
};

struct Family {
  Sha256 key{};  // of the gate session
  UserId user;
  std::vector<Child> children;
  int64_t last_seen = 0;
  int64_t absolute_end = 0;
  uint32_t idle_seconds = 0;
  bool touched = false;
};

LiveSession shown(const Slot& slot) {
  return {slot.id, slot.family, slot.user, slot.strength,
          slot.factor_at == kNever ? std::nullopt : std::optional(WallMicros{slot.factor_at})};
}

bool is_over(int64_t now, int64_t last_seen, uint32_t idle_seconds, int64_t absolute_end) {
  return now >= absolute_end || now - last_seen >= int64_t{idle_seconds} * 1'000'000;
}

// Host names, each once and for ever: their number is that of the installation's hosts.
class Hosts {
 public:
  const std::string* keep(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return &*names_.insert(host).first;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> names_;
};

struct alignas(64) SlotShard {
  std::mutex mutex;
  FlatTable<Sha256, Slot, Sha256Hash> slots;
};
struct alignas(64) FamilyShard {
  std::mutex mutex;
  FlatTable<RecordId, Family, RecordIdHash> families;
};
struct ChildPlace {
  RecordId family;
  int64_t absolute_end = 0;
};
struct alignas(64) ChildShard {
  std::mutex mutex;
  FlatTable<RecordId, ChildPlace, RecordIdHash> place_of;
};

}  // namespace

// Locks are taken in this order: a family's shard, then a child's or a slot's. While a family is in its shard, so are
// its slots in theirs.
struct SessionTable::Inside {
  std::array<SlotShard, kShards> slot_shards;
  std::array<FamilyShard, kShards> family_shards;
  std::array<ChildShard, kShards> child_shards;
  Hosts hosts;

  SlotShard& slots(const Sha256& key) { return slot_shards[shard_of(key)]; }
  FamilyShard& families(const RecordId& id) { return family_shards[shard_of(id.view())]; }
  ChildShard& children(const RecordId& id) { return child_shards[shard_of(id.view())]; }

  void put_slot(const SessionRecord& record, const Family& family) {
    const Slot slot{.id = record.id,
                    .family = record.family,
                    .user = record.user,
                    .host = hosts.keep(record.host),
                    .last_seen = family.last_seen,
                    .noted = family.last_seen,
                    .absolute_end = std::min(count(record.absolute_end), family.absolute_end),
                    .factor_at = record.factor_at ? count(*record.factor_at) : kNever,
                    .idle_seconds = family.idle_seconds,
                    .strength = record.strength};
    SlotShard& shard = slots(record.id_hash);
    const std::lock_guard lock(shard.mutex);
    shard.slots[record.id_hash] = slot;
  }

  void drop_slot(const Sha256& key) {
    SlotShard& shard = slots(key);
    const std::lock_guard lock(shard.mutex);
    shard.slots.erase(key);
  }

  template <class Edit>
  void edit_slot(const Sha256& key, Edit edit) {
    SlotShard& shard = slots(key);
    const std::lock_guard lock(shard.mutex);
    if (Slot* const slot = shard.slots.find(key)) edit(*slot);
  }

  // Where the family keeps the cookie's hash of one of its sessions.
  static Sha256* key_of(Family& family, const RecordId& family_id, const RecordId& id) {
    if (id == family_id) return &family.key;
    const auto child = std::ranges::find(family.children, id, &Child::id);
    return child == family.children.end() ? nullptr : &child->key;
  }

  // The slot under `old` moves to its new key, stronger.
  bool raise_slot(const Sha256& old, const RaiseSession& raise) {
    std::optional<Slot> slot;
    edit_slot(old, [&](const Slot& found) { slot = found; });
    if (!slot) return false;
    drop_slot(old);
    slot->strength = raise.strength;
    slot->factor_at = raise.factor_at ? count(*raise.factor_at) : kNever;
    SlotShard& shard = slots(raise.id_hash);
    const std::lock_guard lock(shard.mutex);
    shard.slots[raise.id_hash] = *slot;
    return true;
  }

  void forget_child(const RecordId& id) {
    ChildShard& shard = children(id);
    const std::lock_guard lock(shard.mutex);
    shard.place_of.erase(id);
  }

  // With the family's shard locked.
  void drop_members(const Family& family) {
    drop_slot(family.key);
    for (const Child& child : family.children) {
      drop_slot(child.key);
      forget_child(child.id);
    }
  }

  // Notes a use of a family. False: it has ended, or was idle too long.
  bool use_family(const RecordId& id, int64_t seen, int64_t now) {
    FamilyShard& shard = families(id);
    const std::lock_guard lock(shard.mutex);
    Family* const family = shard.families.find(id);
    if (family == nullptr) return false;
    family->last_seen = std::max(family->last_seen, seen);
    if (is_over(now, family->last_seen, family->idle_seconds, family->absolute_end)) {
      // For good: a thread whose clock was read a moment earlier must not wake it again.
      drop_members(*family);
      shard.families.erase(id);
      return false;
    }
    family->last_seen = std::max(family->last_seen, now);
    family->touched = true;
    return true;
  }

  template <class Over>
  size_t end_if(Over over) {
    size_t ended = 0;
    for (FamilyShard& shard : family_shards) {
      const std::lock_guard lock(shard.mutex);
      std::vector<RecordId> going;
      shard.families.for_each([&](const RecordId& id, Family& family) {
        if (over(id, family)) going.push_back(id);
      });
      for (const RecordId& id : going) {
        drop_members(*shard.families.find(id));
        shard.families.erase(id);
      }
      ended += going.size();
    }
    return ended;
  }
};

SessionTable::SessionTable() : inside_(std::make_unique<Inside>()) {}
SessionTable::~SessionTable() = default;

bool SessionTable::insert(const SessionRecord& record) {
  FamilyShard& shard = inside_->families(record.family);
  const std::lock_guard lock(shard.mutex);
  Family* family = shard.families.find(record.family);
  if (record.id == record.family) {
    if (family == nullptr) {
      family = &shard.families[record.family];
    } else if (family->key != record.id_hash) {
      inside_->drop_slot(family->key);
    }
    family->key = record.id_hash;
    family->user = record.user;
    family->last_seen = std::max(family->last_seen, count(record.last_seen_at));
    family->absolute_end = count(record.absolute_end);
    family->idle_seconds = static_cast<uint32_t>(std::clamp<int64_t>(record.idle.count(), 0, UINT32_MAX));
  } else {
    if (family == nullptr || family->user != record.user) return false;
    const auto known = std::ranges::find(family->children, record.id, &Child::id);
    if (known == family->children.end()) {
      if (family->children.size() == kChildrenMax) {
        inside_->drop_slot(family->children.front().key);
        inside_->forget_child(family->children.front().id);
        family->children.erase(family->children.begin());
      }
      family->children.push_back({record.id, record.id_hash});
    } else {
      if (known->key != record.id_hash) inside_->drop_slot(known->key);
      known->key = record.id_hash;
    }
    ChildShard& children = inside_->children(record.id);
    const std::lock_guard child_lock(children.mutex);
    children.place_of[record.id] = {record.family, count(record.absolute_end)};
  }
  inside_->put_slot(record, *family);
  return true;
}

std::optional<LiveSession> SessionTable::find(const Sha256& id_hash, std::string_view host, WallMicros now) {
  const int64_t at = count(now);
  SlotShard& shard = inside_->slots(id_hash);
  Slot seen;
  {
    const std::lock_guard lock(shard.mutex);
    Slot* const slot = shard.slots.find(id_hash);
    if (slot == nullptr || *slot->host != host || at >= slot->absolute_end) return std::nullopt;
    const bool fresh = at - slot->noted < std::chrono::microseconds(kNoteFamilyEvery).count() &&
                       !is_over(at, slot->last_seen, slot->idle_seconds, slot->absolute_end);
    if (fresh) slot->last_seen = std::max(slot->last_seen, at);
    seen = *slot;
    if (fresh) return shown(seen);
  }
  if (!inside_->use_family(seen.family, seen.last_seen, at)) return std::nullopt;
  inside_->edit_slot(id_hash, [at](Slot& slot) { slot.last_seen = slot.noted = std::max(slot.last_seen, at); });
  return shown(seen);
}

bool SessionTable::end(const RecordId& id) {
  {
    FamilyShard& shard = inside_->families(id);
    const std::lock_guard lock(shard.mutex);
    if (const Family* const family = shard.families.find(id)) {
      inside_->drop_members(*family);
      shard.families.erase(id);
      return true;
    }
  }
  RecordId family_id;
  {
    ChildShard& shard = inside_->children(id);
    const std::lock_guard lock(shard.mutex);
    const ChildPlace* const found = shard.place_of.find(id);
    if (found == nullptr) return false;
    family_id = found->family;
  }
  FamilyShard& shard = inside_->families(family_id);
  const std::lock_guard lock(shard.mutex);
  Family* const family = shard.families.find(family_id);
  if (family == nullptr) return false;
  const auto child = std::ranges::find(family->children, id, &Child::id);
  if (child == family->children.end()) return false;
  inside_->drop_slot(child->key);
  inside_->forget_child(id);
  family->children.erase(child);
  return true;
}

size_t SessionTable::end_user(const UserId& user) {
  return inside_->end_if([&](const RecordId&, const Family& family) { return family.user == user; });
}

bool SessionTable::raise(const RecordId& family_id, const RaiseSession& raise) {
  FamilyShard& shard = inside_->families(family_id);
  const std::lock_guard lock(shard.mutex);
  Family* const family = shard.families.find(family_id);
  Sha256* const key = family == nullptr ? nullptr : inside_->key_of(*family, family_id, raise.id);
  return key != nullptr && inside_->raise_slot(std::exchange(*key, raise.id_hash), raise);
}

std::optional<LiveSession> SessionTable::current(const RecordId& id, const RecordId& family_id, WallMicros now) const {
  if (!alive(id, family_id, now)) return std::nullopt;
  FamilyShard& shard = inside_->families(family_id);
  const std::lock_guard lock(shard.mutex);
  Family* const family = shard.families.find(family_id);
  const Sha256* const key = family == nullptr ? nullptr : inside_->key_of(*family, family_id, id);
  if (key == nullptr) return std::nullopt;
  std::optional<LiveSession> out;
  inside_->edit_slot(*key, [&](const Slot& slot) { out = shown(slot); });
  return out;
}

std::optional<LiveFamily> SessionTable::family(const RecordId& id, WallMicros now) const {
  FamilyShard& shard = inside_->families(id);
  const std::lock_guard lock(shard.mutex);
  const Family* const found = shard.families.find(id);
  if (found == nullptr || is_over(count(now), found->last_seen, found->idle_seconds, found->absolute_end))
    return std::nullopt;
  return LiveFamily{found->user, WallMicros{found->last_seen}};
}

bool SessionTable::alive(const RecordId& id, const RecordId& family_id, WallMicros now) const {
  if (!family(family_id, now)) return false;
  if (id == family_id) return true;
  ChildShard& shard = inside_->children(id);
  const std::lock_guard lock(shard.mutex);
  const ChildPlace* const child = shard.place_of.find(id);
  return child != nullptr && count(now) < child->absolute_end;
}

size_t SessionTable::size() const {
  size_t sum = 0;
  for (SlotShard& shard : inside_->slot_shards) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.slots.size();
  }
  return sum;
}

std::vector<std::pair<RecordId, WallMicros>> SessionTable::collect_touched(WallMicros now) {
  std::vector<std::pair<RecordId, WallMicros>> out;
  // A use within the last second may not have been noted yet: what is forgotten here is over for two.
  const int64_t past = count(now - 2 * kNoteFamilyEvery);
  inside_->end_if([&](const RecordId& id, Family& family) {
    if (std::exchange(family.touched, false)) out.emplace_back(id, WallMicros{family.last_seen});
    return is_over(past, family.last_seen, family.idle_seconds, INT64_MAX) || count(now) >= family.absolute_end;
  });
  return out;
}

}  // namespace sallyport::storage
