#include "policy/address_set.h"

#include <algorithm>
#include <bit>

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

// What the index goes by: of IPv6 the network's half.
uint64_t key_of(uint32_t number) { return number; }
uint64_t key_of(const auto& number) { return number.high; }

}  // namespace

template <class Number>
void AddressSet::Ranges<Number>::settle() {
  merge(sorted);
  if (sorted.empty()) return;
  base = key_of(sorted.front().first);
  const uint64_t span = key_of(sorted.back().first) - base;
  shift = std::max(0, static_cast<int>(std::bit_width(span)) - static_cast<int>(std::bit_width(sorted.size())));
  starts.reserve((span >> shift) + 2);
  for (size_t i = 0; i < sorted.size(); ++i)
    starts.resize(((key_of(sorted[i].first) - base) >> shift) + 1, static_cast<uint32_t>(i));
  starts.push_back(static_cast<uint32_t>(sorted.size()));
}

// The one range that may hold it is the last that does not begin behind it: in its part, or the last one before that.
template <class Number>
bool AddressSet::Ranges<Number>::hold(const Number& number) const {
  if (sorted.empty() || number < sorted.front().first) return false;
  const auto part = std::min<uint64_t>((key_of(number) - base) >> shift, starts.size() - 2);
  const auto begin = sorted.begin();
  const auto after =
      std::upper_bound(begin + starts[part], begin + starts[part + 1], number,
                       [](const Number& asked, const Range<Number>& range) { return asked < range.first; });
  return after != begin && number <= std::prev(after)->last;
}

AddressSet::AddressSet(const CidrList& networks) {
  for (const Cidr& cidr : networks) {
    if (cidr.network().is_v4()) {
      const uint32_t first = v4_number(cidr.network());
      v4_.sorted.push_back({first, first | static_cast<uint32_t>(low_ones(32 - cidr.length()))});
    } else {
      const uint8_t* bytes = cidr.network().bytes().data();
      const Wide first{big_endian(bytes, 8), big_endian(bytes + 8, 8)};
      v6_.sorted.push_back(
          {first, {first.high | low_ones(64 - cidr.length()), first.low | low_ones(128 - cidr.length())}});
    }
  }
  v4_.settle();
  v6_.settle();
}

bool AddressSet::admits(const IpAddress& address) const {
  if (is_everybody()) return true;
  if (address.is_v4()) return v4_.hold(v4_number(address));
  const uint8_t* bytes = address.bytes().data();
  return v6_.hold({big_endian(bytes, 8), big_endian(bytes + 8, 8)});
}

}  // namespace sallyport::policy
