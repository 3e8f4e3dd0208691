#include "proxy/descriptor_shares.h"

#include <algorithm>

namespace sallyport::proxy {
namespace {

// Database, audit log, standard error, commands at the control socket; loop, listeners and resolver of each worker.
constexpr size_t kOwnFiles = 128;
constexpr size_t kOwnFilesOfWorker = 16;
constexpr size_t kClientsPercent = 45;
constexpr size_t kUpstreamIdlePercent = 10;
constexpr size_t kDescriptorsMax = size_t{1} << 30;  // RLIM_INFINITY is no number to reckon with

constexpr size_t kTooManyMin = 8;
constexpr size_t kTooManyMax = 64;

}  // namespace

size_t too_many_told(size_t connections_max) { return std::clamp(connections_max / 16, kTooManyMin, kTooManyMax); }

DescriptorShares DescriptorShares::of(size_t descriptors, size_t workers) {
  descriptors = std::min(descriptors, kDescriptorsMax);
  const size_t own = std::min(kOwnFiles + workers * kOwnFilesOfWorker, descriptors / 2);
  const size_t rest = descriptors - own;
  DescriptorShares out{};
  out.clients = std::max(rest * kClientsPercent / 100, workers);
  out.upstream_idle = std::max<size_t>(rest * kUpstreamIdlePercent / 100 / workers, 1);
  const size_t of_clients = out.clients + workers * too_many_told(out.clients / workers);
  out.upstream_open = std::max<size_t>((rest - std::min(of_clients, rest)) / workers, 1);
  return out;
}

std::vector<LoweredLimit> lower_to(const DescriptorShares& shares, conf::Limits& limits) {
  std::vector<LoweredLimit> out;
  const auto lower = [&out](std::string_view name, size_t& limit, size_t possible) {
    if (limit <= possible) return;
    out.push_back({name, limit, possible});
    limit = possible;
  };
  lower("limits.connections", limits.connections, shares.clients);
  lower("limits.upstream_connections", limits.upstream_connections, shares.upstream_idle);
  return out;
}

}  // namespace sallyport::proxy
