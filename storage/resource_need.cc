#include "storage/resource_need.h"

#include <algorithm>

namespace sallyport::storage {
namespace {

// The spec holds the host as it was written: in any case, and an address in any spelling, of which those of IPv6 (an
// IPv4 one as well) stand in brackets.
bool may_be_on(const std::string& host, std::string_view folded_spec) {
  const bool may_be_address = host.contains(':') || (host.back() >= '0' && host.back() <= '9');
  return folded_spec.contains(host) || (may_be_address && folded_spec.contains("\"at\":\"["));
}

}  // namespace

bool ResourceNeed::covers(policy::Kind kind, std::string_view name, std::string_view spec) const {
  const bool place = kind == policy::Kind::kDatasource || kind == policy::Kind::kInstance;
  if (everything || !place || named.contains({kind, std::string(name)})) return true;
  if (hosts.empty()) return false;
  std::string folded(spec);
  std::ranges::transform(folded, folded.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return std::ranges::any_of(hosts, [&](const std::string& host) { return may_be_on(host, folded); });
}

}  // namespace sallyport::storage
