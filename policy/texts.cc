#include "policy/texts.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace sallyport::policy {
namespace {

constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lowered(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

std::unexpected<Error> wrong(const char* what) { return malformed(Side::kClient, what); }

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

// The host of a place: a name, or an address in its one spelling.
Result<std::string> parse_place_host(std::string_view text) {
  if (const auto address = IpAddress::parse(text); address && !address->is_v4())
    return wrong("an IPv6 address goes in brackets here: [2001:db8::1]");
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x7e; }))
    return wrong("the host must be written in its ASCII form (xn--...)");
  const auto authority = http::parse_authority(text);
  if (!authority) return wrong("must be a host name or an IP address, with a path after it if wanted");
  if (authority->port) return wrong("must not name a port; the gate's port is used");
  if (text.ends_with('.')) return wrong("the host must be written without a dot at the end");
  if (const auto address = IpAddress::parse(authority->host)) return address->to_string();
  if (!is_host_name(authority->host))
    return wrong("must be a host name or an IP address, with a path after it if wanted");
  return authority->host;
}

// A path in strict canonical form without a slash at the end ("/" alone is kept).
Result<std::string> parse_prefix(std::string_view text) {
  if (text.size() > kPathBytesMax) return wrong("the path is longer than 2048 bytes");
  if (!text.starts_with('/')) return wrong("a path must begin with /");
  if (text.find_first_of("?#") != text.npos) return wrong("a path must not have a query or a fragment");
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x7e; }))
    return wrong("a path must be percent-encoded where it is not ASCII");
  if (text.find('*') != text.npos) return wrong("a path covers what is below it already: write it without *");
  if (text.size() > 1 && text.ends_with('/')) return wrong("a path must be written without a slash at the end");
  std::string scratch;
  std::string_view canonical;
  if (!http::canonical_path(text, http::PathMode::kStrict, scratch, canonical))
    return wrong(
        "is no path that a request could have: no encoded slash, dot segment, ;, //, backslash or control byte");
  return std::string(canonical);
}

// Names as upstreams may fold them.
std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == '_' || c == '.' ? '-' : lowered(c);
  return out;
}

constexpr std::array<std::string_view, 11> kFraming{"connection", "content-length",    "expect", "http2-settings",
                                                    "keep-alive", "proxy-connection",  "te",     "trailer",
                                                    "trailers",   "transfer-encoding", "upgrade"};
constexpr std::array<std::string_view, 4> kWritten{"forwarded", "x-real-ip", "x-request-id", "client-cert"};
constexpr std::array<std::string_view, 3> kWrittenFamilies{"x-forwarded-", "x-sallyport-", "sec-websocket-"};

}  // namespace

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax || !(is_lower(text[0]) || is_digit(text[0]))) return false;
  return std::ranges::all_of(text,
                             [](char c) { return is_lower(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_secret_name(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax || is_digit(text[0])) return false;
  return std::ranges::all_of(text, [](char c) { return is_lower(lowered(c)) || is_digit(c) || c == '_'; });
}

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_lower(lowered(c)) || is_digit(c) || kMarks.find(c) != kMarks.npos;
  });
}

bool is_method(std::string_view text) {
  if (text.empty() || text.size() > 32 || !is_upper(text[0])) return false;
  return std::ranges::all_of(text, [](char c) { return is_upper(c) || c == '-'; });
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > kHostBytesMax) return false;
  std::string_view rest = text;
  std::string_view label;
  while (true) {
    const size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  // What ends in a number is an IPv4 address to some readers (WHATWG URL s3.5): only the dotted quad may look like one.
  const bool hex = label.starts_with("0x") && label.find_first_not_of("0123456789abcdef", 2) == label.npos;
  return !hex && !std::ranges::all_of(label, is_digit);
}

bool is_email(std::string_view text) {
  const size_t at = text.find('@');
  if (at == text.npos || at == 0 || at > 64 || text.size() > 254) return false;
  if (!std::ranges::all_of(text.substr(0, at), [](char c) {
        return static_cast<unsigned char>(c) > 0x20 && c != 0x7f &&
               std::string_view("\"(),:;<>[]\\").find(c) == std::string_view::npos;
      }))
    return false;
  std::string host(text.substr(at + 1));
  std::ranges::transform(host, host.begin(), lowered);
  return is_host_name(host);
}

Result<At> parse_at(std::string_view text) {
  if (text.find("://") != text.npos) return wrong("must be host[/prefix], without https:// in front");
  if (text.find('@') != text.npos) return wrong("must be host[/prefix], without a user");
  const size_t slash = text.find('/');
  TRY(std::string host, parse_place_host(text.substr(0, slash)));
  At at{std::move(host), ""};
  if (slash == text.npos || text.substr(slash) == "/") return at;
  TRY(at.prefix, parse_prefix(text.substr(slash)));
  if (http::path_has_prefix_ignoring_case(at.prefix, "/.sallyport"))
    return wrong("paths under /.sallyport are the gateway's own");
  return at;
}

Result<std::string> parse_rule_path(std::string_view text) { return parse_prefix(text); }

Result<std::string> parse_origin(std::string_view text) {
  constexpr const char* kWhat = "must be an origin like https://app.example.test, without a path";
  if (text == "*" || text == "null") return wrong("must name one origin; * and null are not taken");
  const size_t host = text.find("://");
  if (host == text.npos || text.find_first_of("/?#", host + 3) != text.npos) return wrong(kWhat);
  const auto url = http::parse_url(text);
  if (!url) return wrong(kWhat);
  return url->scheme + "://" + url->authority();
}

Result<http::Url> parse_upstream_url(std::string_view text) {
  // parse_url's own words would do but for these, which are met most.
  const size_t host = text.find("://");
  if (!text.starts_with("https://") && !text.starts_with("http://"))
    return wrong("must begin with https:// or http://; ftp:// and others are not done");
  const std::string_view authority = text.substr(host + 3, text.find_first_of("/?#", host + 3) - host - 3);
  if (authority.find('@') != authority.npos)
    return wrong("must not hold a user or password; put them under secrets and use them in auth or inject");
  TRY(http::Url url, http::parse_url(text));
  if (text.find('?') != text.npos) return wrong("must not have a query; use inject.query for parameters");
  return url;
}

Result<std::string> parse_server_name(std::string_view text) {
  if (const auto address = IpAddress::parse(text)) return address->to_string();
  std::string host(text);
  std::ranges::transform(host, host.begin(), lowered);
  if (!is_host_name(host)) return wrong("must be a host name or an IP address, without a port");
  return host;
}

Result<void> check_injected_header(std::string_view name) {
  if (name.size() > 128 || !is_token(name)) return wrong("is no name of a header");
  const std::string key = folded(name);
  const auto denied = [](const char* what) { return fail(Code::kDenied, Side::kClient, what); };
  if (key == "host") return denied("cannot be injected; use upstream.host");
  if (std::ranges::find(kFraming, key) != kFraming.end()) return denied("cannot be injected: it frames the message");
  const bool family = std::ranges::any_of(kWrittenFamilies, [&](std::string_view f) { return key.starts_with(f); });
  if (family || std::ranges::find(kWritten, key) != kWritten.end())
    return denied("cannot be injected: the gateway writes it itself");
  return {};
}

Result<void> check_ca_pem(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  if (text.find("PRIVATE KEY") != text.npos) return wrong("holds a private key; only certificates belong here");
  size_t at = 0;
  int certificates = 0;
  while ((at = text.find(kBegin, at)) != text.npos) {
    const size_t end = text.find(kEnd, at);
    if (end == text.npos) return wrong("has a certificate that does not end");
    std::string body;
    for (const char c : text.substr(at + kBegin.size(), end - at - kBegin.size())) {
      if (c != '\n' && c != '\r' && c != ' ' && c != '\t') body += c;
    }
    if (body.empty() || !base64_decode(body)) return wrong("has a certificate that is not base64");
    ++certificates;
    at = end;
  }
  if (certificates == 0) return wrong("must be PEM certificates (in a file for `apply`: the path of one)");
  return {};
}

}  // namespace sallyport::policy
