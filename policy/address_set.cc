#include "policy/address_set.h"

#include <algorithm>

namespace sallyport::policy {
namespace {

uint64_t big_endian(const uint8_t* bytes, int count) {
  uint64_t out = 0;
  for (int i = 0; i < count; ++i) out = out << 8 | bytes[i];
  return out;
}

uint32_t v4_number(const IpAddress& address) {
  return static_cast<uint32_t>(big_endian(address.bytes().data() + 12, 4));
}

// `bits` ones at the low end.
uint64_t low_ones(int bits) { return bits <= 0 ? 0 : bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

// Sorted by the first address; what lies inside or overlaps is merged.
template <class Range>
void merge(std::vector<Range>& ranges) {
  std::ranges::sort(ranges, {}, &Range::first);
  size_t kept = 0;
  for (size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first <= ranges[kept].last) {
      ranges[kept].last = std::max(ranges[kept].last, ranges[i].last);
    } else {
      ranges[++kept] = ranges[i];
    }
  }
  if (!ranges.empty()) ranges.resize(kept + 1);
  ranges.shrink_to_fit();
}

template <class Range, class Number>
bool holds(const std::vector<Range>& ranges, const Number& number) {
  const auto after = std::ranges::upper_bound(ranges, number, {}, &Range::first);
  return after != ranges.begin() && number <= std::prev(after)->last;
}

}  // namespace

AddressSet::AddressSet(const CidrList& networks) {
  for (const Cidr& cidr : networks) {
    if (cidr.network().is_v4()) {
      const uint32_t first = v4_number(cidr.network());
      v4_.push_back({first, first | static_cast<uint32_t>(low_ones(32 - cidr.length()))});
    } else {
      const uint8_t* bytes = cidr.network().bytes().data();
      const Wide first{big_endian(bytes, 8), big_endian(bytes + 8, 8)};
      v6_.push_back({first, {first.high | low_ones(64 - cidr.length()), first.low | low_ones(128 - cidr.length())}});
    }
  }
  merge(v4_);
  merge(v6_);
}

bool AddressSet::admits(const IpAddress& address) const {
  if (is_everybody()) return true;
  if (address.is_v4()) return holds(v4_, v4_number(address));
  const uint8_t* bytes = address.bytes().data();
  return holds(v6_, Wide{big_endian(bytes, 8), big_endian(bytes + 8, 8)});
}

}  // namespace sallyport::policy
