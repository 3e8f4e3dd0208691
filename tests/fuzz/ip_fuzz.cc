// Addresses: the C library takes the same texts, each value has one spelling, and no spelling changes what it is.
#include <arpa/inet.h>

#include <algorithm>

#include "base/ip.h"
#include "tests/fuzz/require.h"

using namespace sallyport;

namespace {

void fuzz_address(std::string_view input) {
  const auto address = IpAddress::parse(input);
  const std::string text(input);
  std::array<uint8_t, 16> bytes{};
  const bool v6_text = input.find(':') != input.npos;
  const bool clean = input.find('\0') == input.npos;
  require(address.has_value() == (clean && inet_pton(v6_text ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) == 1));
  if (!address) return;
  if (v6_text)
    require(address->bytes() == bytes);
  else
    require(std::equal(bytes.begin(), bytes.begin() + 4, address->bytes().begin() + 12) && address->is_v4());
  require(IpAddress::parse(address->to_string()) == *address);
  require(IpAddress::v6(address->bytes()) == *address);
  require(!(is_public(*address) && is_loopback(*address)));
  const Endpoint endpoint{*address, 8080};
  require(Endpoint::parse(endpoint.to_string()) == endpoint);
  require(SocketAddress::of(endpoint).endpoint() == endpoint);
}

void fuzz_cidr(std::string_view input) {
  const auto cidr = Cidr::parse(input);
  if (!cidr) return;
  require(Cidr::parse(cidr->to_string()) == *cidr);
  require(cidr->contains(cidr->network()));
  require(cidr->length() >= 0 && cidr->length() <= (cidr->network().is_v4() ? 32 : 128));
  const auto host = IpAddress::parse(cidr->network().to_string());
  require(host == cidr->network());
  // The last address within, and the one with the last bit of the prefix turned.
  std::array<uint8_t, 16> bytes = cidr->network().bytes();
  const int fixed = cidr->length() + (cidr->network().is_v4() ? 96 : 0);
  for (int bit = fixed; bit < 128; ++bit) bytes[static_cast<size_t>(bit) / 8] |= static_cast<uint8_t>(0x80 >> bit % 8);
  const IpAddress last = IpAddress::v6(bytes);
  require(cidr->contains(last) == (last.is_v4() == cidr->network().is_v4()));
  if (cidr->length() == 0) return;
  bytes[static_cast<size_t>(fixed - 1) / 8] ^= static_cast<uint8_t>(0x80 >> (fixed - 1) % 8);
  require(!cidr->contains(IpAddress::v6(bytes)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  fuzz_address(input);
  fuzz_cidr(input);
  if (const auto endpoint = Endpoint::parse(input)) require(Endpoint::parse(endpoint->to_string()) == *endpoint);
  if (size == 16) {
    std::array<uint8_t, 16> bytes;
    std::copy_n(data, 16, bytes.begin());
    const IpAddress address = IpAddress::v6(bytes);
    require(IpAddress::parse(address.to_string()) == address);
    if (is_public(address)) require(!is_loopback(address) && bytes[0] != 0xff && (bytes[0] & 0xfe) != 0xfc);
  }
  return 0;
}
