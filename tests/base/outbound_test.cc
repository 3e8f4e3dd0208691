// Where we may connect. What is public and what is this machine's own have tests of their own.
#include "base/outbound.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

bool refused(const CidrList& networks, const char* address) {
  return outbound_refusal(networks, *IpAddress::parse(address)) != nullptr;
}

TEST(outbound, goes_to_what_is_listed_alone) {
  const CidrList listed = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("127.0.0.1/32")};
  EXPECT_FALSE(refused(listed, "10.1.2.3"));
  EXPECT_FALSE(refused(listed, "127.0.0.1"));
  EXPECT_TRUE(refused(listed, "127.0.0.2"));
  EXPECT_TRUE(refused(listed, "1.1.1.1"));
  EXPECT_TRUE(refused(listed, "169.254.169.254"));
}

TEST(outbound, goes_to_what_is_public_where_nothing_is_listed) {
  EXPECT_FALSE(refused({}, "1.1.1.1"));
  for (const char* address : {"127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "64:ff9b::7f00:1"})
    EXPECT_TRUE(refused({}, address)) << address;
}

}  // namespace
}  // namespace sallyport
