#include "policy/address_set.h"

#include <gtest/gtest.h>

#include <random>

namespace sallyport::policy {
namespace {

CidrList list_of(std::initializer_list<const char*> texts) {
  CidrList out;
  for (const char* text : texts) out.push_back(Cidr::parse(text).value());
  return out;
}
IpAddress address(const char* text) { return IpAddress::parse(text).value(); }

TEST(AddressSet, the_empty_list_admits_everybody) {
  EXPECT_TRUE(AddressSet().admits(address("192.0.2.1")));
  EXPECT_TRUE(AddressSet(CidrList{}).admits(address("::1")));
}

TEST(AddressSet, admits_what_is_listed_and_nothing_else) {
  const AddressSet set(list_of({"10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "2001:db8:ffff::1"}));
  for (const char* in : {"10.0.0.0", "10.255.255.255", "192.0.2.7",
                         "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8:ffff::1", "::ffff:10.1.2.3"})
    EXPECT_TRUE(set.admits(address(in))) << in;
  for (const char* out : {"9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.8",
                          "2001:db8:8000::", "2001:db7::", "2001:db8:ffff::2", "::", "0.0.0.0", "255.255.255.255"})
    EXPECT_FALSE(set.admits(address(out))) << out;
}

TEST(AddressSet, families_never_match_across) {
  EXPECT_FALSE(AddressSet(list_of({"::/0"})).admits(address("192.0.2.1")));
  EXPECT_FALSE(AddressSet(list_of({"0.0.0.0/0"})).admits(address("::1")));
  EXPECT_TRUE(AddressSet(list_of({"0.0.0.0/0"})).admits(address("255.255.255.255")));
  EXPECT_TRUE(AddressSet(list_of({"::/0"})).admits(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
}

// Beside the plain walk over the list, which is what it stands for.
TEST(AddressSet, agrees_with_the_list_itself) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    CidrList list;
    for (int i = 0; i < 40; ++i) {
      std::array<uint8_t, 16> bytes{};
      const bool v4 = random() % 2 == 0;
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 4);
      const IpAddress host = v4 ? IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}) : IpAddress::v6(bytes);
      const int length = static_cast<int>(random() % (v4 ? 33 : 129));
      if (const auto cidr = Cidr::parse(host.to_string() + "/" + std::to_string(length))) list.push_back(*cidr);
    }
    if (list.empty()) continue;
    const AddressSet set(list);
    for (int i = 0; i < 400; ++i) {
      std::array<uint8_t, 16> bytes{};
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 4);
      const IpAddress asked = i % 2 ? IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}) : IpAddress::v6(bytes);
      EXPECT_EQ(set.admits(asked), contains(list, asked)) << asked.to_string();
    }
  }
}

// Many, close together in some places and far apart in others, with a few far outside: what the index makes worst of.
TEST(AddressSet, agrees_with_a_search_of_many_uneven_ranges) {
  std::mt19937 random(11);
  for (const bool v4 : {true, false})
    for (const int spread : {1, 3, 8}) {
      const auto any = [&] {
        std::array<uint8_t, 16> bytes{};
        const bool far = random() % 50 == 0;
        for (int at = 0; at < 16; ++at)
          bytes[at] = static_cast<uint8_t>(far || at >= spread ? random() : random() % 2 ? 10 : 11);
        return v4 ? IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}) : IpAddress::v6(bytes);
      };
      CidrList list;
      const int shortest = v4 ? 20 : 40;
      while (list.size() < 700) {
        const int length = shortest + static_cast<int>(random() % ((v4 ? 32 : 128) - shortest + 1));
        std::array<uint8_t, 16> bytes = any().bytes();
        for (int bit = (v4 ? 96 : 0) + length; bit < 128; ++bit)
          bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
        const IpAddress network =
            v4 ? IpAddress::v4({bytes[12], bytes[13], bytes[14], bytes[15]}) : IpAddress::v6(bytes);
        list.push_back(Cidr::parse(network.to_string() + "/" + std::to_string(length)).value());
      }
      const AddressSet set(list);
      size_t admitted = 0;
      for (int i = 0; i < 900; ++i) {
        const IpAddress asked = i % 3 == 0 ? list[random() % list.size()].network() : any();
        admitted += set.admits(asked);
        ASSERT_EQ(set.admits(asked), contains(list, asked)) << asked.to_string();
      }
      EXPECT_GE(admitted, 300u);
    }
}

TEST(AddressSet, the_ends_of_the_address_space) {
  const AddressSet v4(list_of({"0.0.0.0/32", "255.255.255.255/32"}));
  EXPECT_TRUE(v4.admits(address("0.0.0.0")));
  EXPECT_TRUE(v4.admits(address("255.255.255.255")));
  EXPECT_FALSE(v4.admits(address("0.0.0.1")));
  EXPECT_FALSE(v4.admits(address("255.255.255.254")));
  const AddressSet v6(list_of({"::/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"}));
  EXPECT_TRUE(v6.admits(address("::")));
  EXPECT_TRUE(v6.admits(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  EXPECT_FALSE(v6.admits(address("::1")));
  EXPECT_FALSE(v6.admits(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")));
}

}  // namespace
}  // namespace sallyport::policy
