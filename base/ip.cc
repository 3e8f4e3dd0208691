#include "base/ip.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace sallyport {
namespace {

using V4 = std::array<uint8_t, 4>;
using V6 = std::array<uint8_t, 16>;

constexpr size_t kV4Offset = 12;  // where the IPv4 address stands in the 16 bytes
constexpr int kV4Bits = 96;

// Decimal without sign, leading zero or anything else; at most `max`.
std::optional<unsigned> decimal(std::string_view text, unsigned max) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > max) return std::nullopt;
  return value;
}

std::optional<V4> parse_v4(std::string_view text) {
  V4 out{};
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t end = i + 1 < out.size() ? text.find('.') : text.size();
    if (end == text.npos) return std::nullopt;
    const auto part = decimal(text.substr(0, end), 255);
    if (!part) return std::nullopt;
    out[i] = static_cast<uint8_t>(*part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<unsigned> hex_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return value;
}

// The groups of one side of "::" (or of the whole address) -> bytes; a dotted quad may be the last of the
// whole.
enum class Quad : uint8_t { kAllowed, kForbidden };
std::optional<size_t> parse_groups(std::string_view text, Quad quad, V6& out) {
  size_t length = 0;
  if (text.empty()) return length;
  for (;;) {
    const size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == text.npos && quad == Quad::kAllowed && group.find('.') != group.npos) {
      const auto v4 = parse_v4(group);
      if (!v4 || length + v4->size() > out.size()) return std::nullopt;
      std::ranges::copy(*v4, out.begin() + static_cast<ptrdiff_t>(length));
      return length + v4->size();
    }
    const auto value = hex_group(group);
    if (!value || length + 2 > out.size()) return std::nullopt;
    out[length++] = static_cast<uint8_t>(*value >> 8);
    out[length++] = static_cast<uint8_t>(*value & 0xff);
    if (colon == text.npos) return length;
    text.remove_prefix(colon + 1);
  }
}

std::optional<V6> parse_v6(std::string_view text) {
  const size_t gap = text.find("::");
  V6 head{};
  V6 tail{};
  if (gap == text.npos) {
    const auto length = parse_groups(text, Quad::kAllowed, head);
    if (!length || *length != head.size()) return std::nullopt;
    return head;
  }
  const auto before = parse_groups(text.substr(0, gap), Quad::kForbidden, head);
  const auto after = parse_groups(text.substr(gap + 2), Quad::kAllowed, tail);
  if (!before || !after || *before + *after > head.size() - 2)
    return std::nullopt;  // "::" is at least one group
  std::copy_n(tail.begin(), *after, head.end() - static_cast<ptrdiff_t>(*after));
  return head;
}

bool has_prefix(const V6& bytes, const V6& prefix, int bits) {
  const size_t whole = static_cast<size_t>(bits) / 8;
  if (std::memcmp(bytes.data(), prefix.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const int shift = 8 - bits % 8;
  return bytes[whole] >> shift == prefix[whole] >> shift;
}

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
    return static_cast<uint32_t>(b[0]) << 24 | static_cast<uint32_t>(b[1]) << 16 |
           static_cast<uint32_t>(b[2]) << 8 | b[3];
  };
  return std::ranges::none_of(kNotPublicV4, [&](const Block4& block) {
    return (word(bytes) ^ word(block.network)) >> (32 - block.bits) == 0;
  });
}

bool is_public_v6(const V6& b) {
  constexpr V6 kNat64{0x00, 0x64, 0xff, 0x9b};
  constexpr V6 kTeredo{0x20, 0x01};
  constexpr V6 k6to4{0x20, 0x02};
  constexpr V6 kGlobal{0x20};
  constexpr V6 kProtocols{0x20, 0x01};  // 2001::/23, IETF protocol assignments
  constexpr V6 kDocumentation{0x20, 0x01, 0x0d, 0xb8};
  constexpr V6 kDocumentation2{0x3f, 0xff};
  if (has_prefix(b, kNat64, 96))
    return is_public_v4(v4_at(b, 12));  // RFC 6052; 64:ff9b:1::/48 is local (RFC 8215)
  if (!has_prefix(b, kGlobal, 3))
    return false;                    // 2000::/3: so neither ::/96, ULA, link-local, multicast, ...
  if (has_prefix(b, kTeredo, 32)) {  // RFC 4380 s4: server, and the client's address inverted
    V4 client = v4_at(b, 12);
    for (uint8_t& byte : client) byte = static_cast<uint8_t>(byte ^ 0xff);
    return is_public_v4(v4_at(b, 4)) && is_public_v4(client);
  }
  if (has_prefix(b, kProtocols, 23) || has_prefix(b, kDocumentation, 32) ||
      has_prefix(b, kDocumentation2, 20))
    return false;
  if (has_prefix(b, k6to4, 16) && !is_public_v4(v4_at(b, 2))) return false;  // RFC 3056
  // ISATAP, RFC 5214 s6.1: the interface id ::0:5efe:a.b.c.d, with or without the universal bit.
  if ((b[8] & 0xfd) == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe) return is_public_v4(v4_at(b, 12));
  return true;
}

Result<uint16_t> parse_port(std::string_view text) {
  const auto port = decimal(text, 65535);
  if (!port) return malformed(Side::kClient, "bad port");
  return static_cast<uint16_t>(*port);
}

}  // namespace

IpAddress IpAddress::v4(std::array<uint8_t, 4> bytes) {
  IpAddress out;
  std::ranges::copy(bytes, out.bytes_.begin() + kV4Offset);
  return out;
}

IpAddress IpAddress::v6(std::array<uint8_t, 16> bytes) {
  IpAddress out;
  out.v4_ = has_prefix(bytes, out.bytes_, kV4Bits);
  out.bytes_ = bytes;
  return out;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == text.npos) {
    if (const auto bytes = parse_v4(text)) return v4(*bytes);
  } else if (const auto bytes = parse_v6(text)) {
    return v6(*bytes);
  }
  return malformed(Side::kClient, "not an IP address");
}

std::string IpAddress::to_string() const {
  std::string out;
  if (v4_) {
    for (size_t i = kV4Offset; i < bytes_.size(); ++i) {
      if (i > kV4Offset) out += '.';
      out += std::to_string(bytes_[i]);
    }
    return out;
  }
  std::array<unsigned, 8> groups{};
  for (size_t i = 0; i < groups.size(); ++i)
    groups[i] = static_cast<unsigned>(bytes_[2 * i]) << 8 | bytes_[2 * i + 1];
  size_t gap = groups.size();  // RFC 5952 s4.2: the first longest run of at least two zero groups
  size_t gap_length = 1;
  for (size_t i = 0; i < groups.size(); ++i) {
    size_t end = i;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - i > gap_length) {
      gap = i;
      gap_length = end - i;
    }
    i = end;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i == gap) {
      out += "::";
      i += gap_length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    bool started = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
      const unsigned digit = groups[i] >> shift & 15;
      started = started || digit != 0 || shift == 0;
      if (started) out += kDigits[digit];
    }
  }
  return out;
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  Cidr out;
  TRY(out.network_, IpAddress::parse(address));
  const bool v6_text = address.find(':') != address.npos;
  unsigned length = v6_text ? 128 : 32;
  if (slash != text.npos) {
    const auto given = decimal(text.substr(slash + 1), length);
    if (!given) return malformed(Side::kClient, "bad prefix length");
    length = *given;
  }
  const int whole = static_cast<int>(v6_text ? length : length + kV4Bits);  // of the 128 bits
  for (int bit = whole; bit < 128; ++bit)
    if ((out.network_.bytes()[static_cast<size_t>(bit) / 8] >> (7 - bit % 8) & 1) != 0)
      return malformed(Side::kClient, "prefix has host bits set");
  out.length_ =
      out.network_.is_v4() ? whole - kV4Bits : whole;  // a v4-mapped one under /96 has host bits set
  return out;
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.is_v4() != network_.is_v4()) return false;
  return has_prefix(address.bytes(), network_.bytes(), network_.is_v4() ? length_ + kV4Bits : length_);
}

std::string Cidr::to_string() const { return network_.to_string() + "/" + std::to_string(length_); }

bool contains(const CidrList& list, const IpAddress& address) {
  return std::ranges::any_of(list, [&](const Cidr& cidr) { return cidr.contains(address); });
}

bool is_public(const IpAddress& address) {
  return address.is_v4() ? is_public_v4(v4_at(address.bytes(), kV4Offset)) : is_public_v6(address.bytes());
}

bool is_loopback(const IpAddress& address) {
  constexpr V6 kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address.is_v4() ? address.bytes()[kV4Offset] == 127 : address.bytes() == kLoopback;
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  Endpoint out;
  const bool bracket = text.starts_with('[');
  const size_t end = bracket ? text.find(']') : text.find(':');
  if (end == text.npos) return malformed(Side::kClient, "not ADDRESS:PORT");
  const std::string_view address = bracket ? text.substr(1, end - 1) : text.substr(0, end);
  std::string_view rest = text.substr(bracket ? end + 1 : end);
  if (!rest.starts_with(':')) return malformed(Side::kClient, "not ADDRESS:PORT");
  if (bracket != (address.find(':') != address.npos))
    return malformed(Side::kClient, "brackets are for IPv6");
  TRY(out.address, IpAddress::parse(address));
  TRY(out.port, parse_port(rest.substr(1)));
  return out;
}

std::string Endpoint::to_string() const {
  const std::string text = address.to_string();
  return (address.is_v4() ? text : "[" + text + "]") + ":" + std::to_string(port);
}

SocketAddress SocketAddress::of(const Endpoint& endpoint) {
  SocketAddress out;
  const auto& bytes = endpoint.address.bytes();
  if (endpoint.address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, bytes.data() + kV4Offset, sizeof in.sin_addr);
    std::memcpy(&out.storage, &in, out.length = sizeof in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    std::memcpy(&in.sin6_addr, bytes.data(), sizeof in.sin6_addr);
    std::memcpy(&out.storage, &in, out.length = sizeof in);
  }
  return out;
}

Endpoint SocketAddress::endpoint() const {
  if (storage.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &storage, sizeof in);
    V4 bytes;
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return {IpAddress::v4(bytes), ntohs(in.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, &storage, sizeof in);
    V6 bytes;
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return {IpAddress::v6(bytes), ntohs(in.sin6_port)};
  }
  return {};
}

}  // namespace sallyport
