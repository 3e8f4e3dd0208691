// Many buckets in bounded memory, and what somebody could try against it.
#include "storage/rate_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace sallyport::storage {
namespace {

using policy::RateBy;
using policy::RateLimit;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr Monotonic kNow{std::chrono::hours(1)};
const RateLimit kTwo{.by = RateBy::kAddress, .requests = 1, .per = seconds(10), .burst = 2};
const RecordId kHere{{std::byte{1}}};
const RecordId kThere{{std::byte{2}}};

RateSubject network(const std::string& name) { return {RateSubject::Kind::kNetwork, as_bytes(name)}; }
RateSubject user(const std::string& name) { return {RateSubject::Kind::kUser, as_bytes(name)}; }
bool taken(nanoseconds wait) { return wait == nanoseconds(0); }

TEST(RateTable, keeps_subjects_scopes_and_limits_apart) {
  RateTable table;
  const std::string alice = "alice";
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(taken(table.take(kTwo, kHere, network(alice), kNow)));
  EXPECT_EQ(table.take(kTwo, kHere, network(alice), kNow), seconds(10));
  EXPECT_TRUE(taken(table.take(kTwo, kHere, network("alicf"), kNow))) << "another network";
  EXPECT_TRUE(taken(table.take(kTwo, kThere, network(alice), kNow))) << "another resource";
  EXPECT_TRUE(taken(table.take(kTwo, {}, network(alice), kNow))) << "the platform";
  EXPECT_TRUE(taken(table.take(kTwo, kHere, user(alice), kNow))) << "a user of the same bytes";
  RateLimit by_user = kTwo;
  by_user.by = RateBy::kUser;
  EXPECT_TRUE(taken(table.take(by_user, kHere, network(alice), kNow))) << "nobody, under a limit by user";
  RateLimit changed = kTwo;
  changed.burst = 3;
  EXPECT_TRUE(taken(table.take(changed, kHere, network(alice), kNow))) << "a limit that was changed";
  EXPECT_EQ(table.take(kTwo, kHere, network(alice), kNow), seconds(10)) << "and is still there";
  EXPECT_TRUE(taken(table.take(kTwo, kHere, network(alice), kNow + seconds(10))));
}

TEST(RateTable, remembers_no_more_than_it_may) {
  constexpr size_t kMost = 2048;
  RateTable table(kMost);
  EXPECT_EQ(table.in_use(kNow), 0u);
  for (int i = 0; i < 50'000; ++i) table.take(kTwo, kHere, network(std::to_string(i)), kNow);
  EXPECT_LE(table.in_use(kNow), kMost);
  EXPECT_GT(table.in_use(kNow), kMost * 9 / 10) << "and uses what it may";
}

TEST(RateTable, what_is_full_again_makes_room_first) {
  RateTable table(512);  // one set in each shard
  const std::string victim = "victim";
  table.take(kTwo, kHere, network(victim), kNow + seconds(15));
  table.take(kTwo, kHere, network(victim), kNow + seconds(15));
  for (int i = 0; i < 400; ++i) table.take(kTwo, kHere, network(std::to_string(i)), kNow);
  // Those are full again; as many new ones find room beside the victim's.
  for (int i = 1000; i < 1200; ++i) table.take(kTwo, kHere, network(std::to_string(i)), kNow + seconds(15));
  EXPECT_FALSE(taken(table.take(kTwo, kHere, network(victim), kNow + seconds(15))));
}

TEST(RateTable, rotating_addresses_do_not_push_out_a_bucket_that_was_used_more) {
  RateTable table(512);
  const RateLimit limit{.by = RateBy::kAddress, .requests = 1, .per = seconds(10), .burst = 20};
  const std::string attacker = "his own";
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(taken(table.take(limit, kHere, network(attacker), kNow)));
  // A hundred times what the table holds, each asking nearly as often as he may.
  for (int i = 0; i < 51'200; ++i)
    for (int n = 0; n < 3; ++n) table.take(limit, kHere, network(std::to_string(i)), kNow);
  EXPECT_FALSE(taken(table.take(limit, kHere, network(attacker), kNow)));
}

TEST(RateTable, addresses_do_not_push_out_users_at_all) {
  RateTable table(512);
  const RateLimit long_one{.by = RateBy::kAddress, .requests = 1, .per = std::chrono::hours(1), .burst = 1};
  EXPECT_TRUE(
      taken(table.take({.by = RateBy::kUser, .requests = 1, .per = seconds(1), .burst = 1}, kHere, user("u"), kNow)));
  for (int i = 0; i < 20'000; ++i) table.take(long_one, kHere, network(std::to_string(i)), kNow);
  EXPECT_FALSE(
      taken(table.take({.by = RateBy::kUser, .requests = 1, .per = seconds(1), .burst = 1}, kHere, user("u"), kNow)));
}

TEST(RateTable, somebody_new_is_counted_in_a_table_that_is_full) {
  RateTable table(512);
  const RateLimit limit{.by = RateBy::kAddress, .requests = 1, .per = seconds(10), .burst = 5};
  for (int i = 0; i < 20'000; ++i)
    for (int n = 0; n < 5; ++n) table.take(limit, kHere, network(std::to_string(i)), kNow);
  int given = 0;
  for (int i = 0; i < 100; ++i) given += taken(table.take(limit, kHere, network("new"), kNow));
  EXPECT_EQ(given, 5);
}

TEST(RateTable, threads_together_keep_the_limit) {
  RateTable table;
  const RateLimit limit{.by = RateBy::kAll, .requests = 1, .per = std::chrono::hours(1), .burst = 1000};
  std::atomic<int> given{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) given += taken(table.take(limit, kHere, {}, kNow));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(given, 1000);
}

}  // namespace
}  // namespace sallyport::storage
