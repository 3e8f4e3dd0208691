// One bucket at its edges.
#include "policy/rate_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sallyport::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr Monotonic kStart{std::chrono::hours(1)};

RateLimit limit_of(int64_t requests, milliseconds per, int64_t burst) {
  return {.by = RateBy::kAddress, .requests = requests, .per = per, .burst = burst};
}

TEST(RateLimit, gives_the_burst_at_once_and_then_one_in_each_interval) {
  const RateLimit limit = limit_of(10, seconds(1), 3);
  Monotonic bucket{};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(take(limit, bucket, kStart), nanoseconds(0)) << i;
  EXPECT_EQ(take(limit, bucket, kStart), milliseconds(100));
  EXPECT_EQ(take(limit, bucket, kStart + milliseconds(99)), milliseconds(1));
  EXPECT_EQ(take(limit, bucket, kStart + milliseconds(100) - nanoseconds(1)), nanoseconds(1));
  EXPECT_EQ(take(limit, bucket, kStart + milliseconds(100)), nanoseconds(0));
  EXPECT_EQ(take(limit, bucket, kStart + milliseconds(100)), milliseconds(100));
}

TEST(RateLimit, a_refused_request_takes_nothing) {
  const RateLimit limit = limit_of(1, seconds(1), 1);
  Monotonic bucket{};
  EXPECT_EQ(take(limit, bucket, kStart), nanoseconds(0));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(take(limit, bucket, kStart), seconds(1));
  EXPECT_EQ(take(limit, bucket, kStart + seconds(1)), nanoseconds(0));
}

TEST(RateLimit, a_pause_fills_it_no_further_than_the_burst) {
  const RateLimit limit = limit_of(1, seconds(1), 5);
  Monotonic bucket{};
  EXPECT_EQ(take(limit, bucket, kStart), nanoseconds(0));
  const Monotonic later = kStart + std::chrono::hours(24 * 365);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(take(limit, bucket, later), nanoseconds(0)) << i;
  EXPECT_EQ(take(limit, bucket, later), seconds(1));
}

TEST(RateLimit, a_clock_that_was_set_back_gives_nothing_and_shuts_out_for_one_interval_at_most) {
  const RateLimit limit = limit_of(1, seconds(10), 2);
  Monotonic bucket{};
  EXPECT_EQ(take(limit, bucket, kStart), nanoseconds(0));
  const Monotonic before = kStart - std::chrono::minutes(30);
  EXPECT_EQ(take(limit, bucket, before), seconds(10));
  EXPECT_EQ(take(limit, bucket, before + seconds(9)), seconds(1));
  EXPECT_EQ(take(limit, bucket, before + seconds(10)), nanoseconds(0));
}

TEST(RateLimit, the_largest_and_smallest_limits_do_not_overflow) {
  const RateLimit slow = limit_of(1, kRatePerMax, kRateRequestsMax);
  const Monotonic late{std::chrono::hours(24 * 366 * 40)};  // a machine that ran for 40 years
  Monotonic bucket{};
  for (int64_t i = 0; i < kRateRequestsMax; ++i) ASSERT_EQ(take(slow, bucket, late), nanoseconds(0));
  EXPECT_EQ(take(slow, bucket, late), std::chrono::hours(1));
  const RateLimit fast = limit_of(kRateRequestsMax, kRatePerMin, 1);
  bucket = {};
  EXPECT_EQ(take(fast, bucket, late), nanoseconds(0));
  EXPECT_EQ(take(fast, bucket, late), std::chrono::microseconds(1));
  EXPECT_EQ(limit_of(3, seconds(1), 1).interval(), nanoseconds(333'333'334));
}

TEST(RateLimit, never_gives_more_than_it_says_whatever_the_order_of_requests) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    const RateLimit limit = limit_of(1 + random() % 50, milliseconds(1000 + random() % 5000), 1 + random() % 40);
    Monotonic bucket{};
    Monotonic now = kStart;
    std::vector<Monotonic> given;
    for (int i = 0; i < 2000; ++i) {
      now += std::chrono::microseconds(random() % 100'000);
      const nanoseconds wait = take(limit, bucket, now);
      if (wait == wait.zero()) given.push_back(now);
      // What it says of the wait is true: not a nanosecond earlier.
      if (wait > wait.zero() && random() % 4 == 0) {
        Monotonic copy = bucket;
        EXPECT_GT(take(limit, copy, now + wait - nanoseconds(1)), nanoseconds(0));
        copy = bucket;
        EXPECT_EQ(take(limit, copy, now + wait), nanoseconds(0));
      }
    }
    for (size_t i = 0; i < given.size(); ++i) {
      const auto end = std::ranges::lower_bound(given, given[i] + limit.per);
      ASSERT_LE(end - given.begin() - static_cast<ptrdiff_t>(i), limit.requests + limit.burst) << round;
    }
  }
}

TEST(RateLimit, words) {
  for (const RateBy by : {RateBy::kAll, RateBy::kAddress, RateBy::kUser, RateBy::kToken})
    EXPECT_EQ(parse_rate_by(to_string(by)), by);
  EXPECT_FALSE(parse_rate_by("everybody"));
  EXPECT_EQ(to_text(limit_of(100, seconds(60), 200)), "100 per 1m by address, 200 at once");
}

}  // namespace
}  // namespace sallyport::policy
