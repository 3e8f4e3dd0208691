// Bytes and their spellings: views, hex, base64 (RFC 4648 s4), base64url without padding (s5), constant-time compare.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport {

using ByteView = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline std::string to_text(ByteView bytes) { return std::string(as_text(bytes)); }

std::string hex_encode(ByteView bytes);  // lower case
Result<Bytes> hex_decode(std::string_view text);

std::string base64_encode(ByteView bytes);     // with padding
std::string base64url_encode(ByteView bytes);  // without padding
// Strict: no white space, canonical trailing bits, padding exactly as the encoder would write it. kMalformed otherwise.
Result<Bytes> base64_decode(std::string_view text);
Result<Bytes> base64url_decode(std::string_view text);

// True if equal; the time depends on the length alone.
bool constant_time_equal(ByteView a, ByteView b);

}  // namespace sallyport
