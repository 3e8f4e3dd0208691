#include "base/http/url.h"

#include <algorithm>
#include <array>

#include "base/http/field.h"

namespace sallyport::http {
namespace {

constexpr size_t kHostBytesMax = 253;  // RFC 1035 s2.3.4
constexpr size_t kLabelBytesMax = 63;

enum : uint8_t {
  kUnreserved = 1,  // RFC 3986 s2.3
  kPathByte =
      2,  // may stand in a path as it is (either mode); wider than pchar by what browsers send: []{}|^`"<>
  kQueryByte = 4,
  kNameByte = 8,  // of a host name, lower case
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
bool is(uint8_t kinds, uint8_t byte) { return (kClass[byte] & kinds) != 0; }
bool is(uint8_t kinds, char byte) { return is(kinds, static_cast<uint8_t>(byte)); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that "%XY" at `at` stands for, or -1.
int percent_byte(std::string_view text, size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

void append_percent(uint8_t byte, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

bool legal_query(std::string_view query) {
  for (size_t i = 0; i < query.size(); ++i)
    if (!is(kQueryByte, query[i]) || (query[i] == '%' && percent_byte(query, i) < 0)) return false;
  return true;
}

// WHATWG URL s3.5 "ends in a number": clients would read such a host as an address, whatever its labels are.
bool ends_in_number(std::string_view host) {
  const size_t dot = host.rfind('.');
  std::string_view last = dot == host.npos ? host : host.substr(dot + 1);
  if (std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; })) return true;
  if (!last.starts_with("0x") && !last.starts_with("0X")) return false;
  return std::ranges::all_of(last.substr(2), [](char c) { return hex_digit(c) >= 0; });
}

bool legal_name(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  size_t label = 0;
  for (size_t i = 0; i <= host.size(); ++i) {
    if (i < host.size() && host[i] != '.') {
      if (!is(kNameByte, host[i])) return false;
      continue;
    }
    const size_t length = i - label;
    if (length == 0 || length > kLabelBytesMax || host[label] == '-' || host[i - 1] == '-') return false;
    label = i + 1;
  }
  return true;
}

Result<uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || text.size() > 5 || !digits || text[0] == '0')
    return malformed(Side::kClient, "bad port");
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  if (value > 65535) return malformed(Side::kClient, "bad port");
  return static_cast<uint16_t>(value);
}

uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

}  // namespace

Result<AuthorityView> parse_authority(std::string_view text, std::string& scratch) {
  AuthorityView out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == text.npos) return malformed(Side::kClient, "host: '[' without ']'");
    const std::string_view inside = text.substr(1, end - 1);
    TRY(const IpAddress address, IpAddress::parse(inside));
    if (inside.find(':') == inside.npos) return malformed(Side::kClient, "host: brackets are for IPv6");
    rest = text.substr(end + 1);
    scratch = address.to_string();
    out.host = scratch == inside ? inside : std::string_view(scratch);
  } else {
    const size_t colon = text.find(':');
    std::string_view host = text.substr(0, colon);
    if (colon != text.npos) rest = text.substr(colon);
    if (host.ends_with('.')) host.remove_suffix(1);
    if (!legal_name(host)) return malformed(Side::kClient, "bad host name");
    if (ends_in_number(host) && !IpAddress::parse(host))
      return malformed(Side::kClient, "host is a number, no address");
    out.host = host;
    if (std::ranges::any_of(host, [](char c) { return c >= 'A' && c <= 'Z'; })) {
      scratch.assign(host);
      for (char& c : scratch)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
      out.host = scratch;
    }
  }
  if (rest.empty()) return out;
  if (rest[0] != ':') return malformed(Side::kClient, "bad host");
  TRY(out.port, parse_port(rest.substr(1)));
  return out;
}

Result<Authority> parse_authority(std::string_view text) {
  std::string scratch;
  TRY(const AuthorityView view, parse_authority(text, scratch));
  return Authority{std::string(view.host), view.port};
}

bool Url::is_address() const { return IpAddress::parse(host).has_value(); }

std::string Url::authority() const {
  std::string out = host.find(':') == host.npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::to_string() const {
  return scheme + "://" + authority() + path + (query.empty() ? "" : "?" + query);
}

Result<Url> parse_url(std::string_view text) {
  Url out;
  const size_t colon = text.find("://");
  if (colon == text.npos) return malformed(Side::kClient, "not an absolute URL");
  if (iequals(text.substr(0, colon), "http"))
    out.scheme = "http";
  else if (iequals(text.substr(0, colon), "https"))
    out.scheme = "https";
  else
    return malformed(Side::kClient, "URL scheme is neither http nor https");
  text.remove_prefix(colon + 3);
  if (text.find('#') != text.npos) return malformed(Side::kClient, "fragments in a URL are refused");
  const size_t end = std::min(text.find_first_of("/?\\"), text.size());
  const std::string_view authority = text.substr(0, end);
  if (authority.find('@') != authority.npos)
    return malformed(Side::kClient, "credentials in a URL are refused");
  TRY(Authority parsed, parse_authority(authority));
  out.host = std::move(parsed.host);
  out.port = parsed.port.value_or(default_port(out.scheme));
  text.remove_prefix(end);
  const size_t mark = std::min(text.find('?'), text.size());
  const std::string_view path = mark == 0 ? "/" : text.substr(0, mark);
  std::string_view canonical;
  TRY(const bool changed, canonical_path(path, PathMode::kStrict, out.path, canonical));
  if (!changed) out.path = canonical;
  if (mark < text.size()) out.query = text.substr(mark + 1);
  if (!legal_query(out.query)) return malformed(Side::kClient, "bad byte in the query");
  return out;
}

namespace {

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

Result<bool> canonical_path(std::string_view path, PathMode mode, std::string& scratch,
                            std::string_view& out) {
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

Result<Target> parse_target(std::string_view target) {
  Target out;
  if (target == "*") {
    out.path = target;
    out.asterisk = true;
    return out;
  }
  if (!std::ranges::all_of(target, [](char c) { return is(kQueryByte, c); }))
    return malformed(Side::kClient, "bad byte in the request target");
  if (!target.starts_with('/')) {
    const size_t colon = target.find("://");
    const std::string_view scheme = target.substr(0, colon);
    if (colon == target.npos || (!iequals(scheme, "http") && !iequals(scheme, "https")))
      return malformed(Side::kClient, "request target of an unknown form");
    target.remove_prefix(colon + 3);
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    out.authority = target.substr(0, end);
    std::string scratch;
    CHECKED(parse_authority(out.authority, scratch));
    target.remove_prefix(end);
    if (target.empty() || target[0] == '?') out.path = "/";
  }
  const size_t mark = target.find('?');
  if (out.path.empty()) out.path = target.substr(0, mark);
  if (mark != target.npos) {
    out.query = target.substr(mark + 1);
    out.has_query = true;
  }
  return out;
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
  const auto folded = [&](int value) {
    return ignore_case && value >= 'A' && value <= 'Z' ? value | 0x20 : value;
  };
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

bool path_has_prefix(std::string_view path, std::string_view prefix) {
  return path_matches(path, prefix, false);
}
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
