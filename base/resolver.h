// Names to addresses, over c-ares, for one loop. Answers are kept for their TTL; look-ups of one name under way are shared.
// `localhost` and its sub-names are the loopback addresses (RFC 6761 s6.3), address literals are themselves. The order of a
// list is the order in which addresses are to be tried: families alternate, IPv6 first (RFC 8305 s4).
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ip.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/task.h"

namespace sallyport {

constexpr size_t kResolverNamesMax = 4096;

class Resolver {
 public:
  // servers empty: the system's (resolv.conf and hosts file); else those alone.
  Resolver(Loop& loop, const std::vector<Endpoint>& servers);
  ~Resolver();  // what waits is woken with kUnavailable
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // A fresh answer that is at hand, or null. Valid until the loop's next turn. cost: one hash look-up.
  const std::vector<IpAddress>* cached(std::string_view host, Monotonic now) const;
  // errors: kNotFound the name does not exist or has no address, kUnavailable no server answered. Never an empty list.
  Task<Result<std::vector<IpAddress>>> resolve(std::string host);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport
