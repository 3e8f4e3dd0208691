// IP addresses, prefixes and socket endpoints as values. An IPv4-mapped IPv6 address is folded to IPv4
// wherever one is read, so that no list can be walked around by the other spelling. Zone ids are not
// accepted.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport {

class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  static IpAddress v4(std::array<uint8_t, 4> bytes);
  static IpAddress v6(std::array<uint8_t, 16> bytes);  // v4-mapped becomes v4
  // Dotted quad of four decimal numbers without leading zeros, or RFC 4291 text; no brackets, no zone,
  // nothing else: "127.1", "0x7f000001", "2130706433", "010.0.0.1" are kMalformed.
  static Result<IpAddress> parse(std::string_view text);

  bool is_v4() const { return v4_; }
  // 16 bytes, network order; for IPv4 the v4-mapped form.
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  std::string to_string() const;  // RFC 5952
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<uint8_t, 16> bytes_{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
  bool v4_ = true;
};

// Are the first `bits` (0..128) the same?
bool same_prefix(const std::array<uint8_t, 16>& a, const std::array<uint8_t, 16>& b, int bits);

class Cidr {
 public:
  // "ADDRESS/LENGTH" or a bare address (= /32, /128). Host bits set are kMalformed. A v4-mapped prefix of at
  // least /96 becomes its IPv4 form.
  static Result<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& address) const;  // never true across families
  int length() const { return length_; }
  const IpAddress& network() const { return network_; }
  std::string to_string() const;
  friend auto operator<=>(const Cidr&, const Cidr&) = default;

 private:
  IpAddress network_;
  int length_ = 0;  // 0..32 or 0..128
};
using CidrList = std::vector<Cidr>;
bool contains(const CidrList& list, const IpAddress& address);

// What an address is, for the outbound list. Addresses that embed an IPv4 address (v4-mapped, v4-compatible,
// NAT64 64:ff9b::/96 and 64:ff9b:1::/48, 6to4 2002::/16, Teredo 2001::/32, ISATAP) are judged by what they
// embed as well: is_public() is true only if the address itself and every embedded one are global unicast
// (RFC 6890 registries).
bool is_public(const IpAddress& address);
// 127.0.0.0/8 and ::1 themselves. What merely embeds one is not loopback (and not public either): a plain
// listener may stand on a loopback address, and [::127.0.0.1] or [2002:7f00:1::] are reachable from
// elsewhere.
bool is_loopback(const IpAddress& address);

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;
  // "1.2.3.4:80" or "[::1]:80".
  static Result<Endpoint> parse(std::string_view text);
  std::string to_string() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  static SocketAddress of(const Endpoint& endpoint);
  Endpoint endpoint() const;  // 0.0.0.0:0 for other families (a unix socket)
};

// Facts that must not be mixed: the socket's other end, and the client derived from it.
struct PeerAddress {
  Endpoint endpoint;
};
struct ClientAddress {
  IpAddress address;
};

}  // namespace sallyport
