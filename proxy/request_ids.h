// Ids of requests: 16 random hex digits of the worker and 8 that count. They name a request in answers, log and audit;
// they are no secret.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"

namespace sallyport::proxy {

class RequestIds {
 public:
  static constexpr size_t kLength = 24;

  RequestIds() : prefix_(hex_encode(random_bytes<8>())) {}
  // A view into `room`.
  std::string_view next(std::array<char, kLength>& room) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::ranges::copy(prefix_, room.begin());
    const uint64_t number = ++counter_;
    for (size_t i = 0; i < 8; ++i) room[16 + i] = kDigits[number >> (28 - 4 * i) & 15];
    return {room.data(), room.size()};
  }

 private:
  std::string prefix_;
  uint64_t counter_ = 0;
};

}  // namespace sallyport::proxy
