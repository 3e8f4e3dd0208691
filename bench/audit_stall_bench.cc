// How long reserve() and record() take beside the thread that writes out and syncs: two threads at a fixed rate, and
// the tail of what a request would wait for. Not a Google Benchmark: a mean hides what is asked here. The folder
// should be on the disk that is meant (ext4, not tmpfs).
//   audit_stall_bench FOLDER [SECONDS 10] [ENTRIES_PER_SECOND 100000] [THREADS 2]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "storage/audit_log.h"

using namespace sallyport;
using namespace sallyport::storage;
using Steady = std::chrono::steady_clock;

namespace {

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
  event.status = 200;
  return event;
}

constexpr auto kMadeUpFor = std::chrono::milliseconds(50);  // of what a stall or the scheduler took

struct Measured {
  std::vector<uint32_t> nanoseconds;
  uint64_t refused = 0;
  rusage used{};  // of the thread: what it waited for, and what the scheduler took
};

void append(AuditLog& log, std::chrono::nanoseconds every, Steady::time_point until, Measured& out) {
  const AccessEvent event = typical_event();
  for (auto due = Steady::now(); due < until; due += every) {
    auto begin = Steady::now();
    for (; begin < due; begin = Steady::now()) {
    }
    if (begin - due > kMadeUpFor) due = begin - kMadeUpFor;
    auto slot = log.reserve();
    if (slot)
      log.record(*std::move(slot), event);
    else
      ++out.refused;
    out.nanoseconds.push_back(static_cast<uint32_t>(std::min<int64_t>((Steady::now() - begin).count(), UINT32_MAX)));
  }
  ::getrusage(RUSAGE_THREAD, &out.used);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: audit_stall_bench FOLDER [SECONDS] [ENTRIES_PER_SECOND] [THREADS]\n");
    return 2;
  }
  const auto number = [&](int at, long without) { return count > at ? std::strtol(words[at], nullptr, 10) : without; };
  const std::chrono::seconds duration(number(2, 10));
  const long rate = number(3, 100'000);
  const auto threads = static_cast<size_t>(number(4, 2));
  const std::string dir = std::string(words[1]) + "/audit-stall";
  std::filesystem::remove_all(dir);
  const SystemClock clock;
  AuditOptions options;
  options.dir = dir;
  auto log = AuditLog::open(options, *SecretBytes::copy_of(std::string(32, 'k')), clock);
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().what);
    return 1;
  }
  std::vector<Measured> measured(threads);
  {
    std::vector<std::jthread> running;
    const auto until = Steady::now() + duration;
    for (Measured& each : measured) {
      each.nanoseconds.resize(static_cast<size_t>(rate * duration.count()) / threads + 1000);  // no faults of its own
      each.nanoseconds.clear();
      running.emplace_back([&] {
        append(**log, std::chrono::nanoseconds(1'000'000'000 * static_cast<long>(threads) / rate), until, each);
      });
    }
  }
  const AuditHealth health = (*log)->health();
  log->reset();
  std::vector<uint32_t> all;
  uint64_t refused = 0;
  long waits = 0;
  long preemptions = 0;
  long faults = 0;
  for (const Measured& each : measured) {
    all.insert(all.end(), each.nanoseconds.begin(), each.nanoseconds.end());
    refused += each.refused;
    waits += each.used.ru_nvcsw;
    preemptions += each.used.ru_nivcsw;
    faults += each.used.ru_minflt;
  }
  std::sort(all.begin(), all.end());
  const auto at = [&](double share) {
    return all[static_cast<size_t>(share * static_cast<double>(all.size() - 1))] / 1e3;
  };
  const auto over = [&](uint32_t ns) { return all.end() - std::upper_bound(all.begin(), all.end(), ns); };
  std::printf(
      "entries/s %7.0f  us: p50 %5.2f  p99 %6.2f  p99.9 %8.2f  p99.99 %8.2f  max %9.1f  over 0.1 ms %5td  over 1 ms "
      "%4td\n",
      static_cast<double>(all.size()) / static_cast<double>(duration.count()), at(.5), at(.99), at(.999), at(.9999),
      at(1), over(100'000), over(1'000'000));
  std::printf("  refused %llu  faults %ld  waits %ld  preemptions %ld%s\n", static_cast<unsigned long long>(refused),
              faults, waits, preemptions, health.disk_failed ? "  DISK FAILED" : "");
  std::filesystem::remove_all(dir);
  return 0;
}
