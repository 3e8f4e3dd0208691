#include "proxy/descriptor_shares.h"

#include <gtest/gtest.h>

#include <limits>

namespace sallyport::proxy {
namespace {

constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();  // RLIM_INFINITY

conf::Limits limits_of(size_t connections, size_t upstream_connections) {
  conf::Limits out;
  out.connections = connections;
  out.upstream_connections = upstream_connections;
  return out;
}

TEST(DescriptorShares, never_give_away_more_than_there_is) {
  for (size_t descriptors = 128; descriptors < 200'000; descriptors += 1 + descriptors / 7)
    for (const size_t workers : {1, 2, 3, 8}) {
      const auto shares = DescriptorShares::of(descriptors, workers);
      const size_t told = workers * too_many_told(shares.clients / workers);
      EXPECT_LT(shares.clients + told + workers * shares.upstream_open, descriptors) << descriptors << " " << workers;
      EXPECT_LE(shares.clients * 100, descriptors * 45);
      EXPECT_LE(workers * shares.upstream_idle * 10, std::max(descriptors, 10 * workers));
      EXPECT_LE(shares.upstream_idle, shares.upstream_open);
    }
}

TEST(DescriptorShares, every_worker_has_one_of_each_however_few_there_are) {
  for (const size_t descriptors : {0, 1, 20, 64})
    for (const size_t workers : {1, 8}) {
      const auto shares = DescriptorShares::of(descriptors, workers);
      EXPECT_GE(shares.clients, workers);
      EXPECT_GE(shares.upstream_idle, 1u);
      EXPECT_GE(shares.upstream_open, 1u);
    }
}

TEST(DescriptorShares, the_defaults_fit_what_the_systemd_unit_allows) {
  auto limits = conf::Limits{};
  EXPECT_TRUE(lower_to(DescriptorShares::of(131'072, 4), limits).empty());
  EXPECT_EQ(limits.connections, 50'000u);
}

TEST(DescriptorShares, leave_a_limit_alone_that_fits) {
  auto limits = limits_of(100, 8);
  EXPECT_TRUE(lower_to(DescriptorShares::of(1024, 2), limits).empty());
  EXPECT_TRUE(lower_to(DescriptorShares::of(kUnlimited, 2), limits).empty());
  EXPECT_EQ(limits.connections, 100u);
  EXPECT_EQ(limits.upstream_connections, 8u);
}

TEST(DescriptorShares, lower_a_limit_that_does_not_fit_and_say_so) {
  auto limits = limits_of(50'000, 1024);
  const auto shares = DescriptorShares::of(1024, 2);
  const auto lowered = lower_to(shares, limits);
  ASSERT_EQ(lowered.size(), 2u);
  EXPECT_EQ(lowered[0].name, "limits.connections");
  EXPECT_EQ(lowered[0].wanted, 50'000u);
  EXPECT_EQ(lowered[0].possible, shares.clients);
  EXPECT_EQ(lowered[1].name, "limits.upstream_connections");
  EXPECT_EQ(limits.connections, 388u);  // 45 % of what 160 files of its own leave
  EXPECT_EQ(limits.upstream_connections, 43u);
}

}  // namespace
}  // namespace sallyport::proxy
