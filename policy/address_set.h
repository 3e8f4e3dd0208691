// A list of networks made for asking: sorted, merged ranges, so that a million of them cost a request a binary search.
// The empty set is the list that nobody wrote: admits() says yes to everybody.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/ip.h"

namespace sallyport::policy {

class AddressSet {
 public:
  AddressSet() = default;
  explicit AddressSet(const CidrList& networks);  // cost: n log n
  bool admits(const IpAddress& address) const;    // cost: log n, no allocation
  bool is_everybody() const { return v4_.empty() && v6_.empty(); }

 private:
  struct Wide {
    uint64_t high, low;
    friend auto operator<=>(const Wide&, const Wide&) = default;
  };
  template <class Number>
  struct Range {
    Number first, last;
  };
  std::vector<Range<uint32_t>> v4_;  // families never match across
  std::vector<Range<Wide>> v6_;
};

}  // namespace sallyport::policy
