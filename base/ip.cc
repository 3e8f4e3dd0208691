#include "base/ip.h"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
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
  if (!before || !after || *before + *after > head.size() - 2) return std::nullopt;  // "::" is at least one group
  std::copy_n(tail.begin(), *after, head.end() - static_cast<ptrdiff_t>(*after));
  return head;
}

Result<uint16_t> parse_port(std::string_view text) {
  const auto port = decimal(text, 65535);
  if (!port) return malformed(Side::kClient, "bad port");
  return static_cast<uint16_t>(*port);
}

}  // namespace

bool same_prefix(const std::array<uint8_t, 16>& a, const std::array<uint8_t, 16>& b, int bits) {
  const size_t whole = static_cast<size_t>(bits) / 8;
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const int shift = 8 - bits % 8;
  return a[whole] >> shift == b[whole] >> shift;
}

IpAddress IpAddress::v4(std::array<uint8_t, 4> bytes) {
  IpAddress out;
  std::ranges::copy(bytes, out.bytes_.begin() + kV4Offset);
  return out;
}

IpAddress IpAddress::v6(std::array<uint8_t, 16> bytes) {
  IpAddress out;
  out.v4_ = same_prefix(bytes, out.bytes_, kV4Bits);
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
  if (v4_) {
    char text[16];
    char* end = text;
    for (size_t i = kV4Offset; i < bytes_.size(); ++i) {
      if (i > kV4Offset) *end++ = '.';
      end = std::to_chars(end, text + sizeof text, bytes_[i]).ptr;
    }
    return {text, end};
  }
  std::string out;
  std::array<unsigned, 8> groups{};
  for (size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<unsigned>(bytes_[2 * i]) << 8 | bytes_[2 * i + 1];
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
  out.length_ = out.network_.is_v4() ? whole - kV4Bits : whole;  // a v4-mapped one under /96 has host bits set
  return out;
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.is_v4() != network_.is_v4()) return false;
  return same_prefix(address.bytes(), network_.bytes(), network_.is_v4() ? length_ + kV4Bits : length_);
}

std::string Cidr::to_string() const { return network_.to_string() + "/" + std::to_string(length_); }

bool contains(const CidrList& list, const IpAddress& address) {
  return std::ranges::any_of(list, [&](const Cidr& cidr) { return cidr.contains(address); });
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  Endpoint out;
  const bool bracket = text.starts_with('[');
  const size_t end = bracket ? text.find(']') : text.find(':');
  if (end == text.npos) return malformed(Side::kClient, "not ADDRESS:PORT");
  const std::string_view address = bracket ? text.substr(1, end - 1) : text.substr(0, end);
  std::string_view rest = text.substr(bracket ? end + 1 : end);
  if (!rest.starts_with(':')) return malformed(Side::kClient, "not ADDRESS:PORT");
  if (bracket != (address.find(':') != address.npos)) return malformed(Side::kClient, "brackets are for IPv6");
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
