// Tasks: lazy, awaited by name, cancelled by being destroyed. (Leaks and uses after free are the sanitizer's to find.)
#include "base/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sallyport {
namespace {

using std::string;

struct Trace {
  string text;
};
struct Guard {  // says that a frame was left
  Guard(Trace& trace, char name) : trace(trace), name(name) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { trace.text += name; }
  Trace& trace;
  char name;
};

Task<int> plain(int value) { co_return value; }

Task<int64_t> sum_of_plains(int n) {
  int64_t sum = 0;
  for (int i = 1; i <= n; ++i) {
    auto next = plain(i);
    sum += co_await next;
  }
  co_return sum;
}

Task<int> waits(WaitSlot& slot, Trace& trace, char name) {
  const Guard guard(trace, name);
  co_await slot.wait();
  trace.text += '!';
  co_return 7;
}

Task<int> waits_for_inner(WaitSlot& slot, Trace& trace) {
  const Guard guard(trace, 'o');
  auto inner = waits(slot, trace, 'i');
  co_return co_await inner + 1;
}

struct Owner final : TaskOwner {
  void task_done() noexcept override { ++done; }
  int done = 0;
};

template <class T>
concept Awaitable = requires(T&& task) { std::forward<T>(task).operator co_await(); };
static_assert(Awaitable<Task<int>&>);
static_assert(!Awaitable<Task<int>>);

TEST(task, runs_nothing_before_it_is_started) {
  Trace trace;
  WaitSlot slot;
  {
    auto task = waits(slot, trace, 'a');
  }
  EXPECT_EQ(trace.text, "");
}

TEST(task, runs_to_its_end_without_waiting) {
  Owner owner;
  auto task = sum_of_plains(100);
  EXPECT_FALSE(task.done());
  task.start(&owner);
  EXPECT_TRUE(task.done());
  EXPECT_EQ(owner.done, 1);
  EXPECT_EQ(task.take(), 5050);
}

TEST(task, does_not_grow_the_stack) {  // symmetric transfer
  auto task = sum_of_plains(1000000);
  task.start();
  EXPECT_TRUE(task.done());
}

TEST(task, goes_on_where_it_was_woken) {
  Trace trace;
  WaitSlot slot;
  Owner owner;
  auto task = waits_for_inner(slot, trace);
  task.start(&owner);
  EXPECT_TRUE(slot.waiting());
  EXPECT_FALSE(task.done());
  slot.wake();
  EXPECT_FALSE(slot.waiting());
  EXPECT_EQ(task.take(), 8);
  EXPECT_EQ(owner.done, 1);
  EXPECT_EQ(trace.text, "!io");
  slot.wake();  // nobody waits
}

TEST(task, is_cancelled_all_the_way_down_by_its_end) {
  Trace trace;
  WaitSlot slot;
  Owner owner;
  {
    auto task = waits_for_inner(slot, trace);
    task.start(&owner);
  }
  EXPECT_EQ(trace.text, "io");
  EXPECT_FALSE(slot.waiting());
  slot.wake();
  EXPECT_EQ(trace.text, "io");
  EXPECT_EQ(owner.done, 0);
}

TEST(task, is_cancelled_by_assignment) {
  Trace trace;
  WaitSlot a;
  WaitSlot b;
  auto task = waits(a, trace, 'a');
  task.start();
  task = waits(b, trace, 'b');
  EXPECT_EQ(trace.text, "a");
  EXPECT_FALSE(a.waiting());
  task.start();
  b.wake();
  EXPECT_EQ(trace.text, "a!b");
  task.cancel();
  EXPECT_FALSE(task.valid());
  EXPECT_FALSE(task.done());
  task.cancel();
}

TEST(task, moves_with_what_it_waits_for) {
  Trace trace;
  WaitSlot slot;
  std::vector<Task<int>> tasks;
  tasks.push_back(waits(slot, trace, 'a'));
  tasks.back().start();
  for (int i = 0; i < 20; ++i) tasks.push_back(plain(i));
  slot.wake();
  EXPECT_EQ(tasks[0].take(), 7);
}

TEST(task, may_destroy_another_from_inside) {
  Trace trace;
  WaitSlot slot;
  WaitSlot other_slot;
  auto other = std::make_unique<Task<int>>(waits(other_slot, trace, 'x'));
  other->start();
  struct Killer {
    static Task<void> run(WaitSlot& slot, std::unique_ptr<Task<int>>& victim) {
      co_await slot.wait();
      victim.reset();
    }
  };
  auto task = Killer::run(slot, other);
  task.start();
  slot.wake();
  EXPECT_TRUE(task.done());
  EXPECT_EQ(trace.text, "x");
}

Task<std::unique_ptr<string>> gives_a_pointer() { co_return std::make_unique<string>("moved"); }

TEST(task, carries_values_that_only_move) {
  auto task = gives_a_pointer();
  task.start();
  EXPECT_EQ(*task.take(), "moved");
}

Task<size_t> large_frame(WaitSlot& slot, size_t n) {
  std::array<char, 6000> room{};  // over what the free lists keep
  room[n] = 'x';
  co_await slot.wait();
  co_return room[n] == 'x' ? n : 0;
}

TEST(task, has_frames_of_every_size) {
  for (size_t i = 1; i < 1000; ++i) {
    WaitSlot slot;
    auto large = large_frame(slot, i);
    large.start();
    slot.wake();
    ASSERT_EQ(large.take(), i);
  }
}

TEST(wait_slot, can_be_used_again_and_again) {
  struct Counter {
    static Task<int> run(WaitSlot& slot) {
      int woken = 0;
      for (; woken < 1000; ++woken) co_await slot.wait();
      co_return woken;
    }
  };
  WaitSlot slot;
  auto task = Counter::run(slot);
  task.start();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(slot.waiting());
    slot.wake();
  }
  EXPECT_EQ(task.take(), 1000);
}

}  // namespace
}  // namespace sallyport
