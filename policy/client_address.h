// Who is the client? The socket's other end, unless that is a trusted proxy: then the newest address in X-Forwarded-For
// that is not itself a trusted proxy, walked from the socket inward. What stands beyond the first untrusted hop is
// hearsay.
#pragma once

#include <span>
#include <string_view>

#include "base/ip.h"

namespace sallyport::policy {

// forwarded_for: the values of all X-Forwarded-For fields, in order. An entry is an address, "address:port" or
// "[address]:port"; at one that is none of these the walk ends with the hop before it.   cost: nothing when the peer is
// no trusted proxy.
ClientAddress client_address(const PeerAddress& peer, const CidrList& trusted_proxies,
                             std::span<const std::string_view> forwarded_for);

}  // namespace sallyport::policy
