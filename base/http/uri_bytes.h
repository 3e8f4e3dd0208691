// Byte classes and percent signs of URIs (RFC 3986 s2), for the readers of URLs and paths in this folder.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::http::uri {

enum : uint8_t {
  kUnreserved = 1,  // s2.3
  kPathByte = 2,    // may stand in a path as it is (either mode); wider than pchar by what browsers send: []{}|^`"<>
  kQueryByte = 4,
  kNameByte = 8,  // of a host name
  kControl = 16,
};
constexpr auto kClass = [] {
  std::array<uint8_t, 256> out{};
  for (int c = 0; c < 256; ++c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    uint8_t bits = 0;
    if (alphanumeric || c == '-' || c == '.' || c == '_' || c == '~') bits |= kUnreserved;
    if (c > 0x20 && c < 0x7f && c != '#') bits |= kQueryByte;
    if (c > 0x20 && c < 0x7f && c != '#' && c != '?') bits |= kPathByte;
    if (alphanumeric || c == '-' || c == '_') bits |= kNameByte;
    if (c < 0x20 || c == 0x7f) bits |= kControl;
    out[static_cast<size_t>(c)] = bits;
  }
  return out;
}();
inline bool is(uint8_t kinds, uint8_t byte) { return (kClass[byte] & kinds) != 0; }
inline bool is(uint8_t kinds, char byte) { return is(kinds, static_cast<uint8_t>(byte)); }

inline int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that "%XY" at `at` stands for, or -1.
inline int percent_byte(std::string_view text, size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

inline void append_percent(uint8_t byte, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

}  // namespace sallyport::http::uri
