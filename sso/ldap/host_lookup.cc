#include "sso/ldap/host_lookup.h"

#include <netdb.h>

#include <algorithm>

#include "base/c_handle.h"

namespace sallyport::sso::ldap {
namespace {

using Addresses = std::vector<IpAddress>;
using AddressInfo = CHandle<addrinfo, freeaddrinfo>;

constexpr size_t kAddressesMax = 16;

bool is_localhost(const std::string& host) { return host == "localhost" || host.ends_with(".localhost"); }

}  // namespace

Result<Addresses> SystemLookup::addresses_of(const std::string& host) {
  if (const auto address = IpAddress::parse(host)) return Addresses{*address};
  if (is_localhost(host)) {
    std::array<uint8_t, 16> six{};
    six[15] = 1;
    return Addresses{IpAddress::v4({127, 0, 0, 1}), IpAddress::v6(six)};
  }
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &wanted, &list);
  const AddressInfo owner(list);
  if (status == EAI_NONAME || status == EAI_NODATA)
    return fail(Code::kNotFound, Side::kIdentityProvider, "there is no host of that name");
  if (status != 0) return fail(Code::kUnavailable, Side::kSelf, "the host's name cannot be looked up");
  Addresses out;
  for (const addrinfo* each = list; each != nullptr && out.size() < kAddressesMax; each = each->ai_next) {
    if (each->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress socket;
    socket.length = each->ai_addrlen;
    std::copy_n(reinterpret_cast<const std::byte*>(each->ai_addr), each->ai_addrlen,
                reinterpret_cast<std::byte*>(&socket.storage));
    if (socket.storage.ss_family == AF_INET || socket.storage.ss_family == AF_INET6)
      out.push_back(socket.endpoint().address);
  }
  if (out.empty()) return fail(Code::kNotFound, Side::kIdentityProvider, "the host's name has no address");
  return out;
}

}  // namespace sallyport::sso::ldap
