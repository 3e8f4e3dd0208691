// Addresses, prefixes and endpoints: one spelling in, one spelling out, and nothing hides in another form.
#include "base/ip.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

namespace sallyport {
namespace {

using std::string;

IpAddress ip(std::string_view text) {
  const auto out = IpAddress::parse(text);
  EXPECT_TRUE(out.has_value()) << text;
  return out.value_or(IpAddress());
}

TEST(ip_address, has_one_spelling_for_each) {
  const std::pair<const char*, const char*> table[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"127.0.0.1", "127.0.0.1"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8::A", "2001:db8::a"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},  // RFC 5952 s4.2.3: the first of equal runs
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // s4.2.2: not one group
      {"2001:db8::0:1:1:1:1", "2001:db8::1:1:1:1"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
      {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
      {"::ffff:1.2.3.4", "1.2.3.4"},
      {"::FFFF:0102:0304", "1.2.3.4"},
      {"0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"},
      {"::1.2.3.4", "::102:304"},
      {"::fffe:1.2.3.4", "::fffe:102:304"},
      {"::ffff:0:1.2.3.4", "::ffff:0:102:304"},
  };
  for (const auto& [text, expected] : table) {
    EXPECT_EQ(ip(text).to_string(), expected);
    EXPECT_EQ(ip(ip(text).to_string()), ip(text)) << text;
  }
  EXPECT_TRUE(ip("::ffff:1.2.3.4").is_v4());
  EXPECT_EQ(ip("::ffff:1.2.3.4"), ip("1.2.3.4"));
  EXPECT_FALSE(ip("::1.2.3.4").is_v4());
  EXPECT_EQ(IpAddress(), ip("0.0.0.0"));
}

TEST(ip_address, refuses_every_other_text) {
  const std::string_view table[] = {"",
                                    " ",
                                    "1.2.3",
                                    "1.2.3.4.5",
                                    "1.2.3.",
                                    ".1.2.3",
                                    "1..2.3",
                                    "1.2.3.4 ",
                                    " 1.2.3.4",
                                    "1.2.3.4\n",
                                    "1.2.3.256",
                                    "1.2.3.1000",
                                    "127.1",
                                    "0x7f000001",
                                    "0x7f.0.0.1",
                                    "2130706433",
                                    "017700000001",
                                    "010.0.0.1",
                                    "00.0.0.0",
                                    "1.2.3.04",
                                    "1.2.3.-4",
                                    "1.2.3.+4",
                                    "1.2.3.4a",
                                    "1.2.3.a",
                                    "1,2,3,4",
                                    "1.2.3.4/32",
                                    "1.2.3.4:80",
                                    "localhost",
                                    "\xd9\xa1.2.3.4",
                                    "1.2.3.4%eth0",
                                    ":",
                                    ":::",
                                    "::1::",
                                    "1::2::3",
                                    "1:2:3:4:5:6:7",
                                    "1:2:3:4:5:6:7:8:9",
                                    "1:2:3:4:5:6:7:8::",
                                    "::1:2:3:4:5:6:7:8",
                                    "1:2:3:4::5:6:7:8",
                                    ":1:2:3:4:5:6:7",
                                    "1:2:3:4:5:6:7:",
                                    ":1",
                                    "1:",
                                    "12345::",
                                    "::g",
                                    "::-1",
                                    "::+1",
                                    "[::1]",
                                    "::1%eth0",
                                    "::1%1",
                                    "fe80::1%25eth0",
                                    "::1/128",
                                    "::1 ",
                                    "::0x1",
                                    "::1.2.3",
                                    "::1.2.3.4.5",
                                    "::1.2.3.4:5",
                                    "1.2.3.4::",
                                    "::1.2.3.04",
                                    "::256.1.1.1",
                                    "::ffff:127.1",
                                    "1:2:3:4:5:6:7:1.2.3.4",
                                    "::1.2.3.4::",
                                    std::string_view("1.2.3.4\0", 8),
                                    std::string_view("::1\0", 4)};
  for (const std::string_view text : table) EXPECT_FALSE(IpAddress::parse(text).has_value()) << text;
}

TEST(ip_address, agrees_with_the_c_library) {
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::array<uint8_t, 16> bytes;
    for (auto& byte : bytes) byte = random() % 3 == 0 ? static_cast<uint8_t>(random()) : 0;
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
    ASSERT_EQ(ip(text), IpAddress::v6(bytes)) << text;
    std::array<uint8_t, 16> back;
    const IpAddress address = IpAddress::v6(bytes);
    if (!address.is_v4()) {
      ASSERT_EQ(inet_pton(AF_INET6, address.to_string().c_str(), back.data()), 1);
      ASSERT_EQ(back, bytes);
    }
    string mutated = text;  // whatever the text, both take it or neither does
    const string alphabet = "0123456789abcdefABCDEF:.:.::g ";
    for (unsigned n = random() % 3; n > 0; --n)
      mutated[random() % mutated.size()] = alphabet[random() % alphabet.size()];
    if (random() % 4 == 0) mutated.insert(random() % mutated.size(), 1, alphabet[random() % alphabet.size()]);
    const bool six = mutated.find(':') != string::npos;
    ASSERT_EQ(IpAddress::parse(mutated).has_value(),
              inet_pton(six ? AF_INET6 : AF_INET, mutated.c_str(), back.data()) == 1)
        << mutated;
  }
}

TEST(cidr, contains_its_prefix_and_nothing_else) {
  const struct {
    const char* cidr;
    const char* inside;
    const char* outside;
  } table[] = {
      {"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
      {"10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"},
      {"192.168.1.128/25", "192.168.1.128", "192.168.1.127"},
      {"172.16.0.0/12", "172.31.0.1", "172.32.0.0"},
      {"1.2.3.4", "1.2.3.4", "1.2.3.5"},
      {"1.2.3.4/32", "1.2.3.4", "1.2.3.5"},
      {"1.2.3.4/31", "1.2.3.5", "1.2.3.6"},
      {"0.0.0.0/0", "255.1.2.3", "::1"},
      {"::/0", "ffff::", "1.2.3.4"},
      {"::/0", "::1", "::ffff:1.2.3.4"},
      {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
      {"fe80::/10", "febf::1", "fec0::"},
      {"::1", "::1", "::"},
      {"::1/128", "::1", "::2"},
      {"::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0"},
      {"::ffff:0:0/96", "1.2.3.4", "::1"},
  };
  for (const auto& c : table) {
    const auto cidr = Cidr::parse(c.cidr);
    ASSERT_TRUE(cidr.has_value()) << c.cidr;
    EXPECT_TRUE(cidr->contains(ip(c.inside))) << c.cidr << " " << c.inside;
    EXPECT_FALSE(cidr->contains(ip(c.outside))) << c.cidr << " " << c.outside;
    EXPECT_EQ(Cidr::parse(cidr->to_string()), *cidr);
  }
  EXPECT_EQ(Cidr::parse("::ffff:10.0.0.0/104")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(Cidr::parse("1.2.3.4")->to_string(), "1.2.3.4/32");
  EXPECT_EQ(Cidr::parse("::1")->length(), 128);

  const CidrList list = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("::1")};
  EXPECT_TRUE(contains(list, ip("::1")));
  EXPECT_TRUE(contains(list, ip("10.0.0.1")));
  EXPECT_FALSE(contains(list, ip("127.0.0.1")));
  EXPECT_FALSE(contains({}, ip("127.0.0.1")));
}

TEST(cidr, refuses_every_other_text) {
  for (const char* text : {"",
                           "/",
                           "/8",
                           "10.0.0.0/",
                           "10.0.0.0/33",
                           "10.0.0.0/08",
                           "10.0.0.0/-1",
                           "10.0.0.0/+8",
                           "10.0.0.0/8 ",
                           "10.0.0.0/255.0.0.0",
                           "10.0.0.0/8/8",
                           "10.0.0.1/8",
                           "10.0.0.0/4",
                           "1.2.3.5/31",
                           "10/8",
                           "10.0.0/8",
                           "::/129",
                           "::1/127",
                           "2001:db8::1/64",
                           "fe80::%eth0/64",
                           "::ffff:10.0.0.0/95",
                           "::ffff:10.0.0.0/8",
                           "::ffff:10.0.0.1/104",
                           "::ffff:10.0.0.0/129",
                           "[::1]/128",
                           "any",
                           "*"})
    EXPECT_FALSE(Cidr::parse(text).has_value()) << text;
}

TEST(endpoint, has_one_spelling_for_each) {
  for (const char* text : {"1.2.3.4:80", "[::1]:80", "[2001:db8::1]:65535", "0.0.0.0:0"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint.has_value()) << text;
    EXPECT_EQ(endpoint->to_string(), text);
    EXPECT_EQ(SocketAddress::of(*endpoint).endpoint(), *endpoint);
  }
  EXPECT_EQ(Endpoint::parse("[::ffff:1.2.3.4]:80")->to_string(), "1.2.3.4:80");
  for (const char* text : {"",
                           ":",
                           ":80",
                           "1.2.3.4",
                           "1.2.3.4:",
                           "1.2.3.4:080",
                           "1.2.3.4:65536",
                           "1.2.3.4:-1",
                           "1.2.3.4:+1",
                           "1.2.3.4:80 ",
                           "1.2.3.4:8a",
                           "1.2.3.4:80:80",
                           "1.2.3.4:999999999999",
                           "::1:80",
                           "[::1]",
                           "[::1]:",
                           "[::1]80",
                           "[::1:80",
                           "[::1]:80x",
                           "[1.2.3.4]:80",
                           "[]:80",
                           "[::1]]:80",
                           "localhost:80",
                           "[::1%lo]:80",
                           "/run/x.sock"})
    EXPECT_FALSE(Endpoint::parse(text).has_value()) << text;
}

TEST(socket_address, folds_mapped_addresses_and_knows_no_others) {
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = htons(80);
  inet_pton(AF_INET6, "::ffff:10.0.0.1", &mapped.sin6_addr);
  SocketAddress address;
  std::memcpy(&address.storage, &mapped, sizeof mapped);
  EXPECT_EQ(address.endpoint().to_string(), "10.0.0.1:80");
  address.storage.ss_family = AF_UNIX;
  EXPECT_EQ(address.endpoint(), Endpoint());
  EXPECT_EQ(SocketAddress::of(*Endpoint::parse("1.2.3.4:5")).length, sizeof(sockaddr_in));
  EXPECT_EQ(SocketAddress::of(*Endpoint::parse("[::1]:5")).length, sizeof(sockaddr_in6));
}

}  // namespace
}  // namespace sallyport
