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
  EXPECT_EQ(limiter.keys(), 200u);  // of accounts and networks
}

TEST(AttemptLimiter, forgets_what_was_tried_least_first) {
  AttemptLimiter limiter({2, 1}, {1'000'000, 1'000'000'000}, 3);
  const IpAddress client = address("192.0.2.1");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(limiter.refuse({account(1), client}, {}), std::nullopt);
  for (int i = 10; i < 4000; ++i) {
    EXPECT_EQ(limiter.refuse({account(i), client}, {}), std::nullopt) << "a newcomer is let in";
    EXPECT_NE(limiter.refuse({account(1), client}, {}), std::nullopt) << "the one that is guessed at was forgotten";
  }
}

// An attacker with addresses without end (IPv6) makes up names, in order to have the victim's bucket forgotten: what he
// has used up there is more than what he used of each of those.
TEST(AttemptLimiter, a_flood_of_names_and_networks_wins_no_guess_at_an_account) {
  AttemptLimiter limiter({10, 10}, {30, 30}, 1000);
  int guesses = 0;
  int number = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 10; ++i)
      if (!limiter.refuse({account(1), address("198.51.100." + std::to_string(i))}, {})) ++guesses;
    for (int i = 0; i < 2000; ++i, ++number) {
      const IpAddress from =
          address("2001:db8:" + std::to_string(number % 9000) + ":" + std::to_string(number / 9000) + "::1");
      EXPECT_EQ(limiter.refuse({account(1000 + number), from}, {}), std::nullopt) << "a newcomer is let in";
    }
  }
  EXPECT_EQ(guesses, 10);
  EXPECT_LE(limiter.keys(), 2000u);
}

TEST(AttemptLimiter, who_is_known_has_a_bucket_of_his_own) {
  AttemptLimiter limiter;
  const IpAddress client = address("192.0.2.1");
  for (int i = 0; i < 40; ++i) limiter.refuse({account(1), client}, {});
  const Attempt stranger{account(1), client};
  const Attempt known{account(1), client, account(77)};
  EXPECT_NE(limiter.refuse(stranger, {}), std::nullopt);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limiter.refuse(known, {}), std::nullopt) << i;
  EXPECT_EQ(limiter.refuse(known, {}), seconds(6));
  EXPECT_EQ(limiter.refuse({account(1), client, account(78)}, {}), std::nullopt) << "another device";
  limiter.succeeded(known, {});
  EXPECT_EQ(limiter.refuse(known, {}), std::nullopt) << "the right password does not count";
}

TEST(AttemptLimiter, what_a_known_device_tries_counts_for_nobody_else) {
  AttemptLimiter limiter;
  for (int i = 0; i < 100; ++i) limiter.refuse({account(1), address("192.0.2.1"), account(77)}, {});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limiter.refuse({account(1), address("192.0.2.1")}, {}), std::nullopt) << i;
}

TEST(AttemptLimiter, a_bucket_that_is_full_again_takes_no_room) {
  TokenBuckets buckets({10, 10}, 10);
  buckets.take(account(1), {});
  EXPECT_EQ(buckets.keys(), 1u);
  buckets.give_back(account(1), {});
  EXPECT_EQ(buckets.keys(), 0u);
  buckets.give_back(account(1), {});
  EXPECT_EQ(buckets.wait(account(1), {}), std::chrono::nanoseconds(0));
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
