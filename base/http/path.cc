// Paths of url.h: the one form that is matched and forwarded, whole-segment prefixes, percent-encoding.
#include "base/http/uri_bytes.h"
#include "base/http/url.h"

namespace sallyport::http {
namespace {

using uri::append_percent;
using uri::is;
using uri::kControl;
using uri::kPathByte;
using uri::kUnreserved;
using uri::percent_byte;

// What strict mode refuses of a percent-encoded byte; `next` is the encoded byte right behind it, or -1.
bool refused_encoded(int byte, int next) {
  if (byte == '/' || byte == '\\' || byte == ';' || is(kControl, static_cast<uint8_t>(byte))) return true;
  if (byte == 0xc0 || byte == 0xc1) return true;  // can only begin an overlong form (RFC 3629 s3)
  if (byte == 0xe0) return next >= 0x80 && next <= 0x9f;
  if (byte == 0xf0) return next >= 0x80 && next <= 0x8f;
  return false;
}

bool is_dots(std::string_view segment) { return segment == "." || segment == ".."; }

// Of a path whose unreserved characters are decoded.
Result<void> check_segments(std::string_view path) {
  size_t begin = 1;
  for (size_t i = 1; i <= path.size(); ++i) {
    if (i < path.size() && path[i] != '/') continue;
    if (i == begin && i < path.size()) return malformed(Side::kClient, "empty path segment");
    if (is_dots(path.substr(begin, i - begin))) return malformed(Side::kClient, "dot segment in the path");
    begin = i + 1;
  }
  return {};
}

// Strict mode's decoding of a path with legal percent signs.
Result<void> decode_path(std::string_view path, std::string& out) {
  out.clear();
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    const int byte = percent_byte(path, i);
    if (refused_encoded(byte, percent_byte(path, i + 3)))
      return malformed(Side::kClient, "encoded byte that paths may not have");
    if (is(kUnreserved, static_cast<uint8_t>(byte)))
      out += static_cast<char>(byte);
    else
      append_percent(static_cast<uint8_t>(byte), out);
    i += 2;
  }
  return {};
}

}  // namespace

Result<bool> canonical_path(std::string_view path, PathMode mode, std::string& scratch, std::string_view& out) {
  if (path.empty() || path[0] != '/') return malformed(Side::kClient, "path does not begin with '/'");
  bool percent = false;
  bool look = false;  // something that check_segments() has to look at
  char before = 0;
  for (size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (!is(kPathByte, c)) return malformed(Side::kClient, "bad byte in the path");
    if (c == '%') {
      if (percent_byte(path, i) < 0) return malformed(Side::kClient, "bad percent sign in the path");
      percent = true;
    } else if (mode == PathMode::kStrict && (c == ';' || c == '\\')) {
      return malformed(Side::kClient, "';' or backslash in the path");
    }
    look = look || (before == '/' && (c == '/' || c == '.'));
    before = c;
  }
  out = path;
  if (mode == PathMode::kRaw) return false;
  bool changed = false;
  if (percent) {
    CHECKED(decode_path(path, scratch));
    changed = scratch != path;
    if (changed) out = scratch;
    look = true;
  }
  if (look) CHECKED(check_segments(out));
  return changed;
}

namespace {

// One character of a path for comparison: the byte it stands for, but "%2F" and "%25" stay themselves.
struct Unit {
  int value;
  size_t length;
};
Unit unit_at(std::string_view path, size_t at) {
  const int byte = percent_byte(path, at);
  if (byte < 0) return {static_cast<uint8_t>(path[at]), 1};
  return {byte == '/' || byte == '%' ? 256 + byte : byte, 3};
}

bool path_matches(std::string_view path, std::string_view prefix, bool ignore_case) {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);  // "/ui/" and "/" mean the same as "/ui" and ""
  const auto folded = [&](int value) { return ignore_case && value >= 'A' && value <= 'Z' ? value | 0x20 : value; };
  size_t at = 0;
  for (size_t i = 0; i < prefix.size();) {
    if (at >= path.size()) return false;
    const Unit a = unit_at(path, at);
    const Unit b = unit_at(prefix, i);
    if (folded(a.value) != folded(b.value)) return false;
    at += a.length;
    i += b.length;
  }
  return at == path.size() || path[at] == '/';
}

}  // namespace

bool path_has_prefix(std::string_view path, std::string_view prefix) { return path_matches(path, prefix, false); }
bool path_has_prefix_ignoring_case(std::string_view path, std::string_view prefix) {
  return path_matches(path, prefix, true);
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is(kUnreserved, c))
      out += c;
    else
      append_percent(static_cast<uint8_t>(c), out);
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int byte = percent_byte(text, i);
    if (byte < 0) return malformed(Side::kClient, "bad percent sign");
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

}  // namespace sallyport::http
