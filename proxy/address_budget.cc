#include "proxy/address_budget.h"

#include <algorithm>
#include <cstring>

#include "base/random.h"

namespace sallyport::proxy {
namespace {

constexpr int64_t kSecond = 1'000'000;

// Clients choose their addresses: who does not know this number cannot choose them to collide.
uint64_t secret() {
  static const uint64_t value = [] {
    const auto bytes = random_bytes<8>();
    uint64_t out;
    std::memcpy(&out, bytes.data(), sizeof out);
    return out | 1;
  }();
  return value;
}

uint64_t mixed(uint64_t value) {
  value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93;
  value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93;
  return value ^ (value >> 32);
}

}  // namespace

size_t AddressBudget::KeyHash::operator()(const Key& key) const {
  uint64_t halves[2];
  std::memcpy(halves, key.prefix.data(), sizeof halves);
  return mixed(mixed(halves[0] ^ secret()) + (halves[1] ^ (secret() * 3)));
}

AddressBudget::Key AddressBudget::key_of(const IpAddress& client) {
  Key out{client.bytes()};
  if (!client.is_v4()) std::ranges::fill(out.prefix.begin() + 8, out.prefix.end(), uint8_t{0});
  return out;
}

std::optional<AddressBudget::Place> AddressBudget::enter(const IpAddress& client, const AddressLimits& limits,
                                                         Monotonic now) {
  if ((limits.connections == 0 && limits.per_second == 0) || contains(limits.uncounted, client)) return Place();
  const int64_t micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  const Key key = key_of(client);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.entries.size() >= shard.sweep_at) sweep(shard, micros);
  Entry& entry = shard.entries[key];
  if (limits.per_second > 0) {
    if (entry.paid_until < micros) entry.paid_until = micros;
    if (entry.paid_until - micros > kSecond) return std::nullopt;
    entry.paid_until += kSecond / static_cast<int64_t>(limits.per_second);
  }
  if (limits.connections > 0 && entry.open >= limits.connections) return std::nullopt;
  ++entry.open;
  return Place(*this, key);
}

void AddressBudget::sweep(Shard& shard, int64_t now) {
  std::erase_if(shard.entries,
                [now](const auto& each) { return each.second.open == 0 && each.second.paid_until <= now; });
  shard.sweep_at = std::max<size_t>(256, 2 * shard.entries.size());
}

void AddressBudget::leave(const Key& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto entry = shard.entries.find(key);
  if (entry != shard.entries.end() && entry->second.open > 0) --entry->second.open;
}

size_t AddressBudget::clients() const {
  size_t out = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    out += shard.entries.size();
  }
  return out;
}

AddressBudget::Place& AddressBudget::Place::operator=(Place&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(key_, other.key_);
  return *this;
}

AddressBudget::Place::~Place() {
  if (budget_ != nullptr) budget_->leave(key_);
}

}  // namespace sallyport::proxy
