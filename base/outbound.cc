#include "base/outbound.h"

#include "base/own_address.h"

namespace sallyport {

const char* outbound_refusal(const CidrList& networks, const IpAddress& address) {
  if (!networks.empty())
    return contains(networks, address) ? nullptr : "the address is not on the outbound list (upstream.networks)";
  if (!is_public(address)) return "the address is not public, and there is no outbound list (upstream.networks)";
  if (is_own_address(address))
    return "the address is this machine's own, and there is no outbound list (upstream.networks)";
  return nullptr;
}

}  // namespace sallyport
