// One loop's connection to name servers, over c-ares (the only place that knows it): a question in, addresses and their
// TTL out. No cache, no sharing: base/resolver.h has those.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/loop.h"

namespace sallyport {

struct DnsOptions {
  std::vector<Endpoint> servers;            // empty: the system's (/etc/resolv.conf), and /etc/hosts before them
  std::chrono::milliseconds timeout{2000};  // of the first try; c-ares doubles it with each
  int tries = 3;                            // of each server
};

struct DnsAnswer {
  std::optional<Error> error;        // kNotFound, kUnavailable
  std::vector<IpAddress> addresses;  // IPv6 and IPv4 in turn, IPv6 first (RFC 8305 s4); empty with an error alone
  std::chrono::seconds ttl{0};       // the smallest on the way to the addresses, aliases included
};

// Who asked. Lives until it was answered or the channel is gone.
class DnsQuery {
 public:
  virtual void on_answer(
      DnsAnswer answer) = 0;  // perhaps before ask() returns; c-ares is on the stack: note it, act later

 protected:
  ~DnsQuery() = default;
};

class DnsChannel {
 public:
  DnsChannel(Loop& loop, DnsOptions options);
  ~DnsChannel();  // queries under way are dropped without an answer
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  // Asks for A and AAAA. host: a checked name, lower case.
  void ask(const std::string& host, DnsQuery& query);
  size_t under_way() const;
  const DnsOptions& options() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport
