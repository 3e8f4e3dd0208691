#include "policy/client_address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::policy {
namespace {

struct Case {
  const char* what;
  const char* peer;
  std::vector<std::string_view> fields;
  const char* client;
};

const Case kCases[] = {
    {"nobody is trusted by default", "203.0.113.9", {"198.51.100.1"}, "203.0.113.9"},
    {"a trusted proxy's word counts", "10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
    {"two trusted hops", "10.0.0.1", {"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
    {"hearsay beyond the first untrusted hop is ignored", "10.0.0.1", {"127.0.0.1, 198.51.100.1"}, "198.51.100.1"},
    {"fields are one list", "10.0.0.1", {"192.0.2.7", "198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
    {"with a port", "10.0.0.1", {"198.51.100.1:4711"}, "198.51.100.1"},
    {"IPv6 in brackets", "10.0.0.1", {"[2001:db8::1]:443"}, "2001:db8::1"},
    {"a mapped address is folded", "10.0.0.1", {"::ffff:198.51.100.1"}, "198.51.100.1"},
    {"a mapped trusted proxy is that proxy", "10.0.0.1", {"198.51.100.1, ::ffff:10.0.0.2"}, "198.51.100.1"},
    {"junk ends the walk", "10.0.0.1", {"198.51.100.1, unknown"}, "10.0.0.1"},
    {"an empty entry ends the walk", "10.0.0.1", {"198.51.100.1,"}, "10.0.0.1"},
    {"an octal spelling is junk", "10.0.0.1", {"010.0.0.3"}, "10.0.0.1"},
    {"no field at all", "10.0.0.1", {}, "10.0.0.1"},
    {"all hops trusted: the outermost", "10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
};

TEST(ClientAddress, is_walked_from_the_socket_inward) {
  const CidrList trusted{*Cidr::parse("10.0.0.0/24")};
  for (const Case& one : kCases) {
    const PeerAddress peer{{*IpAddress::parse(one.peer), 1234}};
    EXPECT_EQ(client_address(peer, trusted, one.fields).address.to_string(), one.client) << one.what;
  }
}

}  // namespace
}  // namespace sallyport::policy
