// 128 random bits that name a record for ever (a resource, a user, a session's public id). Shown as 26 characters of
// Crockford base32, lower case.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport {

struct RecordId {
  std::array<std::byte, 16> bytes{};
  static RecordId random();
  static Result<RecordId> parse(std::string_view text);
  std::string to_string() const;
  ByteView view() const { return bytes; }
  bool is_zero() const { return *this == RecordId{}; }
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
};

struct RecordIdHash {
  size_t operator()(const RecordId& id) const {
    size_t out;
    std::memcpy(&out, id.bytes.data(), sizeof out);
    return out;
  }
};

using UserId = RecordId;

}  // namespace sallyport
