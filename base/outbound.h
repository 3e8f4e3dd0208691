// Where we may connect: the one rule for everything outside that the configuration names.
#pragma once

#include "base/ip.h"

namespace sallyport {

// Why we may not connect to this address, a literal; null when we may: it is listed, or nothing is and it is public and
// not one of this machine's own.
const char* outbound_refusal(const CidrList& networks, const IpAddress& address);

}  // namespace sallyport
