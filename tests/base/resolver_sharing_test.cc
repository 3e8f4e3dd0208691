// Many who ask at once: one question for all, and whoever stops waiting harms nobody.
#include "tests/base/resolver_world.h"

namespace sallyport {
namespace {

struct Count final : TaskOwner {
  void task_done() noexcept override { ++done; }
  int done = 0;
};

RESOLVER_TEST(shares_one_question_among_all_who_ask) {
  server.set_addresses("a.test", {"192.0.2.1"}, 60);
  std::vector<Task<Texts>> tasks;
  Count count;
  for (int i = 0; i < 100; ++i) {
    tasks.push_back(ask(i % 2 == 0 ? "a.test" : "A.Test"));
    tasks.back().start(&count);
  }
  while (count.done < 100) {
    auto next = turn();
    co_await next;
  }
  for (auto& task : tasks) EXPECT_EQ(task.take(), Texts{"192.0.2.1"});
  EXPECT_EQ(server.asked("a.test"), 1);
}

RESOLVER_TEST(a_cancelled_look_up_leaves_the_others_alone) {
  server.set_addresses("a.test", {"192.0.2.1"}, 60);
  Task<Texts> first = ask("a.test");
  Task<Texts> second = ask("a.test");
  first.start();
  second.start();
  first.cancel();
  EXPECT_ASK("a.test", "192.0.2.1");
  EXPECT_TRUE(second.done());
  EXPECT_EQ(server.asked("a.test"), 1);
}

RESOLVER_TEST(a_look_up_that_nobody_waits_for_any_more_still_fills_the_cache) {
  server.set_addresses("a.test", {"192.0.2.1"}, 60);
  Task<Texts> alone = ask("a.test");
  alone.start();
  alone.cancel();
  while (cached("a.test") == Texts{"-"}) {
    auto next = turn();
    co_await next;
  }
}

// Whoever is resumed first cancels everybody else, who wait in the same ring.
struct Canceller {
  static Task<void> run(World& world, std::vector<Task<Texts>>& others, bool& done) {
    auto asking = world.ask("a.test");
    (void)co_await asking;
    others.clear();
    done = true;
  }
};

RESOLVER_TEST(who_is_resumed_may_cancel_those_behind) {
  server.set_addresses("a.test", {"192.0.2.1"}, 60);
  std::vector<Task<Texts>> others;
  bool done = false;
  auto canceller = Canceller::run(*this, others, done);
  canceller.start();
  for (int i = 0; i < 5; ++i) {
    others.push_back(ask("a.test"));
    others.back().start();
  }
  while (!done) {
    auto next = turn();
    co_await next;
  }
}

struct Destroyer {
  static Task<void> run(World& world, bool& done) {
    auto asking = world.ask("a.test");
    (void)co_await asking;
    world.resolver.reset();
    done = true;
  }
};

RESOLVER_TEST(who_is_resumed_may_destroy_the_resolver) {
  server.set_addresses("a.test", {"192.0.2.1"}, 60);
  bool done = false;
  auto destroyer = Destroyer::run(*this, done);
  destroyer.start();
  Task<Texts> left = ask("a.test");
  left.start();
  Task<Texts> other = ask("other.test");
  other.start();
  while (!done) {
    auto next = turn();
    co_await next;
  }
  EXPECT_FALSE(left.done());
}

RESOLVER_TEST(can_be_destroyed_with_look_ups_under_way) {
  server.set_both("silent.test", {.kind = DnsReply::Kind::kSilence});
  Task<Texts> waiting = ask("silent.test");
  waiting.start();
  resolver.reset();
  auto next = turn();
  co_await next;
  EXPECT_FALSE(waiting.done());
}

RESOLVER_TEST(forgets_the_oldest_of_too_many_names) {
  for (size_t i = 0; i < kResolverNamesMax + 10; ++i) {
    const auto literal = IpAddress::v4({10, 1, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)});
    EXPECT_ASK(literal.to_string(), literal.to_string());
    if (i == 0) clock.shift += 1s;
    if (i < 2) {
      auto next = turn();
      co_await next;
    }
  }
  EXPECT_EQ(cached("10.1.0.0"), Texts{"-"});
  EXPECT_EQ(cached("10.1.16.9"), Texts{"10.1.16.9"});
}

RESOLVER_TEST(refuses_more_questions_than_it_keeps_names) {
  start({.servers = {server.endpoint()}, .timeout = 10s, .tries = 1});
  std::vector<Task<Texts>> tasks;
  for (size_t i = 0; i < kResolverNamesMax; ++i) {
    const std::string host = "n" + std::to_string(i) + ".test";
    tasks.push_back(ask(host));
    tasks.back().start();
  }
  EXPECT_ASK("one-more.test", "limit");
}

}  // namespace
}  // namespace sallyport
