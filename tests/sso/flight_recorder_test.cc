#include "sso/flight_recorder.h"

#include <future>
#include <set>

#include "tests/sso/account_world.h"

namespace sallyport::sso {
namespace {

SignInReport report(int number) {
  return {.at = WallMicros{1'700'000'000'000'000 + number},
          .reference = "0000-" + std::to_string(1000 + number),
          .outcome = ReportOutcome::kRefused,
          .user = "",
          .client = "192.0.2.1",
          .what = "wrong audience",
          .checks = {}};
}

class FlightRecorderTest : public AccountWorld {
 protected:
  std::vector<storage::SignInAttempt> stored(const std::string& provider) {
    std::vector<storage::SignInAttempt> out;
    with_store([&](storage::Store& store) { out = store.sign_in_attempts(provider, 1000).value(); });
    return out;
  }
  Monotonic now() { return clock_.monotonic(); }

  FlightRecorder& recorder() { return gate_->flight_recorder(); }
};

TEST_F(FlightRecorderTest, an_attempt_is_in_the_store_at_once) {
  recorder().record("corp", report(1), now());
  const auto attempts = stored("corp");
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].reference, "0000-1001");
  EXPECT_EQ(attempts[0].reason, "wrong audience");
  EXPECT_EQ(attempts[0].checks, "[]");
  EXPECT_TRUE(stored("lab").empty());
}

TEST_F(FlightRecorderTest, a_flood_is_written_together) {
  std::set<size_t> sizes;  // one for each commit
  for (int i = 0; i < 90; ++i) {
    recorder().record("corp", report(i), now());
    sizes.insert(stored("corp").size());
  }
  EXPECT_LE(sizes.size(), 4U);
  EXPECT_LT(stored("corp").size(), 90U);
  recorder().flush(now());
  EXPECT_LT(stored("corp").size(), 90U);  // not yet
  clock_.advance(std::chrono::milliseconds(260));
  recorder().flush(now());
  const auto attempts = stored("corp");
  ASSERT_EQ(attempts.size(), 90U);
  EXPECT_EQ(attempts.front().reference, "0000-1089");  // the newest first
}

TEST_F(FlightRecorderTest, the_last_of_each_provider_are_kept) {
  for (int i = 0; i < 250; ++i) recorder().record("corp", report(i), now());
  recorder().record("lab", report(999), now());
  clock_.advance(std::chrono::seconds(1));
  recorder().flush(now());
  const auto attempts = stored("corp");
  ASSERT_EQ(attempts.size(), kAttemptsKept);
  EXPECT_EQ(attempts.front().reference, "0000-1249");
  EXPECT_EQ(attempts.back().reference, "0000-1150");
  EXPECT_EQ(stored("lab").size(), 1U);
}

TEST_F(FlightRecorderTest, memory_for_all_providers_is_bounded) {
  std::promise<void> go;
  store_->submit([wait = go.get_future().share()](storage::Store&) { wait.wait(); });
  for (int provider = 0; provider < 40; ++provider)
    for (int i = 0; i < 100; ++i) recorder().record("p" + std::to_string(provider), report(i), now());
  go.set_value();
  size_t all = 0;
  for (int provider = 0; provider < 40; ++provider) {
    const auto attempts = stored("p" + std::to_string(provider));
    ASSERT_FALSE(attempts.empty());
    EXPECT_EQ(attempts.front().reference, "0000-1099");
    all += attempts.size();
  }
  EXPECT_EQ(all, kAttemptsTogetherMax);
}

TEST_F(FlightRecorderTest, what_waits_is_written_at_the_end) {
  {
    FlightRecorder other(*store_, log_);
    for (int i = 0; i < 50; ++i) other.record("corp", report(i), now());
  }
  EXPECT_EQ(stored("corp").size(), 50U);
}

}  // namespace
}  // namespace sallyport::sso
