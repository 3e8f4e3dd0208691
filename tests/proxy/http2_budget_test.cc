#include "proxy/codec/http2_budget.h"

#include <gtest/gtest.h>

#include "proxy/codec/held_memory.h"

namespace sallyport::http2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Monotonic kStart{std::chrono::hours(1)};

int spent(FrameBudget& budget, Spending kind, Monotonic now) {
  int out = 0;
  while (out < 100'000 && budget.spend(kind, now)) ++out;
  return out;
}

TEST(frame_budget, each_kind_has_a_burst_and_a_reason) {
  for (size_t i = 0; i < static_cast<size_t>(Spending::kKinds); ++i) {
    FrameBudget budget;
    const auto kind = static_cast<Spending>(i);
    const int burst = spent(budget, kind, kStart);
    EXPECT_GE(burst, 20) << FrameBudget::why(kind);
    EXPECT_LE(burst, 2000) << FrameBudget::why(kind);
    EXPECT_STRNE(FrameBudget::why(kind), "");
  }
}

TEST(frame_budget, kinds_do_not_pay_for_each_other) {
  FrameBudget budget;
  spent(budget, Spending::kPing, kStart);
  EXPECT_FALSE(budget.spend(Spending::kPing, kStart));
  EXPECT_TRUE(budget.spend(Spending::kReset, kStart));
}

TEST(frame_budget, it_fills_again_by_its_rate_and_no_further) {
  FrameBudget budget;
  const int burst = spent(budget, Spending::kPing, kStart);
  EXPECT_NEAR(spent(budget, Spending::kPing, kStart + seconds(2)), 20, 1);
  EXPECT_EQ(spent(budget, Spending::kPing, kStart + seconds(1000)), burst);
}

TEST(frame_budget, a_steady_client_within_the_rate_goes_on_for_ever) {
  FrameBudget budget;
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(budget.spend(Spending::kPing, kStart + milliseconds(100 * i)));
}

TEST(frame_budget, data_that_is_sent_earns_window_updates) {
  FrameBudget budget;
  spent(budget, Spending::kWindowUpdate, kStart);
  budget.earn(Spending::kWindowUpdate);
  EXPECT_TRUE(budget.spend(Spending::kWindowUpdate, kStart));
}

TEST(spending_of, only_heads_and_data_are_free) {
  const auto paid = [](FrameType type, size_t bytes, bool end) { return spending_of({type, bytes, end}); };
  EXPECT_EQ(paid(FrameType::kHeaders, 0, false), std::nullopt);
  EXPECT_EQ(paid(FrameType::kContinuation, 0, false), std::nullopt);
  EXPECT_EQ(paid(FrameType::kData, 1, false), std::nullopt);
  EXPECT_EQ(paid(FrameType::kData, 0, true), std::nullopt);
  EXPECT_EQ(paid(FrameType::kData, 0, false), Spending::kEmptyData);
  EXPECT_EQ(paid(FrameType::kReset, 4, false), Spending::kReset);
  EXPECT_EQ(paid(FrameType::kPing, 8, false), Spending::kPing);
  EXPECT_EQ(paid(FrameType::kSettings, 0, false), Spending::kSettings);
  EXPECT_EQ(paid(FrameType::kWindowUpdate, 4, false), Spending::kWindowUpdate);
  for (const FrameType type : {FrameType::kPriority, FrameType::kPushPromise, FrameType::kGoAway, FrameType::kUnknown})
    EXPECT_EQ(paid(type, 4, false), Spending::kPriority);
}

class Holder final : public proxy::HeldMemory::Holder {
 public:
  explicit Holder(size_t bytes) : bytes_(bytes) {}
  size_t held() const override { return bytes_; }
  void let_go() override { gone = true; }
  bool gone = false;

 private:
  size_t bytes_;
};

TEST(held_memory, over_the_limit_the_largest_lets_go) {
  size_t most = 100;
  proxy::HeldMemory memory(most);
  Holder small(30), large(60);
  memory.enter(small);
  memory.enter(large);
  memory.add(90);
  memory.relieve();
  EXPECT_FALSE(small.gone || large.gone);
  memory.add(20);
  memory.relieve();
  EXPECT_TRUE(large.gone);
  EXPECT_FALSE(small.gone);
  memory.leave(large);
  memory.remove(60);
  EXPECT_EQ(memory.held(), 50u);
  most = 40;
  memory.relieve();
  EXPECT_TRUE(small.gone);
  memory.leave(small);
}

}  // namespace
}  // namespace sallyport::http2
