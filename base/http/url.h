// URLs and request targets (RFC 3986, RFC 9112 s3.2) and the one form of a path that is matched and
// forwarded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace sallyport::http {

// An absolute http or https URL of a configuration or resource.
struct Url {
  std::string scheme;             // "http" | "https"
  std::string host;               // lower case name, or an address without brackets; no trailing dot
  uint16_t port = 0;              // the scheme's default when the text has none
  std::string path;               // begins with '/', canonical (strict)
  std::string query;              // without '?'
  bool is_address() const;        // host is an IP address
  std::string authority() const;  // host, brackets for v6, ":port" unless the scheme's default
  void append_authority(std::string& out) const;
  std::string to_string() const;
};
// errors: kMalformed other scheme, user info ("credentials in a URL are refused"), empty or bad host
// (decimal, octal or hex numbers that are no dotted quad, control bytes, IDN not in A-label form), port 0 or
// > 65535, fragment.
Result<Url> parse_url(std::string_view text);

// Host field value or :authority -> lower-case host without port, trailing dot removed; an address without
// brackets, in the one spelling IpAddress::to_string() gives.   errors: kMalformed user info, an empty label,
// a byte outside [A-Za-z0-9_-.], a name whose last label is a number but no dotted quad, an empty port, port
// 0.
struct Authority {
  std::string host;
  std::optional<uint16_t> port;
};
Result<Authority> parse_authority(std::string_view text);

// The same without an allocation in the usual case: `host` views `text` when that is in lower case already,
// else `scratch`.
struct AuthorityView {
  std::string_view host;
  std::optional<uint16_t> port;
};
Result<AuthorityView> parse_authority(std::string_view text, std::string& scratch);

enum class PathMode : uint8_t {
  kStrict,  // refuses %2F, %5C, backslash, ';' and its %3B, '//', dot segments in any spelling, %00 and other
            // control bytes, overlong UTF-8 (%C0.., %C1.., %E0%80..%9F, %F0%80..%8F)
  kRaw,     // only checks that percent signs and bytes are legal; nothing is decoded
};
// The canonical form of a path: percent-encoded unreserved characters decoded, other hex digits upper-cased.
// input: begins with '/', no query.   returns: false and the same view in `out` when the input is already
// canonical (the usual case, no allocation), true when `scratch` was written and `out` views it.   errors:
// kMalformed what the mode refuses.
Result<bool> canonical_path(std::string_view path, PathMode mode, std::string& scratch, std::string_view& out);

struct Target {
  std::string_view path;   // as sent
  std::string_view query;  // as sent, without '?'
  bool has_query = false;
  std::string_view authority;  // of the absolute form, else empty
  bool asterisk = false;       // OPTIONS *
};
// origin-form, absolute-form (http or https), asterisk-form; authority-form (CONNECT) and anything else is
// kMalformed.
Result<Target> parse_target(std::string_view target);

// A prefix matches whole segments: /ui matches /ui and /ui/x, not /uix; "/" matches everything. Both are
// canonical paths. A reserved character and its percent-encoding count as the same here ("/@admin" matches
// /%40admin), since upstreams decode them; '/' and '%' do not.
bool path_has_prefix(std::string_view path, std::string_view prefix);
bool path_has_prefix_ignoring_case(std::string_view path, std::string_view prefix);

std::string percent_encode(std::string_view text);  // all but unreserved; for query values
Result<std::string> percent_decode(std::string_view text);

// Is `text` an authority of `host`, which parse_authority() gave before, just as it stands and with a plain port or
// none? Then it needs no reading again. False may also mean: not in this one spelling.   cost: a compare.
bool is_authority_of(std::string_view text, std::string_view host);

}  // namespace sallyport::http
