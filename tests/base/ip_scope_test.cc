// What an address is good for, and what hides in another.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "base/ip.h"

namespace sallyport {
namespace {

using std::string;

IpAddress ip(std::string_view text) {
  const auto out = IpAddress::parse(text);
  EXPECT_TRUE(out.has_value()) << text;
  return out.value_or(IpAddress());
}

TEST(is_public, is_true_for_global_unicast_alone) {
  for (const char* text : {"1.1.1.1",
                           "8.8.8.8",
                           "9.255.255.255",
                           "11.0.0.0",
                           "100.63.255.255",
                           "100.128.0.0",
                           "126.255.255.255",
                           "128.0.0.1",
                           "169.253.255.255",
                           "172.15.255.255",
                           "172.32.0.0",
                           "192.0.1.0",
                           "192.167.255.255",
                           "198.17.255.255",
                           "198.20.0.0",
                           "203.0.112.255",
                           "223.255.255.255",
                           "2606:4700::1111",
                           "2a00:1450::1",
                           "2620:fe::fe",
                           "2003::1",
                           "2001:4860::8888",
                           "2001:200::1",
                           "3ffe::1",
                           "64:ff9b::8.8.8.8",
                           "2002:808:808::1",
                           "2001:0:808:808::f7f7:f7f7",  // Teredo, the client being 8.8.8.8
                           "2a00::5efe:8.8.8.8",
                           "::ffff:8.8.8.8"})
    EXPECT_TRUE(is_public(ip(text))) << text;
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.0.1",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::2",
                           "100::1",
                           "fc00::1",
                           "fd12::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1",
                           "ff0e::1",
                           "2001:db8::1",
                           "3fff::1",
                           "3fff:fff:ffff::",
                           "5f00::1",
                           "4000::1",
                           "1000::1",
                           "2001:2::1",
                           "2001:10::1",
                           "2001:20::1",
                           "2001:1ff::1"})
    EXPECT_FALSE(is_public(ip(text))) << text;
}

TEST(is_public, judges_what_an_address_embeds) {
  for (const char* inner : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "224.0.0.1"}) {
    const auto bytes = ip(inner).bytes();
    const auto hex = [&](size_t at, unsigned flip) {
      char out[16];
      std::snprintf(out, sizeof out, "%x:%x", (unsigned(bytes[at]) << 8 | bytes[at + 1]) ^ flip,
                    (unsigned(bytes[at + 2]) << 8 | bytes[at + 3]) ^ flip);
      return string(out);
    };
    const string quad = inner;
    EXPECT_FALSE(is_public(ip("::ffff:" + quad)));
    EXPECT_FALSE(is_public(ip("::" + quad)));
    EXPECT_FALSE(is_public(ip("64:ff9b::" + quad)));
    EXPECT_FALSE(is_public(ip("64:ff9b:1::" + quad)));
    EXPECT_FALSE(is_public(ip("2002:" + hex(12, 0) + "::1")));
    EXPECT_FALSE(is_public(ip("2001:0:" + hex(12, 0) + "::f7f7:f7f7")));   // the Teredo server
    EXPECT_FALSE(is_public(ip("2001:0:808:808:0:0:" + hex(12, 0xffff))));  // the Teredo client
    EXPECT_FALSE(is_public(ip("2a00::5efe:" + quad)));
    EXPECT_FALSE(is_public(ip("2a00::200:5efe:" + quad)));
  }
  EXPECT_FALSE(is_public(ip("64:ff9b:1::8.8.8.8")));  // RFC 8215: a translator of this site
  EXPECT_FALSE(is_public(ip("::8.8.8.8")));           // v4-compatible, retired
}

TEST(is_loopback, is_about_the_address_itself) {
  for (const char* text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_loopback(ip(text))) << text;
  for (const char* text : {"126.0.0.1", "128.0.0.1", "0.0.0.0", "::", "::2", "::127.0.0.1", "64:ff9b::127.0.0.1",
                           "2002:7f00:1::", "10.0.0.1", "fe80::1"})
    EXPECT_FALSE(is_loopback(ip(text))) << text;
}

}  // namespace
}  // namespace sallyport
