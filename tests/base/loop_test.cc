// The loop: posts from other threads in order, deferred work, edges, timers by a clock moved by hand.
#include "base/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace sallyport {
namespace {

using std::string;
using std::chrono::milliseconds;

class ManualClock final : public Clock {
 public:
  WallMicros wall() const override { return WallMicros{1000000 + micros.load()}; }
  Monotonic monotonic() const override { return Monotonic(std::chrono::microseconds(micros.load())); }
  void pass(milliseconds by) { micros += by / std::chrono::microseconds(1); }
  std::atomic<int64_t> micros{1000000};
};

// Runs the loop on this thread until `job`, run on it first, has called stop().
template <class F>
void run(Loop& loop, F&& job) {
  loop.post(std::forward<F>(job));
  loop.run();
}

TEST(loop, runs_posts_in_order) {
  const SystemClock clock;
  Loop loop(clock);
  string order;
  for (char c = 'a'; c <= 'e'; ++c) loop.post([&order, c] { order += c; });
  run(loop, [&] {
    order += '1';
    loop.post([&] {
      order += '2';
      loop.stop();
    });
  });
  EXPECT_EQ(order, "abcde12");
}

TEST(loop, takes_posts_from_many_threads) {
  const SystemClock clock;
  Loop loop(clock);
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::array<int, kThreads> last{};
  int seen = 0;
  bool in_order = true;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 1; i <= kEach; ++i)
        loop.post([&, t, i] {
          auto& before = last[static_cast<size_t>(t)];
          in_order = in_order && before == i - 1;
          before = i;
          if (++seen == kThreads * kEach) loop.stop();
        });
    });
  loop.run();
  EXPECT_EQ(seen, kThreads * kEach);
  EXPECT_TRUE(in_order);
}

TEST(loop, stops_from_another_thread) {
  const SystemClock clock;
  Loop loop(clock);
  std::jthread other([&] { loop.stop(); });
  loop.run();
}

TEST(loop, gives_up_posts_that_never_ran) {
  const SystemClock clock;
  auto kept = std::make_shared<int>(1);
  {
    Loop loop(clock);
    loop.post([kept] { FAIL(); });
  }
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(loop, leaves_a_mailbox_that_drops_what_comes_late) {
  const SystemClock clock;
  auto kept = std::make_shared<int>(1);
  std::shared_ptr<Mailbox> mailbox;
  std::jthread late;
  {
    Loop loop(clock);
    mailbox = loop.mailbox();
    late = std::jthread([mailbox, kept] {
      for (int i = 0; i < 1000; ++i) mailbox->post([kept] { ADD_FAILURE(); });
    });
  }
  mailbox->post([kept] { FAIL(); });
  late.join();
  EXPECT_EQ(kept.use_count(), 1);
}

struct Work final : Deferred {
  void run_deferred() override {
    ++ran;
    if (then) then();
  }
  int ran = 0;
  std::function<void()> then;
};

TEST(loop, runs_deferred_work_once_at_the_end_of_a_turn) {
  const SystemClock clock;
  Loop loop(clock);
  Work work;
  run(loop, [&] {
    loop.defer(work);
    loop.defer(work);
    EXPECT_EQ(work.ran, 0);
    loop.post([&] { EXPECT_EQ(work.ran, 1); });
    loop.post([&] { loop.stop(); });
  });
  EXPECT_EQ(work.ran, 1);
}

TEST(loop, lets_deferred_work_defer_again_and_destroy) {
  const SystemClock clock;
  Loop loop(clock);
  Work first;
  auto second = std::make_unique<Work>();
  auto third = std::make_unique<Work>();
  Work last;
  first.then = [&] {
    if (first.ran == 1) loop.defer(first);
    second.reset();  // waits in the same round
    third.reset();   // waits in the next one
    if (first.ran == 2) loop.stop();
  };
  run(loop, [&] {
    loop.defer(first);
    loop.defer(*second);
    loop.defer(last);
  });
  EXPECT_EQ(first.ran, 2);
  EXPECT_EQ(last.ran, 1);
}

TEST(loop, may_end_before_its_deferred_work) {
  const SystemClock clock;
  Work work;
  {
    Loop loop(clock);
    loop.defer(work);
  }
  EXPECT_EQ(work.ran, 0);
}

TEST(loop, reads_the_clock_once_per_turn) {
  ManualClock clock;
  Loop loop(clock);
  const Monotonic before = clock.monotonic();
  clock.pass(milliseconds(50));
  run(loop, [&] {
    const Monotonic first = loop.now();
    EXPECT_EQ(first, before + milliseconds(50));
    clock.pass(milliseconds(50));
    EXPECT_EQ(loop.now(), first);
    loop.post([&, first] {  // another turn
      EXPECT_EQ(loop.now(), first + milliseconds(50));
      EXPECT_EQ(loop.wall(), clock.wall());
      loop.stop();
    });
  });
}

TEST(loop, tells_how_late_it_ticks) {
  const SystemClock clock;
  Loop loop(clock);
  const auto made = clock.monotonic();
  std::vector<milliseconds> late;
  loop.observe_delay([&](std::chrono::microseconds by) {
    late.push_back(std::chrono::duration_cast<milliseconds>(by));
    if (late.size() == 3) loop.stop();
  });
  run(loop, [&] {
    while (clock.monotonic() < made + TimerWheel::kTick * 5 / 2) continue;  // holds the loop past two ticks
  });
  ASSERT_GE(late.size(), 3U);
  EXPECT_GE(late[0], TimerWheel::kTick * 3 / 2);
  EXPECT_GE(late[1], TimerWheel::kTick / 2) << "one that was missed counts for itself";
  EXPECT_LT(late[1], late[0]);
  EXPECT_LT(late[2], late[1]);
}

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    here.reset(fds[0]);
    there.reset(fds[1]);
  }
  Fd here;
  Fd there;
};

struct Handler final : IoHandler {
  explicit Handler(std::function<void(IoReady)> then) : then(std::move(then)) {}
  void on_io(IoReady ready) override { then(ready); }
  std::function<void(IoReady)> then;
};

TEST(loop, tells_of_each_edge_once) {
  const SystemClock clock;
  Loop loop(clock);
  Pair pair;
  int readable = 0;
  Handler handler([&](IoReady ready) {
    if (!ready.readable) return;
    ++readable;  // leaves the byte unread
    if (readable == 2)
      loop.stop();
    else
      loop.post([&] { loop.post([&] { EXPECT_EQ(write(pair.there.get(), "b", 1), 1); }); });
  });
  const IoEvent event(loop, pair.here.get(), handler);
  EXPECT_EQ(write(pair.there.get(), "a", 1), 1);
  loop.run();
  EXPECT_EQ(readable, 2);
}

TEST(loop, a_turn_ends_though_others_are_ready) {
  ManualClock clock;
  Loop loop(clock);
  constexpr int kReady = 100;
  std::vector<Pair> pairs(kReady);
  std::vector<std::unique_ptr<IoEvent>> events;
  int handled = 0, handled_before_post = 0, handled_before_deferred = 0;
  Work work;
  work.then = [&] { handled_before_deferred = handled; };
  Handler slow([&](IoReady ready) {
    if (!ready.readable) return;
    clock.pass(milliseconds(1));
    if (++handled == 1) {
      loop.post([&] { handled_before_post = handled; });
      loop.defer(work);
    }
    if (handled == kReady) loop.stop();
  });
  for (Pair& pair : pairs) {
    EXPECT_EQ(write(pair.there.get(), "a", 1), 1);
    events.push_back(std::make_unique<IoEvent>(loop, pair.here.get(), slow));
  }
  loop.run();
  EXPECT_EQ(handled, kReady) << "what was left came in the turns that followed, each once";
  EXPECT_GE(handled_before_post, 5);
  EXPECT_LT(handled_before_post, 40);
  EXPECT_EQ(handled_before_deferred, handled_before_post);
}

TEST(loop, what_is_left_of_a_turn_may_be_destroyed) {
  ManualClock clock;
  Loop loop(clock);
  constexpr int kReady = 100;
  std::vector<Pair> pairs(kReady);
  std::vector<std::unique_ptr<IoEvent>> events;
  int handled = 0;
  Handler slow([&](IoReady) {
    clock.pass(milliseconds(1));
    if (++handled > 1) return;
    loop.post([&] {
      events.clear();
      handled = kReady;
      loop.stop();
    });
  });
  for (Pair& pair : pairs) events.push_back(std::make_unique<IoEvent>(loop, pair.here.get(), slow));
  loop.run();
  EXPECT_EQ(handled, kReady);
}

TEST(loop, tells_of_levels_until_paused) {
  const SystemClock clock;
  Loop loop(clock);
  Pair pair;
  int readable = 0;
  ReadEvent* paused = nullptr;
  Handler handler([&](IoReady) {
    ++readable;
    if (readable == 3) {
      paused->pause();
      loop.post([&] {
        loop.post([&] {
          EXPECT_EQ(readable, 3);
          paused->resume();
        });
      });
    }
    if (readable == 4) loop.stop();
  });
  ReadEvent event(loop, pair.here.get(), handler);
  paused = &event;
  EXPECT_EQ(write(pair.there.get(), "a", 1), 1);
  loop.run();
  EXPECT_EQ(readable, 4);
}

TEST(loop, forgets_an_event_that_is_destroyed) {
  const SystemClock clock;
  Loop loop(clock);
  Pair pair;
  Handler handler([](IoReady) { FAIL(); });
  auto event = std::make_unique<IoEvent>(loop, pair.here.get(), handler);
  EXPECT_EQ(write(pair.there.get(), "a", 1), 1);
  run(loop, [&] {
    event.reset();
    loop.post([&] { loop.stop(); });
  });
}

Task<void> sleeps(Loop& loop, milliseconds after, string& order, char name) {
  Sleep sleep(loop, after);
  co_await sleep;
  order += name;
}

struct Stopper final : TaskOwner {
  explicit Stopper(Loop& loop) : loop(loop) {}
  void task_done() noexcept override { loop.stop(); }
  Loop& loop;
};

TEST(sleep, wakes_in_order_by_the_clock_it_is_given) {
  ManualClock clock;
  Loop loop(clock);
  string order;
  Stopper stopper(loop);
  auto late = sleeps(loop, std::chrono::hours(2), order, 'l');
  auto soon = sleeps(loop, std::chrono::hours(1), order, 's');
  auto gone = sleeps(loop, milliseconds(1), order, 'x');
  late.start(&stopper);
  soon.start();
  gone.start();
  gone.cancel();
  run(loop, [&] { clock.pass(std::chrono::hours(3)); });
  EXPECT_EQ(order, "sl");
}

TEST(sleep, is_cancelled_with_its_task) {
  ManualClock clock;
  Loop loop(clock);
  string order;
  {
    auto task = sleeps(loop, milliseconds(1), order, 'x');
    task.start();
  }
  Stopper stopper(loop);
  auto other = sleeps(loop, milliseconds(500), order, 'o');
  other.start(&stopper);
  run(loop, [&] { clock.pass(milliseconds(5000)); });
  EXPECT_EQ(order, "o");
}

}  // namespace
}  // namespace sallyport
