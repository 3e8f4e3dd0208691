// The Forwarded field (RFC 7239): each proxy on the way adds an element that says who asked it, and by what scheme. A
// strict reader of its grammar; whether a word of it is believed is not its business.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace sallyport::http {

constexpr size_t kForwardedElementsMax = 64;  // of all Forwarded fields of one message together

struct ForwardedElement {
  // for= as an address, its port dropped, v4-mapped folded. Nothing: no for=, "unknown" (s6.2) or an obfuscated "_name"
  // (s6.3), which name nobody.
  std::optional<IpAddress> client{};
  std::string_view proto{};  // a scheme, in any case of its letters; empty: not said
};

// Appends the elements of one field value, in order, with views into `field`. by=, host= and extensions are read by the
// grammar and dropped.
// errors: kMalformed for a value that is not s4's list (quotes that do not close, a pair without "=", one of the four
// names twice in an element, an element of nothing), a for= that is neither an address (IPv6 in brackets, so quoted)
// nor nameless, a port over 65535 or with leading zeros, a proto= that is no scheme, an escape in for= or proto=, whose
// values need none; and for element 65. `elements` is then of no use.   cost: one pass.
Result<void> parse_forwarded(std::string_view field, std::vector<ForwardedElement>& elements);

}  // namespace sallyport::http
