// Names to addresses for one loop: answers are kept for their TTL (1 s to 5 min; failures 5 s), look-ups of one name
// under way are shared. `localhost` and its sub-names are the loopback addresses without a question (RFC 6761 s6.3),
// address literals are themselves. The order of a list is the order in which its addresses are to be tried: IPv6 and
// IPv4 in turn.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/dns_channel.h"
#include "base/ip.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/task.h"

namespace sallyport {

constexpr size_t kResolverNamesMax = 4096;

class Resolver {
 public:
  // servers empty: the system's (resolv.conf, read again when it changes, and the hosts file); else those alone.
  Resolver(Loop& loop, const std::vector<Endpoint>& servers) : Resolver(loop, DnsOptions{.servers = servers}) {}
  Resolver(Loop& loop, DnsOptions options);
  ~Resolver();  // who still waits is not resumed any more: destroy those tasks
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // A fresh answer that is at hand, or null. Valid until the next turn of the loop or call of resolve(). host in any
  // case of letters. cost: one hash look-up, no allocation.
  const std::vector<IpAddress>* cached(std::string_view host, Monotonic now) const;
  // errors: kMalformed not a host name (RFC 1123 s2.1; and what ends in a number is an address or nothing), kNotFound
  // the name does not exist or has no address, kUnavailable no server answered, kLimit kResolverNamesMax are being
  // asked for. Never an empty list. Resumed from the loop, never from within c-ares. Destroying the task leaves the
  // look-up to the others.
  Task<Result<std::vector<IpAddress>>> resolve(std::string host);
  // Asks these from now on, and forgets what the others said; look-ups under way end with those they began with.
  void use_servers(const std::vector<Endpoint>& servers);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport
