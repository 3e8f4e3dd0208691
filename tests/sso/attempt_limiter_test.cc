#include "sso/attempt_limiter.h"

#include <gtest/gtest.h>

namespace sallyport::sso {
namespace {

using std::chrono::seconds;

Sha256 account(int number) { return sha256(as_bytes("account " + std::to_string(number))); }
IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

TEST(AttemptLimiter, lets_ten_through_and_then_one_every_six_seconds) {
  AttemptLimiter limiter;
  const Attempt attempt{account(1), address("192.0.2.1")};
  Monotonic now{};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limiter.refuse(attempt, now), std::nullopt) << i;
  EXPECT_EQ(limiter.refuse(attempt, now), seconds(6));
  now += seconds(5);
  EXPECT_EQ(limiter.refuse(attempt, now), seconds(1));
  now += seconds(1);
  EXPECT_EQ(limiter.refuse(attempt, now), std::nullopt);
  EXPECT_EQ(limiter.refuse(attempt, now), seconds(6));
}

TEST(AttemptLimiter, counts_an_account_across_networks) {
  AttemptLimiter limiter;
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(limiter.refuse({account(1), address("192.0.2." + std::to_string(i))}, {}), std::nullopt);
  EXPECT_NE(limiter.refuse({account(1), address("192.0.2.200")}, {}), std::nullopt);
  EXPECT_EQ(limiter.refuse({account(2), address("192.0.2.200")}, {}), std::nullopt);
}

TEST(AttemptLimiter, counts_a_network_across_accounts) {
  struct Row {
    const char* one;
    const char* other;
    bool same;
  };
  const Row table[] = {
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
      {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
      {"::ffff:192.0.2.1", "192.0.2.1", true},
  };
  for (const auto& [one, other, same] : table) {
    AttemptLimiter limiter;
    for (int i = 0; i < 30; ++i) EXPECT_EQ(limiter.refuse({account(i), address(one)}, {}), std::nullopt);
    EXPECT_EQ(limiter.refuse({account(99), address(other)}, {}).has_value(), same) << one << " " << other;
  }
}

TEST(AttemptLimiter, a_right_password_does_not_count) {
  AttemptLimiter limiter;
  const Attempt attempt{account(1), address("192.0.2.1")};
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(limiter.refuse(attempt, {}), std::nullopt);
    limiter.succeeded(attempt, {});
  }
}

TEST(AttemptLimiter, a_right_password_of_ones_own_does_not_buy_guesses_at_others) {
  AttemptLimiter limiter;
  int guesses = 0;
  for (int i = 0; i < 100; ++i) {
    if (!limiter.refuse({account(1000 + i), address("192.0.2.1")}, {})) ++guesses;
    const Attempt mine{account(1), address("192.0.2.1")};
    if (!limiter.refuse(mine, {})) limiter.succeeded(mine, {});
  }
  EXPECT_EQ(guesses, 30);
}

TEST(AttemptLimiter, remembers_no_more_than_it_may) {
  AttemptLimiter limiter({10, 10}, {1'000'000, 1'000'000'000}, 100);
  for (int i = 0; i < 1000; ++i)
    limiter.refuse({account(i), address("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250))}, {});
  EXPECT_EQ(limiter.keys(), 200u);
}

TEST(AttemptLimiter, forgets_the_longest_silent_first) {
  AttemptLimiter limiter({1, 1}, {1'000'000, 1'000'000'000}, 3);
  const IpAddress client = address("192.0.2.1");
  EXPECT_EQ(limiter.refuse({account(1), client}, {}), std::nullopt);
  for (int i = 10; i < 40; ++i) {
    EXPECT_EQ(limiter.refuse({account(i), client}, {}), std::nullopt);
    EXPECT_NE(limiter.refuse({account(1), client}, {}), std::nullopt)
        << "the one that is asked all the time was forgotten";
  }
}

TEST(AttemptLimiter, invented_names_of_one_network_do_not_push_a_guessed_account_out) {
  AttemptLimiter limiter({2, 1}, {30, 30}, 100);
  const IpAddress attacker = address("192.0.2.66");
  limiter.refuse({account(1), address("192.0.2.1")}, {});
  limiter.refuse({account(1), address("192.0.2.1")}, {});
  for (int i = 10; i < 5000; ++i) limiter.refuse({account(i), attacker}, {});
  EXPECT_NE(limiter.refuse({account(1), address("192.0.2.1")}, {}), std::nullopt);
}

TEST(AttemptLimiter, a_clock_that_steps_back_gives_nothing) {
  TokenBuckets buckets({1, 1}, 10);
  const Monotonic start = Monotonic{} + std::chrono::hours(1);
  buckets.take({}, start);
  EXPECT_GT(buckets.wait({}, start - std::chrono::minutes(30)), std::chrono::nanoseconds(0));
}

}  // namespace
}  // namespace sallyport::sso
