// Who is the client? The socket's other end, unless that is a trusted proxy: then the newest address in X-Forwarded-For
// or Forwarded that is not itself a trusted proxy, walked from the socket inward. What stands beyond the first
// untrusted hop is hearsay. X-Real-IP is never asked: it has no order that could be walked.
#pragma once

#include <span>
#include <string_view>

#include "base/http/forwarded.h"
#include "base/ip.h"
#include "base/result.h"

namespace sallyport::policy {

constexpr size_t kTrustedHopsMax = 64;

// forwarded_for: the values of all X-Forwarded-For fields, in order. An entry is an address, "address:port" or
// "[address]:port"; at one that is none of these the walk ends with the hop before it, and so it does at an element of
// Forwarded that names nobody. With both fields both walks must end at the same address: a proxy that writes one of
// them may hand on what the client wrote in the other. errors: kMalformed the two name different clients; a walk past
// kTrustedHopsMax trusted hops, which is a loop or a lie. cost: nothing when the peer is no trusted proxy.
Result<ClientAddress> client_address(const PeerAddress& peer, const CidrList& trusted_proxies,
                                     std::span<const std::string_view> forwarded_for,
                                     std::span<const http::ForwardedElement> forwarded);

}  // namespace sallyport::policy
