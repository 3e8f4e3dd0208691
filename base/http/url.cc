#include "base/http/url.h"

#include <algorithm>
#include <charconv>

#include "base/http/field.h"
#include "base/http/uri_bytes.h"

namespace sallyport::http {
namespace {

using uri::hex_digit;
using uri::is;
using uri::kNameByte;
using uri::kQueryByte;
using uri::percent_byte;

constexpr size_t kHostBytesMax = 253;  // RFC 1035 s2.3.4
constexpr size_t kLabelBytesMax = 63;

bool legal_query(std::string_view query) {
  for (size_t i = 0; i < query.size(); ++i)
    if (!is(kQueryByte, query[i]) || (query[i] == '%' && percent_byte(query, i) < 0)) return false;
  return true;
}

struct NameFacts {
  bool upper = false;  // has upper-case letters
  size_t last_label = 0;
};

// A host name in one pass, or nothing when it is none.
std::optional<NameFacts> read_name(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax) return std::nullopt;
  NameFacts out;
  size_t label = 0;
  for (size_t i = 0; i <= host.size(); ++i) {
    if (i < host.size() && host[i] != '.') {
      if (!is(kNameByte, host[i])) return std::nullopt;
      out.upper = out.upper || (host[i] >= 'A' && host[i] <= 'Z');
      continue;
    }
    const size_t length = i - label;
    if (length == 0 || length > kLabelBytesMax || host[label] == '-' || host[i - 1] == '-') return std::nullopt;
    out.last_label = label;
    label = i + 1;
  }
  return out;
}

// WHATWG URL s3.5 "ends in a number": clients would read such a host as an address, whatever its other labels are.
bool is_number(std::string_view last_label) {
  if (last_label[0] < '0' || last_label[0] > '9') return false;
  if (std::ranges::all_of(last_label, [](char c) { return c >= '0' && c <= '9'; })) return true;
  if (!last_label.starts_with("0x") && !last_label.starts_with("0X")) return false;
  return std::ranges::all_of(last_label.substr(2), [](char c) { return hex_digit(c) >= 0; });
}

Result<uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || text.size() > 5 || !digits || text[0] == '0') return malformed(Side::kClient, "bad port");
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
    const auto facts = read_name(host);
    if (!facts) return malformed(Side::kClient, "bad host name");
    if (is_number(host.substr(facts->last_label)) && !IpAddress::parse(host))
      return malformed(Side::kClient, "host is a number, no address");
    out.host = host;
    if (facts->upper) {
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

void Url::append_authority(std::string& out) const {
  const bool bare = host.find(':') == host.npos;
  out.append(bare ? "" : "[").append(host).append(bare ? "" : "]");
  if (port == default_port(scheme)) return;
  char digits[6];
  const char* const end = std::to_chars(digits, digits + sizeof digits, port).ptr;
  out.append(":").append(digits, static_cast<size_t>(end - digits));
}

std::string Url::authority() const {
  std::string out;
  append_authority(out);
  return out;
}

std::string Url::to_string() const { return scheme + "://" + authority() + path + (query.empty() ? "" : "?" + query); }

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
  if (authority.find('@') != authority.npos) return malformed(Side::kClient, "credentials in a URL are refused");
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

bool is_authority_of(std::string_view text, std::string_view host) {
  if (host.empty() || !text.starts_with(host)) return false;
  std::string_view port = text.substr(host.size());
  if (port.empty()) return true;
  if (port[0] != ':') return false;
  port.remove_prefix(1);
  const bool digits = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  return digits && !port.empty() && port[0] != '0' && (port.size() < 5 || (port.size() == 5 && port <= "65535"));
}

}  // namespace sallyport::http
