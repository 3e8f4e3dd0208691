#include "policy/client_address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::policy {
namespace {

// The client in words, or "refused: WHY". 10.0.0.0/24 is trusted.
std::string client(const char* peer, const std::vector<std::string_view>& forwarded_for, const char* forwarded = "") {
  const CidrList trusted{*Cidr::parse("10.0.0.0/24"), *Cidr::parse("2001:db8:f::/48")};
  std::vector<http::ForwardedElement> elements;
  if (*forwarded != '\0') EXPECT_TRUE(http::parse_forwarded(forwarded, elements)) << forwarded;
  const auto out = client_address({{*IpAddress::parse(peer), 1234}}, trusted, forwarded_for, elements);
  return out ? out->address.to_string() : std::string("refused: ") + out.error().what;
}

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
    {"a mapped peer is that proxy", "::ffff:10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
    {"junk ends the walk", "10.0.0.1", {"198.51.100.1, unknown"}, "10.0.0.1"},
    {"an empty entry ends the walk", "10.0.0.1", {"198.51.100.1,"}, "10.0.0.1"},
    {"an octal spelling is junk", "10.0.0.1", {"010.0.0.3"}, "10.0.0.1"},
    {"no field at all", "10.0.0.1", {}, "10.0.0.1"},
    {"all hops trusted: the outermost", "10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
    {"a trusted proxy over IPv6", "2001:db8:f::1", {"198.51.100.1"}, "198.51.100.1"},
    {"an embedded form is not the proxy it embeds", "2002:a00:1::1", {"198.51.100.1"}, "2002:a00:1::1"},
};

TEST(client_address, is_walked_from_the_socket_inward) {
  for (const Case& one : kCases) EXPECT_EQ(client(one.peer, one.fields), one.client) << one.what;
}

struct Element {
  const char* what;
  const char* peer;
  const char* forwarded;
  const char* client;
};

const Element kElements[] = {
    {"nobody is trusted by default", "203.0.113.9", "for=198.51.100.1", "203.0.113.9"},
    {"a trusted proxy's word counts", "10.0.0.1", "for=198.51.100.1;proto=https;by=_gate", "198.51.100.1"},
    {"two trusted hops", "10.0.0.1", "for=198.51.100.1, for=10.0.0.2", "198.51.100.1"},
    {"two trusted hops with ports", "10.0.0.1", "for=\"198.51.100.1:4711\", for=\"10.0.0.2:80\"", "198.51.100.1"},
    {"hearsay beyond the first untrusted hop is ignored", "10.0.0.1", "for=127.0.0.1, for=198.51.100.1",
     "198.51.100.1"},
    {"IPv6", "10.0.0.1", "for=\"[2001:db8::1]:443\", for=\"[2001:db8:f::7]\"", "2001:db8::1"},
    {"a mapped address is folded", "10.0.0.1", "for=\"[::ffff:198.51.100.1]\"", "198.51.100.1"},
    {"a mapped trusted proxy is that proxy", "10.0.0.1", "for=198.51.100.1, for=\"[::ffff:10.0.0.2]\"", "198.51.100.1"},
    {"unknown ends the walk", "10.0.0.1", "for=198.51.100.1, for=unknown", "10.0.0.1"},
    {"an obfuscated name ends the walk", "10.0.0.1", "for=198.51.100.1, for=_x, for=10.0.0.2", "10.0.0.2"},
    {"an element without for ends the walk", "10.0.0.1", "for=198.51.100.1, proto=https", "10.0.0.1"},
    {"unknown hearsay is not reached", "10.0.0.1", "for=unknown, for=198.51.100.1", "198.51.100.1"},
    {"all hops trusted: the outermost", "10.0.0.1", "for=10.0.0.3, for=10.0.0.2", "10.0.0.3"},
};

TEST(client_address, is_walked_over_forwarded_as_well) {
  for (const Element& one : kElements) EXPECT_EQ(client(one.peer, {}, one.forwarded), one.client) << one.what;
}

TEST(client_address, two_fields_must_name_the_same_client) {
  const std::string refused = "refused: X-Forwarded-For and Forwarded name different clients";
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1"}, "for=198.51.100.1"), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"192.0.2.1, 198.51.100.1"}, "for=127.0.0.1, for=\"198.51.100.1:80\""), "198.51.100.1")
      << "what stands beyond may differ";
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1, 10.0.0.2"}, "for=198.51.100.1"), "198.51.100.1")
      << "one of them may leave a trusted hop out";
  EXPECT_EQ(client("10.0.0.1", {"::ffff:198.51.100.1"}, "for=198.51.100.1"), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1"}, "for=198.51.100.2"), refused);
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1"}, "for=unknown"), refused);
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1"}, "proto=https"), refused);
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1"}, "for=198.51.100.1, for=127.0.0.1"), refused);
  EXPECT_EQ(client("10.0.0.1", {""}, "for=198.51.100.1"), refused);
  EXPECT_EQ(client("10.0.0.1", {"unknown"}, "for=_hidden"), "10.0.0.1") << "neither names anybody";
  EXPECT_EQ(client("203.0.113.9", {"198.51.100.1"}, "for=198.51.100.2"), "203.0.113.9") << "both are hearsay";
}

TEST(client_address, a_walk_ends_after_64_trusted_hops) {
  std::string list = "198.51.100.1";
  for (size_t hop = 1; hop < kTrustedHopsMax; ++hop) list += ", 10.0.0.2";
  EXPECT_EQ(client("10.0.0.1", {list}), "198.51.100.1");
  const std::string refused = "refused: the request names too many trusted proxies";
  EXPECT_EQ(client("10.0.0.1", {list + ", 10.0.0.2"}), refused);
  EXPECT_EQ(client("10.0.0.1", {list, "10.0.0.2"}), refused);
  EXPECT_EQ(client("10.0.0.1", {list + ", 10.0.0.2, 198.51.100.7"}), "198.51.100.7") << "hearsay does not count";
  EXPECT_EQ(client("203.0.113.9", {list + ", 10.0.0.2"}), "203.0.113.9");
}

}  // namespace
}  // namespace sallyport::policy
