// A resolver on a loop of its own, with a name server of the test's own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/resolver.h"
#include "tests/base/dns_server.h"

namespace sallyport {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

// Real time with an offset, since c-ares has its own idea of time.
class ShiftedClock final : public Clock {
 public:
  WallMicros wall() const override { return SystemClock().wall() + shift; }
  Monotonic monotonic() const override { return SystemClock().monotonic() + shift; }
  std::chrono::milliseconds shift{0};
};

struct World {
  World() { start({.servers = {server.endpoint()}, .timeout = 100ms, .tries = 2}); }
  void start(DnsOptions options) { resolver = std::make_unique<Resolver>(loop, std::move(options)); }

  void run(Task<void> body) {
    struct Main {
      static Task<void> run(Task<void>& body, Loop& loop) {
        co_await body;
        loop.stop();
      }
    };
    auto main = Main::run(body, loop);
    main.start();
    loop.run();
  }
  Task<Texts> ask(std::string host) {
    auto resolving = resolver->resolve(host);
    const auto answer = co_await resolving;
    co_return texts(answer);
  }
  // The addresses, or the error's code.
  static Texts texts(const Result<std::vector<IpAddress>>& answer) {
    Texts out;
    if (!answer) return {std::string(to_string(answer.error().code))};
    for (const IpAddress& address : *answer) out.push_back(address.to_string());
    return out;
  }
  Texts cached(std::string_view host) const {
    const auto* const known = resolver->cached(host, clock.monotonic());
    return known == nullptr ? Texts{"-"} : texts(*known);
  }
  Task<void> turn() {  // lets the loop's own idea of now catch up
    Sleep sleep(loop, 1ms);
    co_await sleep;
  }

  ShiftedClock clock;
  DnsServer server;
  Loop loop{clock};
  std::unique_ptr<Resolver> resolver;
};

// A test's body is a coroutine on the world's loop.
#define RESOLVER_TEST(NAME)   \
  struct NAME final : World { \
    Task<void> body();        \
  };                          \
  TEST(resolver, NAME) {      \
    NAME world;               \
    world.run(world.body());  \
  }                           \
  Task<void> NAME::body()
#define EXPECT_ASK(HOST, ...)                        \
  do {                                               \
    auto asking = ask(HOST);                         \
    const Texts answer = co_await asking;            \
    EXPECT_EQ(answer, (Texts{__VA_ARGS__})) << HOST; \
  } while (false)

}  // namespace sallyport
