// How many connections one client may have, and how many it may begin in a second: a client is an IPv4 address or the
// first 64 bits of an IPv6 one. Shared by all workers, asked once for each connection. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "base/ip.h"

namespace sallyport::proxy {

struct AddressLimits {
  size_t connections = 0;  // open at once; 0: no limit
  size_t per_second = 0;   // begun; a second's worth may come at once; 0: no limit
  CidrList uncounted = {};
};

class AddressBudget {
  struct Key {
    std::array<uint8_t, 16> prefix;
    friend bool operator==(const Key&, const Key&) = default;
  };

 public:
  // One connection's part of it.
  class Place {
   public:
    Place() = default;  // of one that is not counted
    Place(Place&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)), key_(other.key_) {}
    Place& operator=(Place&& other) noexcept;
    ~Place();

   private:
    friend class AddressBudget;
    Place(AddressBudget& budget, const Key& key) : budget_(&budget), key_(key) {}
    AddressBudget* budget_ = nullptr;
    Key key_{};
  };

  // Nothing: the client has all it may have. What is refused counts as begun, too.
  // cost: a hash look-up under the lock of a sixteenth of the table. memory: an entry for each client that has a
  // connection, or began one in the last second or so.
  std::optional<Place> enter(const IpAddress& client, const AddressLimits& limits, Monotonic now);
  size_t clients() const;

 private:
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  struct Entry {
    size_t open = 0;
    int64_t paid_until = 0;  // microseconds: a bucket that is full again then
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Entry, KeyHash> entries;
    size_t sweep_at = 256;
  };
  static Key key_of(const IpAddress& client);
  Shard& shard_of(const Key& key) { return shards_[KeyHash{}(key) % shards_.size()]; }
  static void sweep(Shard& shard, int64_t now);
  void leave(const Key& key);

  std::array<Shard, 16> shards_;
};

}  // namespace sallyport::proxy
