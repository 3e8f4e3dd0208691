// Which server is asked first.
#include "sso/ldap/server_order.h"

#include <gtest/gtest.h>

namespace sallyport::sso::ldap {
namespace {

using namespace std::chrono_literals;
using Order = std::vector<size_t>;

constexpr Monotonic kStart{1h};

TEST(ldap_servers, are_tried_as_configured) { EXPECT_EQ(ServerOrder(3).at(kStart), Order({0, 1, 2})); }

TEST(ldap_servers, that_failed_come_last_for_a_while) {
  ServerOrder order(3);
  order.failed(0, kStart);
  EXPECT_EQ(order.at(kStart), Order({1, 2, 0}));
  EXPECT_EQ(order.at(kStart + 29s), Order({1, 2, 0}));
  EXPECT_EQ(order.at(kStart + 30s), Order({0, 1, 2}));
}

TEST(ldap_servers, that_work_again_are_where_they_were) {
  ServerOrder order(3);
  order.failed(0, kStart);
  order.failed(1, kStart);
  EXPECT_EQ(order.at(kStart), Order({2, 0, 1}));
  order.worked(0);
  EXPECT_EQ(order.at(kStart), Order({0, 2, 1}));
}

TEST(ldap_servers, all_failed_are_all_tried) {
  ServerOrder order(2);
  order.failed(1, kStart);
  order.failed(0, kStart);
  EXPECT_EQ(order.at(kStart), Order({0, 1}));
}

}  // namespace
}  // namespace sallyport::sso::ldap
