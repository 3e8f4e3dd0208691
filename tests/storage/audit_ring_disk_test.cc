// The ring beside a reader, and where the disk is slow or fails.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <thread>

#include "tests/storage/audit_ring_world.h"

namespace sallyport::storage {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

TEST_F(AuditRingTest, a_reader_sees_what_was_recorded_before_it_began_while_the_ring_goes_round) {
  auto with = options(128 << 10);
  with.ring_bytes = 32 << 10;
  with.flush = std::chrono::milliseconds(2);
  auto log = open(with);
  std::atomic<uint64_t> recorded = 0;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 15'000; ++i) {
      log->record(place(*log), event());
      ++recorded;
    }
    done = true;
  });
  int readings = 0;
  while (!done || readings == 0) {
    const uint64_t before = recorded;
    uint64_t last = before > 300 ? before - 300 : 0;
    const uint64_t from = last + 1;
    const auto read = read_audit(dir(), from, [&](const AuditEntry& entry) {
      EXPECT_EQ(entry.seq, ++last);
      return true;
    });
    ASSERT_TRUE(read.has_value()) << read.error().what;
    ASSERT_GE(last, before);
    const VerifyOutcome outcome = verify();
    ASSERT_FALSE(outcome.broken_seq) << *outcome.broken_seq << ": " << outcome.reason;
    ASSERT_GE(outcome.entries, before);
    ++readings;
  }
  writer.join();
  log.reset();
  EXPECT_FALSE(verify().broken_seq);
}

// An anchor that is a full pipe holds the thread, as a disk that does not answer would.
class FullPipe {
 public:
  explicit FullPipe(const std::string& path) {
    if (::mkfifo(path.c_str(), 0600) != 0) std::abort();
    fd_.reset(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    while (::write(fd_.get(), "\n", 1) == 1) {
    }
  }
  void empty() {
    std::array<char, 4096> piece;
    while (::read(fd_.get(), piece.data(), piece.size()) > 0) {
    }
  }

 private:
  Fd fd_;
};

TEST_F(AuditRingTest, a_full_ring_refuses_without_waiting_and_comes_back) {
  auto with = options(256 << 10);
  with.anchor = anchor();
  with.flush = std::chrono::milliseconds(2);
  with.checkpoint = std::chrono::seconds(0);
  auto log = open(with);
  fs::remove(anchor());
  FullPipe stalled(anchor());
  size_t recorded = 0;
  std::vector<AuditSlot> held;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  // Until nothing is drained any more: the thread is held at the anchor.
  uint64_t refused_in_a_row = 0;
  while (refused_in_a_row < 2000 && std::chrono::steady_clock::now() < until) {
    if (auto slot = log->reserve()) {
      refused_in_a_row = 0;
      if (held.size() < 3)
        held.push_back(*std::move(slot));
      else
        log->record(*std::move(slot), event()), ++recorded;
    } else {
      ++refused_in_a_row;
      std::this_thread::yield();
    }
  }
  EXPECT_EQ(log->reserve().error().code, Code::kUnavailable);
  EXPECT_FALSE(log->has_room());
  EXPECT_FALSE(log->health().disk_failed);
  EXPECT_GT(recorded, 100u);
  for (AuditSlot& slot : held) log->record(std::move(slot), event()), ++recorded;
  held.clear();
  const auto listed = read();
  EXPECT_EQ(std::count_if(listed.begin(), listed.end(), [](const auto& e) { return e["kind"] == "access"; }),
            static_cast<ptrdiff_t>(recorded))
      << "those with a place are recorded, and seen";
  fs::remove(anchor());
  stalled.empty();
  record(*log, 50);
  EXPECT_TRUE(log->has_room());
  log.reset();
  EXPECT_FALSE(verify().broken_seq) << verify().reason;
}

class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*before_handler_)(int);
};

TEST_F(AuditRingTest, a_write_that_fails_ends_accepting_and_the_next_start_has_everything) {
  auto log = open();
  record(*log, 10);
  auto held = place(*log);
  {
    const FileSizeLimit limit(1000);
    log->flush();
  }
  EXPECT_TRUE(log->health().disk_failed);
  EXPECT_FALSE(log->has_room());
  EXPECT_EQ(log->reserve().error().code, Code::kUnavailable);
  log->record(std::move(held), event());
  log->flush();
  EXPECT_EQ(log->health().synced_entries, 0u) << "no way back before a restart";
  EXPECT_EQ(read().size(), 11u);
  log.reset();
  log = open();
  EXPECT_EQ(log->entries(), 12u) << "and the closing checkpoint";
  record(*log, 1);
  log.reset();
  EXPECT_FALSE(verify().broken_seq) << verify().reason;
  EXPECT_EQ(alerts(), 0u);
}

}  // namespace
}  // namespace sallyport::storage
