#include "sso/shared_buckets.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sallyport::sso {
namespace {

using std::chrono::seconds;

struct StoppedClock final : Clock {
  WallMicros wall() const override { return {}; }
  Monotonic monotonic() const override { return now; }
  Monotonic now{};
};

Sha256 key(int number) { return sha256(as_bytes(std::to_string(number))); }

TEST(SharedBuckets, to_ask_takes_nothing_and_to_take_does) {
  StoppedClock clock;
  SharedBuckets buckets({2, 60}, clock);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(buckets.refuse_for_now(key(1)), std::nullopt);
  EXPECT_EQ(buckets.refuse_or_take(key(1)), std::nullopt);
  EXPECT_EQ(buckets.refuse_or_take(key(1)), std::nullopt);
  EXPECT_EQ(buckets.refuse_or_take(key(1)), seconds(1));
  EXPECT_EQ(buckets.refuse_for_now(key(1)), seconds(1));
  EXPECT_EQ(buckets.refuse_for_now(key(2)), std::nullopt);
  clock.now += seconds(1);
  EXPECT_EQ(buckets.refuse_or_take(key(1)), std::nullopt);
  buckets.give_back(key(1));
  EXPECT_EQ(buckets.refuse_or_take(key(1)), std::nullopt);
  EXPECT_EQ(buckets.refuse_or_take(key(1)), seconds(1));
}

TEST(SharedBuckets, of_many_at_once_no_more_get_through_than_there_are) {
  StoppedClock clock;
  SharedBuckets buckets({10, 10}, clock);
  std::atomic<int> through = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int each = 0; each < 100; ++each) through += buckets.refuse_or_take(key(1)) ? 0 : 1;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(through, 10);
}

TEST(SharedBuckets, remember_no_more_than_they_may_and_what_is_used_up_longest) {
  StoppedClock clock;
  SharedBuckets buckets({2, 1}, clock, 100);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(buckets.refuse_or_take(key(0)), std::nullopt);
  for (int i = 1; i < 1000; ++i) buckets.take(key(i));
  EXPECT_EQ(buckets.keys(), 100U);
  EXPECT_NE(buckets.refuse_or_take(key(0)), std::nullopt);
}

}  // namespace
}  // namespace sallyport::sso
