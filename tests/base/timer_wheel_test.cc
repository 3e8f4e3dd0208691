// Deadlines by a clock that is moved by hand.
#include "base/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace sallyport {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class Bell final : public Timer {
 public:
  void expired() override {
    ++rung;
    if (then) then();
  }
  int rung = 0;
  std::function<void()> then;
};

class timer_wheel : public testing::Test {
 protected:
  void pass(milliseconds by) { wheel.advance(now += by); }
  Monotonic now{std::chrono::seconds(1000)};
  TimerWheel wheel{now};
};

TEST_F(timer_wheel, fires_once_and_not_early) {
  Bell bell;
  wheel.set(bell, milliseconds(250));
  pass(milliseconds(249));
  EXPECT_EQ(bell.rung, 0);
  pass(milliseconds(100));
  EXPECT_EQ(bell.rung, 1);
  pass(hours(10));
  EXPECT_EQ(bell.rung, 1);
}

TEST_F(timer_wheel, counts_from_the_time_noted) {  // a turn that comes late shortens nothing
  Bell bell;
  now += milliseconds(5050);
  wheel.note(now);
  wheel.set(bell, milliseconds(1000));
  pass(milliseconds(0));
  EXPECT_EQ(bell.rung, 0);
  pass(milliseconds(999));
  EXPECT_EQ(bell.rung, 0);
  pass(milliseconds(100));
  EXPECT_EQ(bell.rung, 1);
}

TEST_F(timer_wheel, takes_zero_and_less_for_the_next_tick) {
  Bell zero;
  Bell less;
  wheel.set(zero, milliseconds(0));
  wheel.set(less, milliseconds(-5000));
  pass(milliseconds(0));
  EXPECT_EQ(zero.rung + less.rung, 0);
  pass(TimerWheel::kTick);
  EXPECT_EQ(zero.rung, 1);
  EXPECT_EQ(less.rung, 1);
}

TEST_F(timer_wheel, can_be_moved_both_ways_and_cleared) {
  Bell bell;
  wheel.set(bell, milliseconds(1000));
  wheel.set(bell, milliseconds(5000));
  pass(milliseconds(4900));
  EXPECT_EQ(bell.rung, 0);
  wheel.set(bell, milliseconds(300));
  pass(milliseconds(400));
  EXPECT_EQ(bell.rung, 1);
  wheel.set(bell, milliseconds(100));
  TimerWheel::clear(bell);
  pass(milliseconds(1000));
  EXPECT_EQ(bell.rung, 1);
  wheel.set(bell, milliseconds(100));
  pass(milliseconds(200));
  EXPECT_EQ(bell.rung, 2);
}

TEST_F(timer_wheel, remembers_deadlines_beyond_its_own_round) {
  Bell day;
  Bell ages;
  wheel.set(day, hours(24));
  wheel.set(ages, milliseconds::max());
  for (int hour = 0; hour < 24; ++hour) {
    EXPECT_EQ(day.rung, 0) << hour;
    pass(hours(1) - milliseconds(hour == 23 ? 1 : 0));
  }
  EXPECT_EQ(day.rung, 0);
  pass(milliseconds(101));
  EXPECT_EQ(day.rung, 1);
  EXPECT_EQ(ages.rung, 0);
}

TEST_F(timer_wheel, lets_a_timer_destroy_itself_and_others) {
  auto first = std::make_unique<Bell>();
  auto second = std::make_unique<Bell>();
  auto third = std::make_unique<Bell>();
  for (Bell* bell : {first.get(), second.get(), third.get()}) wheel.set(*bell, milliseconds(100));
  first->then = [&] {
    second.reset();
    auto gone = std::move(first);
  };
  pass(milliseconds(200));
  EXPECT_EQ(first, nullptr);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(third->rung, 1);
}

TEST_F(timer_wheel, lets_a_timer_set_itself_again) {
  Bell bell;
  bell.then = [&] { wheel.set(bell, milliseconds(100)); };
  wheel.set(bell, milliseconds(100));
  for (int i = 1; i <= 5; ++i) {
    pass(TimerWheel::kTick);
    EXPECT_EQ(bell.rung, i);
  }
}

TEST(timer_wheel_end, may_come_before_its_timers) {
  Bell bell;
  {
    TimerWheel wheel{Monotonic()};
    wheel.set(bell, milliseconds(100));
  }
  EXPECT_EQ(bell.rung, 0);
}

TEST_F(timer_wheel, keeps_every_deadline_of_many) {
  std::mt19937 random(3);
  struct Due {
    Bell bell;
    Monotonic at;
    Monotonic rang;
    bool set = false;
  };
  std::vector<std::unique_ptr<Due>> all;
  for (int i = 0; i < 300; ++i) {
    all.push_back(std::make_unique<Due>());
    Due& due = *all.back();
    due.bell.then = [&] { due.rang = now; };
  }
  for (int step = 0; step < 20000; ++step) {
    now += milliseconds(random() % 150);
    wheel.advance(now);
    for (auto& due : all) {
      if (due->set && due->bell.rung > 0) {
        ASSERT_GE(due->rang, due->at);
        ASSERT_LT(due->rang, due->at + milliseconds(250));  // a tick, and the step of this test
        due->set = false;
      }
      ASSERT_FALSE(due->set && due->at + milliseconds(100) <= now) << "missed";
    }
    for (int i = 0; i < 5; ++i) {
      Due& due = *all[random() % all.size()];
      const milliseconds after(random() % (random() % 4 == 0 ? 400000 : 3000));
      due.bell.rung = 0;
      if (random() % 5 == 0) {
        TimerWheel::clear(due.bell);
        due.set = false;
        continue;
      }
      wheel.set(due.bell, after);
      due.at = now + after;
      due.set = true;
    }
  }
}

}  // namespace
}  // namespace sallyport
