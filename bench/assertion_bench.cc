// The signed identity in front of an upstream: a line that is at hand, among few and among as many as are kept, and one
// that has to be signed.
#include <benchmark/benchmark.h>

#include "proxy/stations/assertions.h"
#include "sso/jose.h"

namespace {

using namespace sallyport;

constexpr WallMicros kNow{1'700'000'000'000'000};

proxy::Assertions with_a_key() {
  std::vector<sso::AssertionKey> keys;
  keys.push_back({.id = RecordId::random(),
                  .made_at = kNow,
                  .signs_from = kNow,
                  .scalar = sso::P256Key::random_scalar().value(),
                  .point = {},
                  .kid = {}});
  keys.back().point = sso::P256Key::open(keys.back().scalar)->point();
  keys.back().kid = sso::jwk_thumbprint(keys.back().point);
  return proxy::Assertions(sso::AssertionKeys::make("https://gate.example.test", keys).value());
}

void lines(benchmark::State& state, size_t users) {
  proxy::Assertions assertions = with_a_key();
  policy::CompiledResource crm;
  crm.id = RecordId::random();
  crm.name = "crm";
  std::vector<policy::CompiledUser> all(users);
  for (policy::CompiledUser& user : all) {
    user.id = RecordId::random();
    user.name = "somebody";
    user.email = "somebody@example.test";
  }
  std::string head;
  head.reserve(4096);
  size_t at = 0;
  for (auto _ : state) {
    head.clear();
    head.append(assertions.line(all[at], crm, policy::Role::kMember, "crm.apps.example.test", kNow));
    benchmark::DoNotOptimize(head.data());
    if (++at == users) at = 0;
  }
  state.counters["bytes"] = static_cast<double>(head.size());
}

void at_hand(benchmark::State& state) { lines(state, static_cast<size_t>(state.range(0))); }
void signed_anew(benchmark::State& state) { lines(state, proxy::Assertions::kEntriesMax + 1); }  // each was forgotten

}  // namespace

BENCHMARK(at_hand)->Arg(1)->Arg(100)->Arg(4096);
BENCHMARK(signed_anew);
BENCHMARK_MAIN();
