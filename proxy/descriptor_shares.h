// How the descriptors that this process may have (RLIMIT_NOFILE) are shared out, so that they never run out: the
// gateway's own files have a number of them, clients and idle upstream connections a part of the rest each, and what is
// left is for upstream connections in use. A limit of the configuration that asks for more is lowered, and that is
// said.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "conf/node_config.h"

namespace sallyport::proxy {

struct DescriptorShares {
  size_t clients;        // of all workers together, those who hear that there is no room not counted
  size_t upstream_idle;  // of each worker
  size_t upstream_open;  // of each worker, the idle ones among them

  // descriptors: the limit of this process.   workers: at least 1.   returns: at least 1 of each for every worker,
  // however few there are; below some 100 that is more than there is.
  static DescriptorShares of(size_t descriptors, size_t workers);
};

struct LoweredLimit {
  std::string_view name;  // a literal, as in the configuration
  size_t wanted;
  size_t possible;
};

// Lowers what is larger than its share; what was lowered.
std::vector<LoweredLimit> lower_to(const DescriptorShares& shares, conf::Limits& limits);

// How many connections beyond its limit a worker tells so; more are closed as they come.
size_t too_many_told(size_t connections_max);

}  // namespace sallyport::proxy
