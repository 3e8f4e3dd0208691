#include "proxy/settings.h"

#include <algorithm>

#include "proxy/input_buffer.h"

namespace sallyport::proxy {

Settings::Settings(const conf::NodeConfig& config, size_t descriptors)
    : limits(config.limits),
      shares(DescriptorShares::of(descriptors, static_cast<size_t>(config.workers))),
      lowered(lower_to(shares, limits)),
      head_limits{
          .head_bytes_max = std::min(config.limits.head_bytes, kBlockBytes - 1),
          .target_bytes_max = config.limits.target_bytes,
          .fields_max = std::min(config.limits.headers, http::kFieldsMax),
          .underscores = config.limits.drop_underscores ? http::Underscores::kDrop : http::Underscores::kRefuse},
      connections_max(std::max<size_t>(1, limits.connections / static_cast<size_t>(config.workers))),
      trusted_proxies(config.trusted_proxies),
      address_limits{.connections = config.limits.connections_per_address,
                     .per_second = config.limits.handshakes_per_address,
                     .uncounted = config.limits.uncounted},
      resolvers(config.resolvers),
      gate_host(config.gate.host),
      gate_origin(config.gate.scheme + "://" + config.gate.authority()),
      durable(config.audit.mode == conf::AuditMode::kDurable) {
  limits.http2_memory /= static_cast<size_t>(config.workers);
}

}  // namespace sallyport::proxy
