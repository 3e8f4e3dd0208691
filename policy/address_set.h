// A list of networks made for asking: sorted, merged ranges, and an index that says where among them to look, so that a
// million of them cost a request what ten do. Where they lie so unevenly that the index says little, it is a binary
// search. The empty set is the list that nobody wrote: admits() says yes to everybody.
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
  bool admits(const IpAddress& address) const;    // cost: one step, log n at worst; no allocation
  bool is_everybody() const { return v4_.sorted.empty() && v6_.sorted.empty(); }

 private:
  struct Wide {
    uint64_t high, low;
    friend auto operator<=>(const Wide&, const Wide&) = default;
  };
  template <class Number>
  struct Range {
    Number first, last;
  };
  // The addresses from the first range to the last in equal parts, about as many as there are ranges.
  template <class Number>
  struct Ranges {
    std::vector<Range<Number>> sorted;
    std::vector<uint32_t> starts;  // of each part, and of the end: how many ranges begin before it
    uint64_t base = 0;
    int shift = 0;  // a part is 2^shift keys wide

    void settle();
    bool hold(const Number& number) const;
  };
  Ranges<uint32_t> v4_;  // families never match across
  Ranges<Wide> v6_;
};

}  // namespace sallyport::policy
