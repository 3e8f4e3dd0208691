// Does an address lead back to this machine?
#pragma once

#include "base/ip.h"

namespace sallyport {

// The kernel is asked which address it would speak from: its own addresses are spoken to from themselves. Nothing is
// sent, and what was added or taken away since the start counts. An address that the network alone translates to this
// machine is not known here. True as well when the question cannot be asked.   cost: four system calls.
bool is_own_address(const IpAddress& address);

}  // namespace sallyport
