// The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): what a proxy that passes on a TCP connection
// says about it, before the connection's own first byte. A strict reader of that one header; whether the sender is to
// be believed is not its business.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include "base/ip.h"

namespace sallyport::proxy {

constexpr size_t kProxyV1BytesMax = 107;   // s2.1, the line's end included
constexpr size_t kProxyV2BytesMax = 1024;  // of 65551 possible: addresses take 52, the rest is additions that we skip

struct ProxyHeader {
  size_t bytes = 0;                     // so many belong to the header; what follows is the connection's own
  std::optional<Endpoint> source = {};  // v4-mapped folded; nothing for LOCAL and UNKNOWN: the socket's peer stays
};

// input: all that came so far, at most the maximum of its version is looked at.   returns: nothing while more bytes are
// needed, and never nothing once kProxyV2BytesMax are there; the verdict does not depend on how the bytes were cut.
// errors: a literal. Refused are: another beginning (at the first byte that differs), another version or command, UDP,
// a relayed connection without an IP address (AF_UNIX and AF_UNSPEC in version 2; s2.2 leaves it free to refuse them,
// and their clients cannot be held against a list), lengths that do not add up, a line that is not in its one spelling,
// a checksum (PP2_TYPE_CRC32C, s2.2.3) that stands there and is wrong. The block of a LOCAL header is skipped unread.
// cost: one pass.
std::expected<std::optional<ProxyHeader>, const char*> read_proxy_header(std::string_view input);

}  // namespace sallyport::proxy
