// Bytes of unknown origin as JSON string text that is safe to print: always valid UTF-8, one line, no control
// characters.
#pragma once

#include <string>
#include <string_view>

namespace sallyport {

// Appends `bytes` as a JSON string with its quotes (RFC 8259 s7). Control characters (C0, DEL, C1) and U+2028/2029 are
// escaped, so that neither a line nor a terminal is broken; each byte that is not part of well-formed UTF-8 (RFC 3629:
// no overlong forms, no surrogates) becomes U+FFFD.   cost: one pass; plain ASCII is copied in runs.
void append_json_string(std::string& out, std::string_view bytes);

// Well-formed UTF-8 that can stand on a line as it is: none of those control characters, and none that turns the
// direction of what follows (U+202A to 202E, U+2066 to 2069).
bool is_plain_text(std::string_view bytes);

}  // namespace sallyport
