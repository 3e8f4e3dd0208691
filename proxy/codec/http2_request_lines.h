// The request head that we write for an upstream, as HTTP/2 field lines (RFC 9113 s8.3.1). It is our own HTTP/1.1 text,
// so nothing of it is judged again: it is only cut into pieces.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/codec/http2_session.h"

namespace sallyport::http2 {

struct RequestLineRules {
  std::string_view scheme;
  std::span<const std::string> secret_names;  // lower case; never indexed (RFC 7541 s7.1.3), as cookies are, too
  bool secret_target = false;                 // a credential stands in the path
  bool takes_trailers = false;                // `te: trailers` is added (s8.2.2)
};

// head: "METHOD target HTTP/1.1", "Host: ..." and the other field lines, CRLF each, and an empty one. The fields of the
// connection (s8.2.2) are left out.
// cost: one pass; `out` is cleared first.
void append_request_lines(std::string_view head, const RequestLineRules& rules, FieldBlock& out);

}  // namespace sallyport::http2
