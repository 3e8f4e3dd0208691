// The one way in which lists of fields become bytes for a MAC, a hash or associated data: each field with its length in
// front (4 bytes, big endian), so that no two lists have the same spelling.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace sallyport::storage {

class LengthPrefixed {
 public:
  LengthPrefixed& add(ByteView field) {
    put(static_cast<uint32_t>(field.size()), 4);
    bytes_.insert(bytes_.end(), field.begin(), field.end());
    return *this;
  }
  LengthPrefixed& add(std::string_view field) { return add(as_bytes(field)); }
  // 8 bytes, big endian.
  LengthPrefixed& add(uint64_t number) {
    put(8, 4);
    put(number, 8);
    return *this;
  }
  ByteView bytes() const { return bytes_; }

 private:
  void put(uint64_t number, int width) {
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
      bytes_.push_back(static_cast<std::byte>(number >> shift & 0xff));
  }
  Bytes bytes_;
};

}  // namespace sallyport::storage
