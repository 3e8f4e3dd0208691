// What the workers read of the node's configuration: one immutable value, made anew by a reload and swapped whole in
// each worker, like the snapshot of all policy.
#pragma once

#include <string>
#include <vector>

#include "conf/node_config.h"
#include "proxy/address_budget.h"
#include "proxy/codec/http1_head.h"
#include "proxy/descriptor_shares.h"

namespace sallyport::proxy {

struct Settings {
  // descriptors: how many this process may have; limits that want more are lowered.
  Settings(const conf::NodeConfig& config, size_t descriptors);

  conf::Limits limits;
  DescriptorShares shares;
  std::vector<LoweredLimit> lowered;
  http::HeadLimits head_limits;  // within what a block holds
  size_t connections_max;        // of one worker
  CidrList trusted_proxies;
  AddressLimits address_limits;
  std::vector<Endpoint> resolvers;
  // A reload brings these unchanged.
  std::string gate_host;
  std::string gate_origin;  // "https://host:port"
  bool durable;
};

}  // namespace sallyport::proxy
