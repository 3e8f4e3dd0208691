// Which addresses are this machine's: those it has wherever this runs. tests/scenario/test_outbound.py gives one more.
#include "base/own_address.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(own_address, the_loopback_is_ours) {
  for (const char* text : {"127.0.0.1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_own_address(*IpAddress::parse(text))) << text;
}

TEST(own_address, others_are_not) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "2606:4700::1111"})
    EXPECT_FALSE(is_own_address(*IpAddress::parse(text))) << text;
}

}  // namespace
}  // namespace sallyport
