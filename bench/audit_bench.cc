// What one audit event costs on the loop's thread: reserve and record, alone and with other workers, and reading it
// back.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

#include "storage/audit_log.h"

namespace sallyport::storage {
namespace {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sallyport-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

AccessEvent typical_event() {
  AccessEvent event;
  event.at = WallMicros{1'700'000'000'000'000};
  event.request_id = "01hf5x2k3m9qv7r8t6y4z1w0ab";
  event.client = IpAddress::v4({192, 0, 2, 7});
  event.user = RecordId::random();
  event.user_name = "alice";
  event.means_id = RecordId::random();
  event.means = "session";
  event.strength = "mfa";
  event.resource = "crm";
  event.host = "crm.apps.example.test";
  event.method = "GET";
  event.path = "/v1/customers/4711/orders";
  event.outcome = "allow";
  event.reason = "rule";
  event.rule = 1;
  event.status = 200;
  event.latency = std::chrono::microseconds(1234);
  event.request_bytes = 620;
  event.response_bytes = 1330;
  return event;
}

std::unique_ptr<AuditLog> shared_log;
std::unique_ptr<Folder> folder;

constexpr uint64_t kNoRotation = uint64_t{256} << 20;  // a run is faster than any gateway
constexpr uint64_t kUsual = uint64_t{16} << 20;

void open_with(uint64_t segment_bytes) {
  static const SystemClock clock;
  folder = std::make_unique<Folder>();
  AuditOptions options;
  options.dir = folder->path + "/audit";
  options.segment_bytes = segment_bytes;
  shared_log = *AuditLog::open(options, *SecretBytes::copy_of(std::string(32, 'k')), clock);
}

void open_log(const benchmark::State&) { open_with(kNoRotation); }

void close_log(const benchmark::State&) {
  shared_log.reset();
  folder.reset();
}

void reserve_and_record(benchmark::State& state) {
  const AccessEvent event = typical_event();
  int64_t refused = 0;
  for (auto _ : state) {
    if (auto slot = shared_log->reserve())
      shared_log->record(*std::move(slot), event);
    else
      ++refused;
  }
  state.SetItemsProcessed(state.iterations() - refused);
  if (refused > 0) state.SkipWithError("the disk did not follow");
}
BENCHMARK(reserve_and_record)->Iterations(200'000)->Setup(open_log)->Teardown(close_log);
BENCHMARK(reserve_and_record)->Iterations(100'000)->Threads(2)->Setup(open_log)->Teardown(close_log);

void reserve_and_give_back(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(shared_log->reserve());
}
BENCHMARK(reserve_and_give_back)->Setup(open_log)->Teardown(close_log);

void read_a_thousand(benchmark::State& state) {
  const AccessEvent event = typical_event();
  open_with(kUsual);
  for (int i = 0; i < 1000; ++i) shared_log->record(*shared_log->reserve(), event);
  for (auto _ : state) {
    size_t bytes = 0;
    (void)read_audit(folder->path + "/audit", 1, [&](const AuditEntry& entry) {
      bytes += entry.json.size();
      return true;
    });
    benchmark::DoNotOptimize(bytes);
  }
  close_log(state);
}
BENCHMARK(read_a_thousand)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sallyport::storage

BENCHMARK_MAIN();
