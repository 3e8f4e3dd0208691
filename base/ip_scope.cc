// What an address is good for (see ip.h): the registries of special addresses, and what one address hides in another.
#include <algorithm>

#include "base/ip.h"

namespace sallyport {
namespace {

using V4 = std::array<uint8_t, 4>;
using V6 = std::array<uint8_t, 16>;

constexpr size_t kV4Offset = 12;  // where the IPv4 address stands in the 16 bytes

V4 v4_at(const V6& bytes, size_t offset) {
  return {bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]};
}

struct Block4 {
  V4 network;
  int bits;
};
// The IANA IPv4 special-purpose registry (RFC 6890 and what was added since), all that is not globally
// reachable; 192.0.0.0/24 and the retired 6to4 relays whole; multicast and class E.
constexpr Block4 kNotPublicV4[] = {
    {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},     {{100, 64, 0, 0}, 10}, {{127, 0, 0, 0}, 8},
    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},  {{192, 0, 0, 0}, 24},  {{192, 0, 2, 0}, 24},
    {{192, 88, 99, 0}, 24}, {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15}, {{198, 51, 100, 0}, 24},
    {{203, 0, 113, 0}, 24}, {{224, 0, 0, 0}, 4},    {{240, 0, 0, 0}, 4},
};

bool is_public_v4(const V4& bytes) {
  const auto word = [](const V4& b) {
    return static_cast<uint32_t>(b[0]) << 24 | static_cast<uint32_t>(b[1]) << 16 | static_cast<uint32_t>(b[2]) << 8 |
           b[3];
  };
  return std::ranges::none_of(
      kNotPublicV4, [&](const Block4& block) { return (word(bytes) ^ word(block.network)) >> (32 - block.bits) == 0; });
}

bool is_public_v6(const V6& b) {
  constexpr V6 kNat64{0x00, 0x64, 0xff, 0x9b};
  constexpr V6 kTeredo{0x20, 0x01};
  constexpr V6 k6to4{0x20, 0x02};
  constexpr V6 kGlobal{0x20};
  constexpr V6 kProtocols{0x20, 0x01};  // 2001::/23, IETF protocol assignments
  constexpr V6 kDocumentation{0x20, 0x01, 0x0d, 0xb8};
  constexpr V6 kDocumentation2{0x3f, 0xff};
  if (same_prefix(b, kNat64, 96)) return is_public_v4(v4_at(b, 12));  // RFC 6052; 64:ff9b:1::/48 is local (RFC 8215)
  if (!same_prefix(b, kGlobal, 3)) return false;  // 2000::/3: so neither ::/96, ULA, link-local, multicast, ...
  if (same_prefix(b, kTeredo, 32)) {              // RFC 4380 s4: server, and the client's address inverted
    V4 client = v4_at(b, 12);
    for (uint8_t& byte : client) byte = static_cast<uint8_t>(byte ^ 0xff);
    return is_public_v4(v4_at(b, 4)) && is_public_v4(client);
  }
  if (same_prefix(b, kProtocols, 23) || same_prefix(b, kDocumentation, 32) || same_prefix(b, kDocumentation2, 20))
    return false;
  if (same_prefix(b, k6to4, 16) && !is_public_v4(v4_at(b, 2))) return false;  // RFC 3056
  // ISATAP, RFC 5214 s6.1: the interface id ::0:5efe:a.b.c.d, with or without the universal bit.
  if ((b[8] & 0xfd) == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe) return is_public_v4(v4_at(b, 12));
  return true;
}

}  // namespace

bool is_public(const IpAddress& address) {
  return address.is_v4() ? is_public_v4(v4_at(address.bytes(), kV4Offset)) : is_public_v6(address.bytes());
}

bool is_loopback(const IpAddress& address) {
  constexpr V6 kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address.is_v4() ? address.bytes()[kV4Offset] == 127 : address.bytes() == kLoopback;
}

}  // namespace sallyport
