// What a worker counts. Plain numbers written by the worker's thread alone and read by the admin endpoint from another:
// relaxed atomics, no lock, no shared cache line between workers.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace sallyport::proxy {

class Count {
 public:
  void add(uint64_t by = 1) { value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
  void set(uint64_t to) { value_.store(to, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// How long something took: cumulative buckets by upper bound, in microseconds, and one for all that took longer.
template <const auto& kBounds>
class Durations {
 public:
  void add(std::chrono::microseconds took) {  // below zero counts as zero
    const auto micros = static_cast<uint64_t>(std::max<int64_t>(0, took.count()));
    size_t bucket = 0;
    while (bucket < kBounds.size() && micros > kBounds[bucket]) ++bucket;
    counts_[bucket].add();
    sum_.add(micros);
  }
  const std::array<Count, kBounds.size() + 1>& counts() const { return counts_; }
  uint64_t sum_micros() const { return sum_.value(); }

 private:
  std::array<Count, kBounds.size() + 1> counts_;
  Count sum_;
};

inline constexpr std::array<uint64_t, 8> kRequestMicros{1000, 5000, 10000, 50000, 100000, 500000, 1000000, 10000000};
inline constexpr std::array<uint64_t, 8> kDelayMicros{100, 250, 500, 1000, 2000, 5000, 20000, 100000};

struct alignas(64) Metrics {
  Count connections_accepted;
  Count connections_open;
  Count connections_refused;  // over the limit, or without the PROXY header that is demanded
  Count addresses_refused;    // connections over what their client's address may have
  Count handshakes_failed;
  Count requests_malformed;
  Count client_timeouts;
  std::array<Count, 6> responses;  // by status / 100
  Count rate_limited;              // refused by a rate limit
  Count audit_full;                // refused because no audit entry could be set aside
  Count upstream_connections;      // made
  Count upstream_reused;
  Count upstream_failures;
  Count upstream_retries;
  Count secrets_refused;  // sealed values that did not open
  Count http2_connections;
  Count http2_floods;  // connections ended for what a client did too often or held too much of
  Count websockets;    // opened
  Count websockets_open;
  Count websocket_violations;        // ended because a side broke the protocol or a limit
  Count websocket_messages_dropped;  // of clients that may only listen
  Count request_bytes;
  Count response_bytes;
  Durations<kRequestMicros> latency;   // to the last byte
  Durations<kDelayMicros> loop_delay;  // how much later than due the loop ticks
};

}  // namespace sallyport::proxy
