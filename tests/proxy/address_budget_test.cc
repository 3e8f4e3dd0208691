#include "proxy/address_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sallyport::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

IpAddress address(const char* text) { return *IpAddress::parse(text); }

constexpr Monotonic kStart{std::chrono::hours(1)};

TEST(address_budget, one_address_has_so_many_connections_and_others_theirs) {
  AddressBudget budget;
  const AddressLimits limits{.connections = 2};
  auto first = budget.enter(address("192.0.2.1"), limits, kStart);
  auto second = budget.enter(address("192.0.2.1"), limits, kStart);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(budget.enter(address("192.0.2.1"), limits, kStart));
  EXPECT_TRUE(budget.enter(address("192.0.2.2"), limits, kStart));
  second.reset();
  EXPECT_TRUE(budget.enter(address("192.0.2.1"), limits, kStart));
}

TEST(address_budget, a_place_that_is_moved_is_given_back_once) {
  AddressBudget budget;
  const AddressLimits limits{.connections = 1};
  auto first = budget.enter(address("192.0.2.1"), limits, kStart);
  AddressBudget::Place kept = *std::move(first);
  first.reset();
  EXPECT_FALSE(budget.enter(address("192.0.2.1"), limits, kStart));
  kept = AddressBudget::Place();
  EXPECT_TRUE(budget.enter(address("192.0.2.1"), limits, kStart));
}

TEST(address_budget, an_ipv6_client_is_its_first_64_bits) {
  AddressBudget budget;
  const AddressLimits limits{.connections = 1};
  const auto one = budget.enter(address("2001:db8::1"), limits, kStart);
  EXPECT_FALSE(budget.enter(address("2001:db8::ffff:1"), limits, kStart));
  EXPECT_TRUE(budget.enter(address("2001:db8:0:1::1"), limits, kStart));
}

TEST(address_budget, a_mapped_address_is_the_ipv4_one) {
  AddressBudget budget;
  const AddressLimits limits{.connections = 1};
  const auto one = budget.enter(address("192.0.2.1"), limits, kStart);
  EXPECT_FALSE(budget.enter(address("::ffff:192.0.2.1"), limits, kStart));
}

TEST(address_budget, a_second_has_so_many_new_connections) {
  AddressBudget budget;
  const AddressLimits limits{.per_second = 4};
  const auto comes = [&](Monotonic now) { return budget.enter(address("192.0.2.1"), limits, now).has_value(); };
  int admitted = 0;
  for (int i = 0; i < 20; ++i) admitted += comes(kStart) ? 1 : 0;
  EXPECT_EQ(admitted, 5);  // a second's worth, and the one whose time it is
  EXPECT_FALSE(comes(kStart + milliseconds(100)));
  EXPECT_TRUE(comes(kStart + milliseconds(260)));
  EXPECT_FALSE(comes(kStart + milliseconds(261)));
  EXPECT_TRUE(comes(kStart + seconds(10)));
}

TEST(address_budget, who_is_uncounted_and_no_limits_cost_nothing) {
  AddressBudget budget;
  const AddressLimits limits{.connections = 1, .per_second = 1, .uncounted = {*Cidr::parse("192.0.2.0/24")}};
  std::vector<std::optional<AddressBudget::Place>> all;
  for (int i = 0; i < 10; ++i) all.push_back(budget.enter(address("192.0.2.1"), limits, kStart));
  for (int i = 0; i < 10; ++i) all.push_back(budget.enter(address("198.51.100.1"), {}, kStart));
  for (const auto& each : all) EXPECT_TRUE(each);
  EXPECT_EQ(budget.clients(), 0u);
}

TEST(address_budget, addresses_that_came_once_are_forgotten) {
  AddressBudget budget;
  const AddressLimits limits{.connections = 10, .per_second = 100};
  Monotonic now = kStart;
  for (uint32_t i = 0; i < 200'000; ++i) {
    const std::array<uint8_t, 4> bytes{10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                                       static_cast<uint8_t>(i)};
    ASSERT_TRUE(budget.enter(IpAddress::v4(bytes), limits, now));
    now += milliseconds(1);
  }
  EXPECT_LT(budget.clients(), 16u * 600);
}

TEST(address_budget, threads_share_it) {
  AddressBudget budget;
  const AddressLimits limits{.connections = 100};
  std::atomic<int> admitted{0};
  std::vector<std::vector<AddressBudget::Place>> kept(4);
  std::vector<std::thread> threads;
  for (auto& mine : kept)
    threads.emplace_back([&budget, &limits, &admitted, &mine] {
      for (int i = 0; i < 60; ++i)
        if (auto place = budget.enter(address("192.0.2.1"), limits, kStart)) {
          mine.push_back(*std::move(place));
          ++admitted;
        }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(admitted, 100);
  kept.clear();
  EXPECT_TRUE(budget.enter(address("192.0.2.1"), limits, kStart));
}

}  // namespace
}  // namespace sallyport::proxy
