// The promise of AuditLog::reserve(): what it gave can be recorded, whatever happens to the disk; what it cannot give
// is refused before the request is forwarded, and given again when there is room.
#include <fcntl.h>
#include <sys/mount.h>

#include <fstream>
#include <random>

#include "tests/storage/audit_world.h"

namespace sallyport::storage {
namespace {

namespace fs = std::filesystem;

constexpr auto kPatience = std::chrono::seconds(30);

class AuditCapacityTest : public AuditWorld {
 protected:
  std::vector<AuditSlot> take_all(AuditLog& log) {
    std::vector<AuditSlot> out;
    while (auto slot = log.reserve()) out.push_back(*std::move(slot));
    return out;
  }
  void expect_whole(uint64_t entries) {
    const VerifyOutcome outcome = verify();
    EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
    EXPECT_EQ(outcome.entries, entries);
  }
};

TEST_F(AuditCapacityTest, an_unused_place_is_given_back) {
  auto log = open(options(16 << 10));
  for (int round = 0; round < 3; ++round) {
    const auto slots = take_all(*log);
    EXPECT_EQ(slots.size(), 20u) << "ten in the current segment and ten in the next";
    EXPECT_FALSE(log->has_room());
    EXPECT_EQ(log->reserve().error().code, Code::kUnavailable);
  }
  EXPECT_TRUE(log->has_room());
}

TEST_F(AuditCapacityTest, every_reserved_place_takes_the_largest_entry) {
  const std::string large(5000, 'x');
  auto log = open(options(16 << 10));
  size_t written = 0;
  for (int round = 0; round < 5; ++round) {
    for (AuditSlot& slot : take_all(*log)) {
      AccessEvent big = event(large);
      big.request_id = big.user_name = big.means = big.strength = big.resource = large;
      big.host = big.method = big.outcome = big.reason = large;
      log->record(std::move(slot), big);
      ++written;
    }
    log->flush();
    place(*log);
  }
  log.reset();
  EXPECT_FALSE(verify().broken_seq) << verify().reason;
  const auto entries = read();
  EXPECT_EQ(std::count_if(entries.begin(), entries.end(), [](const auto& e) { return e["kind"] == "access"; }),
            static_cast<ptrdiff_t>(written));
  EXPECT_EQ(entries[0]["path"].get<std::string>().size(), kAuditPathBytesMax);
  EXPECT_EQ(entries[0]["cut"].size(), 10u);
}

TEST_F(AuditCapacityTest, any_order_of_reserving_recording_and_giving_back_fits) {
  std::mt19937 chance(42);
  auto log = open(options(16 << 10));
  std::vector<AuditSlot> held;
  size_t written = 0;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (written < 800 && std::chrono::steady_clock::now() < until) {
    if (chance() % 100 < 55) {
      if (auto slot = log->reserve()) held.push_back(*std::move(slot));
    } else if (!held.empty()) {
      std::swap(held[chance() % held.size()], held.back());
      if (chance() % 4 != 0) {
        log->record(std::move(held.back()), event(std::string(chance() % 700, 'p')));
        ++written;
      }
      held.pop_back();
    }
  }
  held.clear();
  log.reset();
  EXPECT_FALSE(verify().broken_seq) << verify().reason;
  EXPECT_EQ(written, 800u);
}

// A file system of a few hundred KiB. Nothing without the right to mount.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& at) : at_(at) {
    fs::create_directory(at_);
    mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=200k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  // Takes all the room there is.
  void fill() {
    std::ofstream out(at_ + "/ballast", std::ios::binary | std::ios::app);
    while (out.write(std::string(4096, 'b').data(), 4096).flush()) {
    }
  }
  void clear() { fs::remove(at_ + "/ballast"); }

 private:
  std::string at_;
  bool mounted_ = false;
};

class AuditFullDiskTest : public AuditCapacityTest {
 protected:
  void SetUp() override {
    if (!disk_.mounted()) GTEST_SKIP() << "mounting a small tmpfs is not permitted here";
  }
  AuditOptions on_disk(size_t segment_bytes = 32 << 10) {
    auto out = options(segment_bytes);
    out.dir = folder_.path() + "/disk/audit";
    out.flush = std::chrono::milliseconds(2);
    return out;
  }
  VerifyOutcome verify_disk() const { return verify_audit(folder_.path() + "/disk/audit", {public_key_of('k')}, ""); }

  SmallDisk disk_{folder_.path() + "/disk"};
};

TEST_F(AuditFullDiskTest, refuses_when_the_disk_is_full_loses_nothing_and_recovers_by_itself) {
  auto log = open(on_disk());
  ASSERT_NE(log, nullptr);
  record(*log, 10);
  disk_.fill();
  size_t written = 10;
  while (true) {  // until what was set aside is used up
    auto slots = take_all(*log);
    if (slots.empty()) break;
    for (AuditSlot& slot : slots) {
      log->record(std::move(slot), event());
      ++written;
    }
  }
  EXPECT_FALSE(log->has_room());
  const VerifyOutcome full = verify_disk();
  EXPECT_FALSE(full.broken_seq) << full.reason;
  EXPECT_GE(full.entries, written);

  disk_.clear();
  record(*log, 50);
  log.reset();
  EXPECT_FALSE(verify_disk().broken_seq);
}

TEST_F(AuditFullDiskTest, requests_under_way_are_recorded_although_the_disk_is_full) {
  auto log = open(on_disk());
  ASSERT_NE(log, nullptr);
  auto slots = take_all(*log);
  disk_.fill();
  EXPECT_FALSE(log->has_room());
  const size_t count = slots.size();
  for (AuditSlot& slot : slots) log->record(std::move(slot), event(std::string(512, 'x')));
  log->flush();
  EXPECT_FALSE(log->health().disk_failed);
  const VerifyOutcome outcome = verify_disk();
  EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
  EXPECT_GE(outcome.entries, count);
}

TEST_F(AuditFullDiskTest, starts_on_a_full_disk_when_its_segment_is_there_and_refuses_a_new_log) {
  auto log = open(on_disk());
  ASSERT_NE(log, nullptr);
  record(*log, 5);
  log.reset();
  disk_.fill();
  log = open(on_disk());
  ASSERT_NE(log, nullptr);
  EXPECT_TRUE(log->has_room()) << "of the current segment";
  log.reset();

  auto fresh = on_disk();
  fresh.dir = folder_.path() + "/disk/fresh";
  const auto refused = AuditLog::open(fresh, seed_of('k'), clock_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  disk_.clear();
  EXPECT_NE(open(fresh), nullptr) << "nothing of the failed attempt is in the way";
}

TEST_F(AuditFullDiskTest, a_sparse_copy_gets_its_blocks_back_before_it_is_written) {
  auto log = open(on_disk(128 << 10));
  ASSERT_NE(log, nullptr);
  record(*log, 5);
  log.reset();
  const std::string path = audit::segment_path(folder_.path() + "/disk/audit", 1);
  const std::string bytes = file_bytes(path);
  fs::remove(path);
  write_file(path, bytes.substr(0, 4096));
  fs::resize_file(path, bytes.size());  // a hole behind the first page
  disk_.fill();
  const auto refused = AuditLog::open(on_disk(128 << 10), seed_of('k'), clock_);
  ASSERT_FALSE(refused.has_value()) << "the hole cannot be filled, a store into it would be a SIGBUS";
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  disk_.clear();
  log = open(on_disk(128 << 10));
  ASSERT_NE(log, nullptr);
  disk_.fill();
  auto slots = take_all(*log);
  for (AuditSlot& slot : slots) log->record(std::move(slot), event());
}

// ramfs has no fallocate(2), so blocks are made by writing zeros.
TEST_F(AuditCapacityTest, works_on_a_file_system_without_fallocate) {
  const std::string disk = folder_.path() + "/ram";
  fs::create_directory(disk);
  if (::mount("ramfs", disk.c_str(), "ramfs", 0, nullptr) != 0)
    GTEST_SKIP() << "mounting a ramfs is not permitted here";
  auto with = options(32 << 10);
  with.dir = disk + "/audit";
  for (int round = 0; round < 2; ++round) {
    auto log = open(with);
    ASSERT_NE(log, nullptr);
    record(*log, 300);
  }
  const VerifyOutcome outcome = verify_audit(with.dir, {public_key_of('k')}, "");
  EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
  EXPECT_GT(outcome.entries, 600u);
  EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);
}

TEST_F(AuditFullDiskTest, a_full_anchor_is_said_and_tried_again) {
  auto with = options();
  with.anchor = folder_.path() + "/disk/anchor";
  with.flush = std::chrono::milliseconds(2);
  with.checkpoint = std::chrono::seconds(0);
  disk_.fill();
  auto log = open(with);
  const auto wait_for = [&](bool failed) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (log->health().anchor_failed != failed && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(log->health().anchor_failed, failed);
  };
  record(*log, 1);
  wait_for(true);
  EXPECT_TRUE(log->has_room()) << "the segments take the entries all the same";
  disk_.clear();
  wait_for(false);
  log.reset();
  EXPECT_FALSE(verify(with.anchor).broken_seq) << verify(with.anchor).reason;
  EXPECT_NE(file_bytes(with.anchor).find("sallyport-audit-1 "), std::string::npos);
}

}  // namespace
}  // namespace sallyport::storage
