#include "base/json_text.h"

#include <cstdint>

namespace sallyport {
namespace {

// The length of the well-formed UTF-8 sequence at the front (RFC 3629 s4), and its code point; 0 when there is none.
size_t utf8_sequence(std::string_view text, uint32_t& code_point) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto tail = [&](size_t i) { return i < text.size() && (at(i) & 0xc0) == 0x80; };
  const uint8_t first = at(0);
  if (first >= 0xc2 && first <= 0xdf && tail(1)) {
    code_point = static_cast<uint32_t>((first & 0x1f) << 6 | (at(1) & 0x3f));
    return 2;
  }
  if (first >= 0xe0 && first <= 0xef && tail(1) && tail(2)) {
    code_point = static_cast<uint32_t>((first & 0x0f) << 12 | (at(1) & 0x3f) << 6 | (at(2) & 0x3f));
    return code_point >= 0x800 && (code_point < 0xd800 || code_point > 0xdfff) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4 && tail(1) && tail(2) && tail(3)) {
    code_point =
        static_cast<uint32_t>((first & 0x07) << 18 | (at(1) & 0x3f) << 12 | (at(2) & 0x3f) << 6 | (at(3) & 0x3f));
    return code_point >= 0x10000 && code_point <= 0x10ffff ? 4 : 0;
  }
  return 0;
}

void append_escape(std::string& out, uint32_t code) {
  constexpr char kHex[] = "0123456789abcdef";
  out += {'\\', 'u', kHex[code >> 12 & 15], kHex[code >> 8 & 15], kHex[code >> 4 & 15], kHex[code & 15]};
}

void append_ascii_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      append_escape(out, static_cast<uint8_t>(c));
  }
}

}  // namespace

bool is_plain_text(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte < 0x80) {
      ++i;
      continue;
    }
    uint32_t code = 0;
    const size_t length = utf8_sequence(bytes.substr(i), code);
    const bool turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    if (length == 0 || code < 0xa0 || code == 0x2028 || code == 0x2029 || turns) return false;
    i += length;
  }
  return true;
}

void append_json_string(std::string& out, std::string_view bytes) {
  out += '"';
  size_t i = 0;
  while (i < bytes.size()) {
    size_t run = i;
    while (run < bytes.size() && bytes[run] >= 0x20 && bytes[run] < 0x7f && bytes[run] != '"' && bytes[run] != '\\')
      ++run;
    out.append(bytes, i, run - i);
    i = run;
    if (i == bytes.size()) break;
    if (static_cast<uint8_t>(bytes[i]) < 0x80) {
      append_ascii_escape(out, bytes[i++]);
      continue;
    }
    uint32_t code = 0;
    const size_t length = utf8_sequence(bytes.substr(i), code);
    if (length == 0)
      out += "\xef\xbf\xbd";
    else if (code < 0xa0 || code == 0x2028 || code == 0x2029)
      append_escape(out, code);
    else
      out.append(bytes, i, length);
    i += length == 0 ? 1 : length;
  }
  out += '"';
}

}  // namespace sallyport
