// One look-up of a session among many, each time another one (keys are random, so the table is walked all over): the
// usual case, where the family heard of it a moment ago, and the one in which it hears again (once a second per
// session). Memory per session is printed as a counter.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <fstream>

#include "base/random.h"
#include "storage/session_table.h"

namespace {

using namespace sallyport;
using namespace sallyport::storage;

constexpr WallMicros kStart{1'700'000'000'000'000};

// Resident memory of this process.
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double whole = 0;
  double resident = 0;
  statm >> whole >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

struct Filled {
  SessionTable table;
  std::vector<Sha256> keys;
  double bytes_per_session = 0;

  explicit Filled(size_t sessions) {
    keys.resize(sessions);
    const double before = resident_bytes();
    SessionRecord record;
    record.host = "crm.apps.localhost";
    record.last_seen_at = record.created_at = kStart;
    record.absolute_end = kStart + std::chrono::hours(24 * 14);
    record.idle = std::chrono::hours(12);
    for (size_t i = 0; i < sessions; ++i) {
      record.id_hash = Sha256{random_bytes<32>()};
      record.id = record.family = RecordId::random();
      record.user = RecordId::random();
      table.insert(record);
      keys[i] = record.id_hash;
    }
    bytes_per_session = (resident_bytes() - before) / static_cast<double>(sessions);
  }
};

Filled& filled(size_t sessions) {
  static std::unique_ptr<Filled> kept;
  if (!kept || kept->keys.size() != sessions) kept = std::make_unique<Filled>(sessions);
  return *kept;
}

void find_fresh(benchmark::State& state) {
  Filled& world = filled(static_cast<size_t>(state.range(0)));
  size_t i = 0;
  for (auto _ : state) {
    if (++i == world.keys.size()) i = 0;
    auto found = world.table.find(world.keys[i], "crm.apps.localhost", kStart);
    if (!found) state.SkipWithError("not found");
    benchmark::DoNotOptimize(found);
  }
  state.counters["bytes_per_session"] = world.bytes_per_session;
}
BENCHMARK(find_fresh)->Arg(10)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void find_and_note(benchmark::State& state) {
  Filled& world = filled(static_cast<size_t>(state.range(0)));
  static WallMicros now = kStart;
  size_t i = 0;
  for (auto _ : state) {
    now = now + std::chrono::seconds(1);
    if (++i == world.keys.size()) i = 0;
    if (now > kStart + std::chrono::hours(10)) now = kStart + std::chrono::hours(2);
    auto found = world.table.find(world.keys[i], "crm.apps.localhost", now);
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(find_and_note)->Arg(1'000'000);

void find_unknown(benchmark::State& state) {
  Filled& world = filled(1'000'000);
  Sha256 key{random_bytes<32>()};
  for (auto _ : state) {
    for (std::byte& byte : key) byte ^= std::byte{0x5a};
    key[0] = static_cast<std::byte>(static_cast<unsigned>(key[0]) + 1);
    benchmark::DoNotOptimize(world.table.find(key, "crm.apps.localhost", kStart));
  }
}
BENCHMARK(find_unknown);

void collect(benchmark::State& state) {
  Filled& world = filled(1'000'000);
  for (auto _ : state) benchmark::DoNotOptimize(world.table.collect_touched(kStart));
}
BENCHMARK(collect)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
