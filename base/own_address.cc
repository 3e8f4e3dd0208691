#include "base/own_address.h"

#include "base/fd.h"

namespace sallyport {

bool is_own_address(const IpAddress& address) {
  constexpr uint16_t kAnyPort = 9;  // a datagram socket that is connected sends nothing
  const SocketAddress there = SocketAddress::of({address, kAnyPort});
  const Fd socket(::socket(there.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return true;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&there.storage), there.length) != 0) return false;
  SocketAddress here;
  here.length = sizeof here.storage;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&here.storage), &here.length) != 0) return true;
  return here.endpoint().address == address;
}

}  // namespace sallyport
