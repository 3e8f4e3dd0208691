#include "sso/code_limiter.h"

#include <gtest/gtest.h>

namespace sallyport::sso {
namespace {

using std::chrono::seconds;

class CodeLimiterTest : public testing::Test {
 protected:
  static policy::CompiledUser somebody() {
    policy::CompiledUser out;
    out.id = RecordId::random();
    return out;
  }
  void wrong(int times, const policy::CompiledUser& user, const RecordId& session) {
    for (int i = 0; i < times; ++i) EXPECT_FALSE(limiter_.refuse(user, session, now_)) << i;
  }
  CodeLimiter limiter_;
  Monotonic now_{std::chrono::hours(100)};
  policy::CompiledUser ann_ = somebody();
  const RecordId session_ = RecordId::random();
};

TEST_F(CodeLimiterTest, lets_five_through_and_has_the_sixth_wait) {
  wrong(5, ann_, session_);
  EXPECT_EQ(limiter_.refuse(ann_, session_, now_), seconds(30));
  now_ += seconds(29);
  EXPECT_EQ(limiter_.refuse(ann_, session_, now_), seconds(1));
  now_ += seconds(1);
  EXPECT_FALSE(limiter_.refuse(ann_, session_, now_));
}

TEST_F(CodeLimiterTest, waits_twice_as_long_each_time_up_to_a_quarter_of_an_hour) {
  wrong(5, ann_, session_);
  for (const int expected : {30, 60, 120, 240, 480, 900, 900, 900}) {
    EXPECT_EQ(limiter_.refuse(ann_, session_, now_), seconds(expected));
    now_ += seconds(expected);
    wrong(1, ann_, session_);
  }
}

TEST_F(CodeLimiterTest, counts_a_user_over_all_of_his_sessions) {
  for (int i = 0; i < 5; ++i) wrong(1, ann_, RecordId::random());
  EXPECT_EQ(limiter_.refuse(ann_, RecordId::random(), now_), seconds(30));
  EXPECT_FALSE(limiter_.refuse(somebody(), RecordId::random(), now_));
}

TEST_F(CodeLimiterTest, forgets_after_a_right_one) {
  wrong(4, ann_, session_);
  limiter_.succeeded(ann_, session_);
  EXPECT_EQ(limiter_.keys(), 0u);
  wrong(5, ann_, session_);
  EXPECT_TRUE(limiter_.refuse(ann_, session_, now_));
}

TEST_F(CodeLimiterTest, does_not_forget_for_another_user) {
  wrong(5, ann_, session_);
  limiter_.succeeded(somebody(), RecordId::random());
  EXPECT_TRUE(limiter_.refuse(ann_, session_, now_));
}

TEST_F(CodeLimiterTest, begins_anew_with_other_factors_and_not_with_another_change) {
  ann_.secrets = {{"factors", {}, 7}, {"password", {}, 1}};
  wrong(5, ann_, session_);
  ann_.secrets[1].epoch = 2;
  ann_.version = 9;
  EXPECT_TRUE(limiter_.refuse(ann_, RecordId::random(), now_)) << "a new password, and a sign-in that was recorded";
  policy::CompiledUser reset = ann_;
  reset.secrets.clear();
  EXPECT_FALSE(limiter_.refuse(reset, RecordId::random(), now_)) << "an admin's reset";
  EXPECT_TRUE(limiter_.refuse(reset, session_, now_)) << "a session that was not ended";
  ann_.secrets[0].epoch = 9;
  EXPECT_FALSE(limiter_.refuse(ann_, RecordId::random(), now_)) << "factors of his own again";
  ann_.secrets[0].epoch = 7;
  EXPECT_TRUE(limiter_.refuse(ann_, RecordId::random(), now_)) << "who still sees those from before";
}

TEST_F(CodeLimiterTest, stays_within_its_memory) {
  CodeLimiter small(10);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(small.refuse(somebody(), RecordId::random(), now_));
  EXPECT_EQ(small.keys(), 20u);
}

}  // namespace
}  // namespace sallyport::sso
