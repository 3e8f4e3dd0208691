// What the table of living tokens tells beside "yes": why not, where from, and what will end.
#include <gtest/gtest.h>

#include "base/random.h"
#include "storage/session_table.h"

namespace sallyport::storage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

constexpr WallMicros kNow{1'700'000'000'000'000};

TokenRecord token(std::chrono::seconds life, const std::string& name = "t") {
  TokenRecord out;
  out.id = RecordId::random();
  out.hash = Sha256{random_bytes<32>()};
  out.user = RecordId::random();
  out.name = name;
  out.created_at = kNow;
  out.expires_at = kNow + life;
  return out;
}
IpAddress address(const char* text) { return IpAddress::parse(text).value(); }

TEST(TokenTable, says_of_an_expired_token_whose_it_was_and_of_no_other) {
  TokenTable table;
  const TokenRecord one = token(hours(1));
  table.insert(one);
  const auto expired = table.find(one.hash, kNow + hours(1));
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().why, DeadToken::Why::kExpired);
  EXPECT_EQ(expired.error().id, one.id);
  EXPECT_EQ(expired.error().user, one.user);
  const auto unknown = table.find(Sha256{}, kNow);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().why, DeadToken::Why::kUnknown);
  EXPECT_TRUE(unknown.error().user.is_zero());
  table.revoke(one.id);
  EXPECT_EQ(table.find(one.hash, kNow).error().why, DeadToken::Why::kUnknown);
}

TEST(TokenTable, a_lowered_maximum_ends_older_tokens_at_once_and_a_raised_one_does_not_lengthen) {
  TokenTable table;
  const TokenRecord year = token(days(365)), day = token(days(1));
  table.insert(year);
  table.insert(day);
  table.limit_life(days(30));
  EXPECT_TRUE(table.find(year.hash, kNow + days(30) - seconds(1)));
  EXPECT_EQ(table.find(year.hash, kNow + days(30)).error().why, DeadToken::Why::kExpired);
  EXPECT_TRUE(table.find(day.hash, kNow));
  const TokenRecord later = token(days(365));
  table.insert(later);
  EXPECT_FALSE(table.find(later.hash, kNow + days(30))) << "made after the change";
  table.limit_life(days(365));
  EXPECT_TRUE(table.find(year.hash, kNow + days(30)));
  EXPECT_FALSE(table.find(day.hash, kNow + days(1)));
}

TEST(TokenTable, the_last_use_has_its_address) {
  TokenTable table;
  const TokenRecord one = token(hours(1));
  table.insert(one);
  (void)table.find(one.hash, kNow + seconds(5), address("192.0.2.7"));
  (void)table.find(one.hash, kNow + seconds(3), address("192.0.2.8"));  // a clock that was set back
  const auto uses = table.collect_touched();
  ASSERT_EQ(uses.size(), 1u);
  EXPECT_EQ(uses[0].id, one.id);
  EXPECT_EQ(uses[0].at, kNow + seconds(5));
  EXPECT_EQ(uses[0].from, address("192.0.2.7"));
  (void)table.find(one.hash, kNow + hours(2), address("192.0.2.9"));
  EXPECT_TRUE(table.collect_touched().empty()) << "an expired token is not used";
}

TEST(TokenTable, what_was_revoked_does_not_come_back) {
  TokenTable table;
  const TokenRecord one = token(hours(1)), two = token(hours(1));
  table.insert(one);
  table.revoke(one.id);
  table.insert(one);  // read from the store before it was revoked
  EXPECT_FALSE(table.find(one.hash, kNow));
  table.revoke(two.id);  // revoked before it was ever read
  table.insert(two);
  EXPECT_FALSE(table.find(two.hash, kNow));
  table.forget(kNow - days(30));
  table.insert(one);
  EXPECT_FALSE(table.find(one.hash, kNow)) << "remembered for a while";
  EXPECT_EQ(table.size(), 0u);
}

TEST(TokenTable, an_end_never_becomes_a_later_one) {
  TokenTable table;
  const TokenRecord one = token(hours(10));
  table.insert(one);
  TokenRecord cut = one;
  cut.expires_at = kNow + hours(1);
  table.insert(cut);
  EXPECT_FALSE(table.find(one.hash, kNow + hours(1)));
  table.insert(one);
  EXPECT_FALSE(table.find(one.hash, kNow + hours(1)));
  EXPECT_TRUE(table.find(one.hash, kNow + hours(1) - seconds(1)));
}

TEST(TokenTable, finds_what_ends_soon) {
  TokenTable table;
  for (const auto& [name, life] : {std::pair("over", seconds(0)), std::pair("soon", seconds(days(7))),
                                   std::pair("later", seconds(days(7)) + seconds(1))})
    table.insert(token(life, name));
  EXPECT_EQ(table.ending(), 0u) << "nobody has looked";
  const auto ends = table.look_for_ends(kNow, kNow + days(7));
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].name, "soon");
  EXPECT_EQ(ends[0].ends_at, kNow + days(7));
  EXPECT_EQ(table.ending(), 1u);
  table.limit_life(days(3));
  EXPECT_EQ(table.look_for_ends(kNow, kNow + days(7)).size(), 2u) << "the platform's maximum ends the other one, too";
}

TEST(TokenTable, forgets_what_is_long_over) {
  TokenTable table;
  const TokenRecord old = token(hours(1)), young = token(days(60));
  table.insert(old);
  table.insert(young);
  EXPECT_EQ(table.forget(kNow + hours(1)), 0u) << "not before";
  EXPECT_EQ(table.forget(kNow + hours(1) + seconds(1)), 1u);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_TRUE(table.find(young.hash, kNow));
}

}  // namespace
}  // namespace sallyport::storage
