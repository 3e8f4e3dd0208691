#include "proxy/codec/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace sallyport::proxy {
namespace {

using Verdict = std::expected<std::optional<ProxyHeader>, const char*>;

constexpr std::string_view kSignatureV1 = "PROXY ";
constexpr std::string_view kSignatureV2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t kHeadV2Bytes = 16;  // signature, version and command, family, length
constexpr uint8_t kTlvCrc32c = 3;
constexpr size_t kTlvHeadBytes = 3;

uint8_t byte_at(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

uint16_t number_at(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

bool begins(std::string_view input, std::string_view signature) {
  const size_t common = std::min(input.size(), signature.size());
  return input.substr(0, common) == signature.substr(0, common);
}

// The text up to the next space, which is taken, too; everything when there is none.
std::string_view take_word(std::string_view& rest) {
  const size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(space == rest.npos ? rest.size() : space + 1);
  return word;
}

// base/ip.h knows the numbers: decimal, 0..65535, without leading zeros.
std::optional<uint16_t> read_port(std::string_view text) {
  const auto endpoint = Endpoint::parse("0.0.0.0:" + std::string(text));
  if (!endpoint) return std::nullopt;
  return endpoint->port;
}

// "TCP4 SOURCE DESTINATION PORT PORT", one space between, or "UNKNOWN" and whatever follows (s2.1).
Verdict read_line(std::string_view line, size_t bytes) {
  const std::string_view protocol = line.substr(0, line.find(' '));
  if (protocol == "UNKNOWN") {
    const bool plain = std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; });
    if (!plain) return std::unexpected("a control character in the PROXY line");
    return ProxyHeader{.bytes = bytes};
  }
  if (protocol != "TCP4" && protocol != "TCP6") return std::unexpected("unknown protocol in the PROXY line");
  const bool v6 = protocol == "TCP6";
  std::string_view rest = line;
  take_word(rest);
  std::array<IpAddress, 2> addresses;
  for (IpAddress& address : addresses) {
    const std::string_view word = take_word(rest);
    const auto read = IpAddress::parse(word);
    if (!read || v6 != (word.find(':') != word.npos)) return std::unexpected("not an address of the PROXY line's kind");
    address = *read;
  }
  const auto source_port = read_port(take_word(rest));
  const auto port = read_port(rest);
  if (!source_port || !port) return std::unexpected("not a port in the PROXY line");
  return ProxyHeader{.bytes = bytes, .source = Endpoint{addresses[0], *source_port}};
}

Verdict read_v1(std::string_view input) {
  const std::string_view window = input.substr(0, kProxyV1BytesMax - 1);  // where the CR may stand
  const size_t end = window.find('\r');
  if (end == window.npos) {
    if (window.size() == kProxyV1BytesMax - 1) return std::unexpected("the PROXY line is too long");
    return std::nullopt;
  }
  if (end + 1 == input.size()) return std::nullopt;
  if (input[end + 1] != '\n') return std::unexpected("a bare CR in the PROXY line");
  return read_line(window.substr(kSignatureV1.size(), end - kSignatureV1.size()), end + 2);
}

// CRC-32C (RFC 3720 appendix B.4) bit by bit, the four bytes from `zeroed` on counted as zeros.
// cost: 8 steps a byte of at most kProxyV2BytesMax, and only where the sender put a checksum.
uint32_t crc32c(std::string_view bytes, size_t zeroed) {
  uint32_t out = ~uint32_t{0};
  for (size_t at = 0; at < bytes.size(); ++at) {
    out ^= at >= zeroed && at < zeroed + 4 ? 0 : byte_at(bytes, at);
    for (int bit = 0; bit < 8; ++bit) out = (out >> 1) ^ ((out & 1) != 0 ? 0x82f63b78 : 0);
  }
  return ~out;
}

// What stands behind the addresses, from `at` to the header's end: type, length and value each (s2.2). Nothing is used;
// a checksum is checked, since s2.2.3 wants that of who knows it. Null when it is sound.
const char* additions_fault(std::string_view header, size_t at) {
  bool checked = false;
  while (at < header.size()) {
    if (header.size() - at < kTlvHeadBytes) return "the additions of the PROXY header do not add up";
    const uint8_t type = byte_at(header, at);
    const size_t length = number_at(header, at + 1);
    at += kTlvHeadBytes;
    if (header.size() - at < length) return "the additions of the PROXY header do not add up";
    if (type == kTlvCrc32c) {
      if (checked || length != 4) return "not a checksum of the PROXY header";
      checked = true;
      const uint32_t given = static_cast<uint32_t>(number_at(header, at)) << 16 | number_at(header, at + 2);
      if (given != crc32c(header, at)) return "the PROXY header does not fit its checksum";
    }
    at += length;
  }
  return nullptr;
}

// The bytes of both addresses and both ports; an error for what carries none that we take (s2.2, the 14th byte).
std::expected<size_t, const char*> addresses_size(uint8_t family) {
  switch (family) {
    case 0x11:  // TCP over IPv4
      return 12;
    case 0x21:  // TCP over IPv6
      return 36;
    case 0x00:
      return std::unexpected("the PROXY header names no address");
    case 0x12:
    case 0x22:
    case 0x32:
      return std::unexpected("the PROXY header announces datagrams");
    case 0x31:
      return std::unexpected("the PROXY header announces a unix socket");
    default:
      return std::unexpected("unknown family in the PROXY header");
  }
}

template <size_t Size>
std::array<uint8_t, Size> bytes_at(std::string_view bytes, size_t at) {
  std::array<uint8_t, Size> out;
  for (size_t i = 0; i < Size; ++i) out[i] = byte_at(bytes, at + i);
  return out;
}

Verdict read_v2(std::string_view input) {
  if (input.size() <= 12) return std::nullopt;
  const uint8_t version_command = byte_at(input, 12);
  if (version_command >> 4 != 2) return std::unexpected("unknown version of the PROXY header");
  if ((version_command & 15) > 1) return std::unexpected("unknown command in the PROXY header");
  const bool local = (version_command & 15) == 0;
  if (input.size() <= 13) return std::nullopt;
  const auto addresses = local ? 0 : addresses_size(byte_at(input, 13));
  if (!addresses) return std::unexpected(addresses.error());
  if (input.size() < kHeadV2Bytes) return std::nullopt;
  const size_t length = number_at(input, 14);
  if (length < *addresses) return std::unexpected("the PROXY header is too short for its addresses");
  if (kHeadV2Bytes + length > kProxyV2BytesMax) return std::unexpected("the PROXY header is too long");
  if (input.size() < kHeadV2Bytes + length) return std::nullopt;
  const std::string_view header = input.substr(0, kHeadV2Bytes + length);
  if (local) return ProxyHeader{.bytes = header.size()};
  if (const char* fault = additions_fault(header, kHeadV2Bytes + *addresses)) return std::unexpected(fault);
  const bool v4 = *addresses == 12;
  const IpAddress source =
      v4 ? IpAddress::v4(bytes_at<4>(header, kHeadV2Bytes)) : IpAddress::v6(bytes_at<16>(header, kHeadV2Bytes));
  return ProxyHeader{.bytes = header.size(),
                     .source = Endpoint{source, number_at(header, kHeadV2Bytes + (v4 ? 8 : 32))}};
}

}  // namespace

Verdict read_proxy_header(std::string_view input) {
  if (input.empty()) return std::nullopt;
  const std::string_view signature = input[0] == kSignatureV1[0] ? kSignatureV1 : kSignatureV2;
  if (!begins(input, signature)) return std::unexpected("no PROXY header");
  if (input.size() < signature.size()) return std::nullopt;
  return signature == kSignatureV1 ? read_v1(input) : read_v2(input);
}

}  // namespace sallyport::proxy
