// Time is passed in, so that tests advance a clock instead of sleeping. Two times that cannot be mixed:
// WallMicros (microseconds since 1970, UTC; what is stored and shown) and std::chrono::steady_clock (timeouts).
#pragma once

#include <chrono>
#include <cstdint>

namespace sallyport {

enum class WallMicros : int64_t {};
constexpr int64_t count(WallMicros time) { return static_cast<int64_t>(time); }
constexpr WallMicros operator+(WallMicros time, std::chrono::microseconds by) {
  return WallMicros{count(time) + by.count()};
}
constexpr WallMicros operator-(WallMicros time, std::chrono::microseconds by) {
  return WallMicros{count(time) - by.count()};
}
constexpr std::chrono::microseconds operator-(WallMicros a, WallMicros b) {
  return std::chrono::microseconds{count(a) - count(b)};
}

using Monotonic = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallMicros wall() const = 0;
  virtual Monotonic monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallMicros wall() const override {
    return WallMicros{
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count()};
  }
  Monotonic monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace sallyport
