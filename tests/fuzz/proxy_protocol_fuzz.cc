// The PROXY protocol: however the header is cut, the verdict is the same, and once it stands nothing that follows
// changes it; what is taken is what the C library reads in the same place.
#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "proxy/codec/proxy_protocol.h"
#include "tests/fuzz/require.h"

using namespace sallyport;
using proxy::read_proxy_header;

namespace {

using Verdict = std::expected<std::optional<proxy::ProxyHeader>, const char*>;

bool same(const Verdict& a, const Verdict& b) {
  if (a.has_value() != b.has_value()) return false;
  if (!a) return std::string_view(a.error()) == b.error();
  if (a->has_value() != b->has_value()) return false;
  return !*a || ((*a)->bytes == (*b)->bytes && (*a)->source == (*b)->source);
}

// The source of a header that was taken, read by other means.
Endpoint source_again(std::string_view header) {
  if (header[0] == 'P') {
    std::string text(header.substr(11));
    std::ranges::replace(text, ' ', '\0');
    const char* source = text.c_str();
    const char* destination = source + std::strlen(source) + 1;
    const char* port = destination + std::strlen(destination) + 1;
    std::array<uint8_t, 16> bytes{};
    const bool v6 = header[9] == '6';
    require(inet_pton(v6 ? AF_INET6 : AF_INET, source, bytes.data()) == 1);
    const IpAddress address = v6 ? IpAddress::v6(bytes) : IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
    return {address, static_cast<uint16_t>(std::stoul(port))};
  }
  SocketAddress out;
  const bool v6 = header[13] == 0x21;
  if (v6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    std::memcpy(&in.sin6_addr, header.data() + 16, 16);
    std::memcpy(&in.sin6_port, header.data() + 48, 2);
    std::memcpy(&out.storage, &in, sizeof in);
  } else {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    std::memcpy(&in.sin_addr, header.data() + 16, 4);
    std::memcpy(&in.sin_port, header.data() + 24, 2);
    std::memcpy(&out.storage, &in, sizeof in);
  }
  return out.endpoint();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  const Verdict whole = read_proxy_header(input);
  bool decided = false;
  for (size_t cut = 0; cut <= std::min(size, proxy::kProxyV2BytesMax); ++cut) {
    const Verdict part = read_proxy_header(input.substr(0, cut));
    decided = decided || !part || part->has_value();
    if (decided) require(same(part, whole));
  }
  require(decided == (!whole || whole->has_value()));
  require(decided || size < proxy::kProxyV2BytesMax);
  if (!whole || !*whole) return 0;
  const auto& header = **whole;
  require(header.bytes <= size && header.bytes >= 15);
  require(header.bytes <= (input[0] == 'P' ? proxy::kProxyV1BytesMax : proxy::kProxyV2BytesMax));
  if (header.source) require(*header.source == source_again(input));
  return 0;
}
