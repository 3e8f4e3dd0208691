// What a client may do on one HTTP/2 connection that costs it nothing and the gateway something, each kind so often: a
// rate with a burst in front (GCRA). Over it, the client is none that works.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "proxy/codec/http2_session.h"

namespace sallyport::http2 {

enum class Spending : uint8_t {
  kReset,         // RST_STREAM (rapid reset, CVE-2023-44487)
  kViolation,     // a frame that had to be answered with a reset (CVE-2025-8671)
  kPing,          // answered, each; earned by the data that is sent
  kSettings,      // the same
  kPriority,      // PRIORITY, PRIORITY_UPDATE and frames that we do not know
  kWindowUpdate,  // earned by the data it is sent, too
  kEmptyData,     // DATA without a byte that does not end its stream
  kKinds,
};

// What a frame that begins to arrive is paid from; nothing: its head or its data is.
constexpr std::optional<Spending> spending_of(const FrameHead& frame) {
  switch (frame.type) {
    case FrameType::kHeaders:
    case FrameType::kContinuation:  // so many of one head, and a head has a budget of bytes
      return std::nullopt;
    case FrameType::kData:
      if (frame.bytes > 0 || frame.end_stream) return std::nullopt;
      return Spending::kEmptyData;
    case FrameType::kReset:
      return Spending::kReset;
    case FrameType::kSettings:
      return Spending::kSettings;
    case FrameType::kPing:
      return Spending::kPing;
    case FrameType::kWindowUpdate:
      return Spending::kWindowUpdate;
    case FrameType::kPriority:
    case FrameType::kPushPromise:
    case FrameType::kGoAway:
    case FrameType::kUnknown:
      return Spending::kPriority;
  }
  return Spending::kPriority;
}

class FrameBudget {
 public:
  // False: the client has spent more than it may.
  bool spend(Spending kind, Monotonic now) {
    const Rate rate = kRates[static_cast<size_t>(kind)];
    int64_t& paid_until = paid_until_[static_cast<size_t>(kind)];
    const int64_t micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    if (paid_until < micros) paid_until = micros;
    paid_until += kSecond / rate.per_second;
    return paid_until - micros <= kSecond / rate.per_second * rate.burst;
  }
  // A DATA frame went out: it is answered with window updates, and some measure their bandwidth with a ping (gRPC).
  void data_sent() {
    earn(Spending::kWindowUpdate);
    earn(Spending::kPing);
  }
  void earn(Spending kind) {
    paid_until_[static_cast<size_t>(kind)] -= kEarned * (kSecond / kRates[static_cast<size_t>(kind)].per_second);
  }
  static const char* why(Spending kind) { return kRates[static_cast<size_t>(kind)].why; }

 private:
  struct Rate {
    int64_t per_second;
    int64_t burst;
    const char* why;
  };
  static constexpr int64_t kSecond = 1'000'000;
  static constexpr int64_t kEarned = 2;  // WINDOW_UPDATE frames (stream and connection) for each DATA frame
  // A browser that leaves a page resets all its streams at once; 100 are open at most.
  static constexpr std::array<Rate, static_cast<size_t>(Spending::kKinds)> kRates{
      Rate{50, 400, "too many resets"},
      Rate{1, 20, "too many broken frames"},
      Rate{10, 50, "too many pings"},
      Rate{1, 20, "too many settings"},
      Rate{100, 1000, "too many priorities"},
      Rate{1000, 2000, "too many window updates"},
      Rate{10, 100, "too many empty data frames"}};
  std::array<int64_t, static_cast<size_t>(Spending::kKinds)> paid_until_{};
};

}  // namespace sallyport::http2
