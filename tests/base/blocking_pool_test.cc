// The pool: bounded, runs what it took, brings values home, and lets go of who no longer waits.
#include "base/blocking_pool.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>

namespace sallyport {
namespace {

using std::string;

TEST(blocking_pool, runs_everything_it_took_before_it_ends) {
  std::atomic<int> ran{0};
  {
    BlockingPool pool("test", 3, 1000);
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(pool.submit([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 500);
}

TEST(blocking_pool, refuses_over_its_bound) {
  std::binary_semaphore started(0);
  std::binary_semaphore release(0);
  BlockingPool pool("test", 1, 2);
  ASSERT_TRUE(pool.submit([&] {
    started.release();
    release.acquire();
  }));
  started.acquire();  // the one thread is busy
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_EQ(pool.queued(), 2u);
  EXPECT_FALSE(pool.submit([] {}));
  release.release();
}

TEST(blocking_pool, who_comes_first_has_a_queue_of_his_own) {
  std::binary_semaphore started(0);
  std::binary_semaphore release(0);
  string order;
  {
    BlockingPool pool("test", 1, 2);
    ASSERT_TRUE(pool.submit([&] {
      started.release();
      release.acquire();
    }));
    started.acquire();
    for (const char name : {'a', 'b'}) EXPECT_TRUE(pool.submit([&order, name] { order += name; }));
    EXPECT_FALSE(pool.submit([&order] { order += 'c'; }));
    for (const char name : {'1', '2'}) EXPECT_TRUE(pool.submit([&order, name] { order += name; }, Turn::kFirst));
    EXPECT_FALSE(pool.submit([&order] { order += '3'; }, Turn::kFirst));
    const PoolLoad load = pool.load();
    EXPECT_EQ(load.queued, 4u);
    EXPECT_EQ(load.running, 1u);
    EXPECT_EQ(load.done, 0u);
    EXPECT_EQ(load.refused, 2u);
    release.release();
  }
  EXPECT_EQ(order, "12ab");
}

TEST(blocking_pool, one_owner_leaves_threads_and_room_to_the_others) {
  const RecordId slow = RecordId::random();
  std::counting_semaphore<8> started(0);
  std::counting_semaphore<8> release(0);
  std::binary_semaphore done(0);
  BlockingPool pool("test", 3, 6, Pace::kUsual, {.running_max = 2, .queued_max = 3});
  const auto hold = [&] {
    started.release();
    release.acquire();
  };
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(pool.submit(hold, Turn::kInOrder, slow));
  for (int i = 0; i < 2; ++i) started.acquire();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.submit(hold, Turn::kInOrder, slow)) << i;
  EXPECT_FALSE(pool.submit(hold, Turn::kInOrder, slow)) << "it has all that it may";
  EXPECT_FALSE(pool.submit(hold, Turn::kInOrder, slow));
  EXPECT_EQ(pool.load().refused, 2u);
  EXPECT_TRUE(pool.submit([&] { done.release(); }, Turn::kInOrder, RecordId::random())) << "another";
  done.acquire();
  EXPECT_TRUE(pool.submit([&] { done.release(); })) << "nobody's";
  done.acquire();
  EXPECT_EQ(pool.queued(), 3u);
  EXPECT_FALSE(started.try_acquire()) << "none of those that wait has begun";
  release.release(1);
  started.acquire();  // the next of it
  EXPECT_TRUE(pool.submit(hold, Turn::kInOrder, slow)) << "there is room again";
  release.release(5);
}

TEST(blocking_pool, runs_all_of_one_owner_in_the_end_and_never_too_many_at_once) {
  const RecordId one = RecordId::random();
  std::atomic<int> running{0};
  std::atomic<int> too_many{0};
  std::atomic<int> ran{0};
  {
    BlockingPool pool("test", 4, 1000, Pace::kUsual, {.running_max = 2});
    for (int i = 0; i < 500; ++i)
      EXPECT_TRUE(pool.submit(
          [&] {
            too_many += ++running > 2 ? 1 : 0;
            std::this_thread::yield();
            --running;
            ++ran;
          },
          i % 2 == 0 ? Turn::kInOrder : Turn::kFirst, one));
  }
  EXPECT_EQ(ran, 500);
  EXPECT_EQ(too_many, 0);
}

TEST(blocking_pool, tells_what_it_did) {
  BlockingPool pool("test", 2, 100);
  std::counting_semaphore<100> done(0);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(pool.submit([&] { done.release(); }));
  for (int i = 0; i < 20; ++i) done.acquire();
  while (pool.load().running > 0) std::this_thread::yield();
  EXPECT_EQ(pool.load().done, 20u);
  EXPECT_EQ(pool.load().queued, 0u);
  EXPECT_GE(pool.load().waited.count(), 0);
}

TEST(blocking_pool, a_pool_may_stay_behind_others) {
  for (const auto& [pace, nice, policy] :
       {std::tuple{Pace::kUsual, 0, SCHED_OTHER}, std::tuple{Pace::kBehind, 10, SCHED_BATCH}}) {
    std::binary_semaphore done(0);
    int seen_nice = -1;
    int seen_policy = -1;
    BlockingPool pool("test", 1, 1, pace);
    ASSERT_TRUE(pool.submit([&] {
      seen_nice = ::getpriority(PRIO_PROCESS, 0);
      seen_policy = ::sched_getscheduler(0);
      done.release();
    }));
    done.acquire();
    EXPECT_EQ(seen_nice, nice);
    EXPECT_EQ(seen_policy, policy);
  }
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), 0) << "this thread is as it was";
}

class offload : public testing::Test, public TaskOwner {
 public:
  void task_done() noexcept override { loop.stop(); }

 protected:
  std::binary_semaphore started{0};  // before the pool, whose jobs may touch them until it ends
  std::binary_semaphore release{0};
  const SystemClock clock;
  Loop loop{clock};
  BlockingPool pool{"test", 2, 8};
};

Task<Result<string>> fetch(BlockingPool& pool, Loop& loop) {
  const auto home = std::this_thread::get_id();
  Offload<string> working(pool, loop, [home]() -> Result<string> {
    if (std::this_thread::get_id() == home) return fail(Code::kInternal, Side::kSelf, "on the loop's thread");
    return string("done elsewhere");
  });
  CO_TRY(string value, co_await working);
  if (std::this_thread::get_id() != home) co_return fail(Code::kInternal, Side::kSelf, "not at home");
  co_return value;
}

TEST_F(offload, brings_the_value_home) {
  auto task = fetch(pool, loop);
  task.start(this);
  loop.run();
  const auto result = task.take();
  ASSERT_TRUE(result.has_value()) << result.error().what;
  EXPECT_EQ(*result, "done elsewhere");
}

Task<Result<int>> failing(BlockingPool& pool, Loop& loop) {
  Offload<int> working(pool, loop, []() -> Result<int> { return fail(Code::kDenied, Side::kStorage, "no"); });
  co_return co_await working;
}

TEST_F(offload, brings_errors_home) {
  auto task = failing(pool, loop);
  task.start(this);
  loop.run();
  EXPECT_EQ(task.take().error().code, Code::kDenied);
}

Task<Result<int>> waits_for(BlockingPool& pool, Loop& loop, std::binary_semaphore& started,
                            std::binary_semaphore& release, std::shared_ptr<int> kept) {
  Offload<int> working(pool, loop, [&started, &release, kept]() -> Result<int> {
    started.release();
    release.acquire();
    return *kept;
  });
  co_return co_await working;
}

TEST_F(offload, abandons_the_result_when_the_waiter_is_destroyed) {
  auto kept = std::make_shared<int>(7);
  {
    auto task = waits_for(pool, loop, started, release, kept);
    task.start(this);
    started.acquire();
  }
  release.release();
  auto other = fetch(pool, loop);  // the loop goes on, the late value finds nobody
  other.start(this);
  loop.run();
  EXPECT_TRUE(other.take().has_value());
}

TEST_F(offload, may_be_destroyed_when_its_value_is_already_on_the_way) {
  for (int i = 0; i < 200; ++i) {
    auto task = fetch(pool, loop);
    task.start(nullptr);
    if (i % 3 == 0) std::this_thread::yield();
  }  // every one cancelled, at whatever moment
  auto last = fetch(pool, loop);
  last.start(this);
  loop.run();
  EXPECT_TRUE(last.done());
}

TEST(offload_end, may_come_after_the_loop_it_reports_to) {
  std::binary_semaphore started(0);
  std::binary_semaphore release(0);
  const SystemClock clock;
  BlockingPool pool("test", 1, 8);
  {
    Loop loop(clock);
    auto task = waits_for(pool, loop, started, release, std::make_shared<int>(1));
    task.start();
    started.acquire();
  }
  release.release();  // the value comes when nobody is there any more
}

TEST_F(offload, answers_unavailable_at_once_when_the_queue_is_full) {
  BlockingPool one("test", 1, 1);
  ASSERT_TRUE(one.submit([&] {
    started.release();
    release.acquire();
  }));
  started.acquire();
  ASSERT_TRUE(one.submit([] {}));
  auto task = fetch(one, loop);
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take().error().code, Code::kUnavailable);
  release.release();
}

}  // namespace
}  // namespace sallyport
