// kill -9 in the middle of writing: what was recorded before is there, whole, and the chain verifies.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/storage/audit_world.h"

namespace sallyport::storage {
namespace {

constexpr size_t kWriters = 4;
constexpr const char* kWorldVariable = "SALLYPORT_AUDIT_KILL";

struct Progress {
  std::array<std::atomic<uint64_t>, kWriters> recorded;
  std::atomic<bool> started;
};

// A file that the writing and the watching process map.
class SharedProgress {
 public:
  explicit SharedProgress(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd || ::ftruncate(fd.get(), sizeof(Progress)) != 0) std::abort();
    memory_ = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (memory_ == MAP_FAILED) std::abort();
  }
  ~SharedProgress() { ::munmap(memory_, sizeof(Progress)); }
  SharedProgress(const SharedProgress&) = delete;
  SharedProgress& operator=(const SharedProgress&) = delete;
  Progress& operator*() const { return *static_cast<Progress*>(memory_); }

 private:
  void* memory_;
};

class AuditKillTest : public AuditWorld {
 protected:
  AuditOptions fast(const std::string& world) const {
    auto out = options(256 << 10);
    out.dir = world + "/audit";
    out.anchor = world + "/anchor";
    out.flush = std::chrono::milliseconds(3);
    out.checkpoint = std::chrono::seconds(0);
    return out;
  }

  // This program again, with the test below that writes until it is killed (a bare fork has no secret arena).
  pid_t start_writer() const {
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::setenv(kWorldVariable, folder_.path().c_str(), 1);
    ::execl("/proc/self/exe", "storage_test", "--gtest_filter=AuditKillTest.DISABLED_writes_until_it_is_killed",
            "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr);
    std::_Exit(127);
  }
};

// Four threads record; each entry names its writer and number.
TEST_F(AuditKillTest, DISABLED_writes_until_it_is_killed) {
  const char* const world = std::getenv(kWorldVariable);
  if (world == nullptr) GTEST_SKIP() << "the child of nothing_recorded_is_lost_over_twenty_kills";
  const SharedProgress shared(std::string(world) + "/progress");
  Progress& progress = *shared;
  const auto log = open(fast(world));
  ASSERT_NE(log, nullptr);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kWriters; ++t)
    threads.emplace_back([&, t] {
      for (uint64_t i = progress.recorded[t] + 1;;) {
        auto slot = log->reserve();
        if (!slot) continue;
        log->record(*std::move(slot), event(std::to_string(t) + "/" + std::to_string(i)));
        progress.recorded[t].store(i++);
        progress.started = true;
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(AuditKillTest, nothing_recorded_is_lost_over_twenty_kills) {
  const char* const more = std::getenv("SALLYPORT_KILLS");
  const int kills = more != nullptr ? std::atoi(more) : 20;
  const SharedProgress shared(folder_.path() + "/progress");
  Progress& progress = *shared;
  std::mt19937 chance(7);
  for (int round = 0; round < kills; ++round) {
    progress.started = false;
    const pid_t child = start_writer();
    ASSERT_GE(child, 0);
    int status = 0;
    while (!progress.started) {
      ASSERT_EQ(::waitpid(child, &status, WNOHANG), 0) << "the writer ended by itself: " << status;
      std::this_thread::yield();
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(chance() % 30000);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);

    const VerifyOutcome outcome = verify(anchor());
    ASSERT_FALSE(outcome.broken_seq) << *outcome.broken_seq << ": " << outcome.reason;
  }
  open(fast(folder_.path())).reset();
  ASSERT_FALSE(verify(anchor()).broken_seq);

  // Every writer's numbers are there in order, up to at least the last one it knew of.
  std::array<uint64_t, kWriters> last{};
  const auto done = read_audit(dir(), 1, [&](const AuditEntry& entry) {
    if (entry.kind != AuditKind::kAccess) return true;
    const auto path = nlohmann::json::parse(entry.json)["path"].get<std::string>();
    uint64_t& number_before = last.at(static_cast<size_t>(path[0] - '0'));
    const uint64_t number = std::stoull(path.substr(2));
    // One that was recorded but not yet noted when the kill came is written again by the next child.
    EXPECT_TRUE(number == number_before + 1 || number == number_before) << path;
    number_before = number;
    return true;
  });
  ASSERT_TRUE(done.has_value()) << done.error().what;
  for (size_t t = 0; t < kWriters; ++t) EXPECT_GE(last[t], progress.recorded[t]);
}

TEST_F(AuditKillTest, verifies_and_reads_beside_writers_under_load) {
  auto log = open(fast(folder_.path()));
  std::atomic<int> writing = 3;
  std::vector<std::thread> writers;
  for (int t = 0; t < 3; ++t)
    writers.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) log->record(place(*log), event());
      --writing;
    });
  do {
    const VerifyOutcome outcome = verify();
    EXPECT_FALSE(outcome.broken_seq) << *outcome.broken_seq << ": " << outcome.reason;
  } while (writing > 0);
  for (std::thread& writer : writers) writer.join();
  log.reset();
  EXPECT_FALSE(verify(anchor()).broken_seq) << verify(anchor()).reason;
}

}  // namespace
}  // namespace sallyport::storage
