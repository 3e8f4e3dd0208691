// What is wrong with the listeners' certificates and keeps nobody from serving with them, but clients from trusting
// them: one is over, or ends soon, or does not count yet, or none is for the gate's host. Said by `check`, at a start
// and at a reload.
#pragma once

#include "base/clock.h"
#include "base/mistake.h"
#include "conf/node_config.h"

namespace sallyport::proxy {

constexpr std::chrono::days kCertificateEndsSoon{30};

// In the order of the listeners. What does not read is passed over: ServerTls says so.
Mistakes certificate_worries(const conf::NodeConfig& config, WallMicros now);

}  // namespace sallyport::proxy
