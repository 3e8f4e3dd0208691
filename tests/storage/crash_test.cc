// Another process writes and is killed, writes at the same time, or the disk is full.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <fstream>
#include <thread>

#include "base/fd.h"
#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

class CrashTest : public StoreTest {
 protected:
  static FlowRecord flow(uint64_t number) {
    return {sha256(as_bytes("flow " + std::to_string(number))), "hand-over", Bytes(200, std::byte{1}),
            WallMicros{INT64_MAX}};
  }
  static ChangeSet numbered(uint64_t number) {
    ChangeSet set;
    set.changes.push_back(PutFlow{flow(number)});
    // A change that moves the generation: a token that lives for one commit.
    TokenRecord token;
    token.id = RecordId::random();
    token.hash = sha256(token.id.view());
    token.name = std::to_string(number);
    set.changes.push_back(PutToken{token});
    return set;
  }
  static std::vector<AdminEvent> event(uint64_t number) {
    return {{WallMicros{1}, "write", "child", std::to_string(number), "", ""}};
  }

  // In the child: writes on and on, saying each number once the store has acknowledged it. Uses no secret memory, which
  // does not exist in a forked process.
  [[noreturn]] void write_until_killed(uint64_t first, int pipe) {
    auto store = open_sqlite(path_, SqliteOpen::kCommand);
    if (!store) _exit(3);
    for (uint64_t number = first;; ++number) {
      if (!(*store)->commit(numbered(number), event(number))) _exit(4);
      if (::write(pipe, &number, sizeof number) != sizeof number) _exit(5);
    }
  }
};

TEST_F(CrashTest, nothing_acknowledged_is_lost_to_kill_9) {
  service_.reset();
  keyring_.reset();
  store_.reset();
  uint64_t acknowledged = 0;
  for (int round = 0; round < 20; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd from(ends[0]);
    Fd to(ends[1]);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(acknowledged + 1, to.get());
    to.reset();
    // Kill it after a few acknowledgements, wherever it is by then; what is in the pipe was acknowledged as well.
    uint64_t number = 0;
    for (int i = 0; i < 1 + round % 5; ++i) {
      ASSERT_EQ(::read(from.get(), &number, sizeof number), ssize_t(sizeof number));
      acknowledged = number;
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    while (::read(from.get(), &number, sizeof number) == ssize_t(sizeof number)) acknowledged = number;
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);

    const auto store = open_sqlite(path_, round % 2 ? SqliteOpen::kServe : SqliteOpen::kCommand).value();
    for (uint64_t i = 1; i <= acknowledged; ++i)
      ASSERT_TRUE(store->peek_flow(flow(i).key_hash, WallMicros{0})) << "round " << round << " flow " << i;
    const ChainVerdict chain = verify_admin_chain(*store).value();
    EXPECT_FALSE(chain.broken_seq);
    // One that was written and not said: it is there with all its parts, or not at all.
    const uint64_t written = chain.entries - 1;
    EXPECT_GE(written, acknowledged);
    EXPECT_LE(written, acknowledged + 1);
    EXPECT_EQ(store->tokens().value().size(), written);
    EXPECT_EQ(store->peek_flow(flow(written + 1).key_hash, WallMicros{0}).has_value(), false);
    acknowledged = written;
  }
}

TEST_F(CrashTest, two_writers_take_turns) {
  constexpr int kEach = 50;
  std::barrier<> together(2);
  const auto write = [&](uint64_t first) {
    const auto store = open_sqlite(path_, SqliteOpen::kCommand).value();
    together.arrive_and_wait();
    for (uint64_t i = 0; i < kEach; ++i) {
      const auto done = store->commit(numbered(first + i), event(first + i));
      EXPECT_TRUE(done) << done.error().what;
    }
  };
  const uint64_t before = count(store_->generation().value());
  std::thread other(write, 1000);
  write(2000);
  other.join();
  EXPECT_EQ(count(store_->generation().value()), before + 2 * kEach);
  EXPECT_EQ(verify_admin_chain(*store_).value().entries, 1u + 2 * kEach);
}

TEST_F(CrashTest, a_store_that_is_locked_for_long_is_unavailable_and_works_again) {
  Connection other = Connection::open(path_, OpenFile::kExisting).value();
  ASSERT_TRUE(other.execute("BEGIN IMMEDIATE"));
  const auto refused = store_->commit(numbered(1), event(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_STREQ(refused.error().what, "the store is locked by another process");
  EXPECT_TRUE(store_->generation()) << "reading goes on";
  ASSERT_TRUE(other.execute("ROLLBACK"));
  EXPECT_TRUE(store_->commit(numbered(1), event(1)));
}

// Writes until the store says that there is no room; gives how many were acknowledged.
uint64_t fill(Store& store, ChangeSet (*change)(uint64_t), std::optional<Error>& error) {
  for (uint64_t number = 1; number < 100'000; ++number) {
    const auto done = store.commit(change(number), {{WallMicros{1}, "write", "me", std::string(2000, 'x'), "", ""}});
    if (done) continue;
    error = done.error();
    return number - 1;
  }
  return 100'000;
}

void expect_whole(Store& store, uint64_t acknowledged, bool keyed) {
  const ChainVerdict chain = verify_admin_chain(store).value();
  EXPECT_FALSE(chain.broken_seq) << chain.reason;
  EXPECT_EQ(chain.entries, acknowledged + (keyed ? 1 : 0));
  EXPECT_EQ(store.tokens().value().size(), acknowledged);
}

TEST_F(CrashTest, a_file_that_cannot_grow_is_unavailable_and_half_writes_nothing) {
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  void (*const old_handler)(int) = ::signal(SIGXFSZ, SIG_IGN);
  rlimit low = before;
  low.rlim_cur = 512 * 1024;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  std::optional<Error> error;
  const uint64_t acknowledged = fill(*store_, numbered, error);
  const auto again = store_->commit(numbered(90'000), event(90'000));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, old_handler);

  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::kUnavailable) << error->what;
  EXPECT_GT(acknowledged, 3u);
  EXPECT_FALSE(again);
  expect_whole(*store_, acknowledged, true);
  EXPECT_TRUE(store_->commit(numbered(90'001), event(90'001))) << "there is room again";
  expect_whole(*store_, acknowledged + 1, true);
  reopen();
  expect_whole(*store_, acknowledged + 1, true);
}

TEST_F(CrashTest, a_full_disk_is_unavailable_and_half_writes_nothing) {
  const std::string disk = folder_ / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("none", disk.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "this process may not mount a tmpfs";
  {
    const std::string path = disk + "/small.db";
    auto store = open_sqlite(path, SqliteOpen::kCreate).value();
    {
      std::ofstream ballast(disk + "/ballast");
      ballast << std::string(300'000, 'x');
    }
    std::optional<Error> error;
    uint64_t acknowledged = fill(*store, numbered, error);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, Code::kUnavailable) << error->what;
    expect_whole(*store, acknowledged, false);
    std::filesystem::remove(disk + "/ballast");
    EXPECT_TRUE(store->commit(numbered(90'001), {{WallMicros{1}, "write", "me", "x", "", ""}}))
        << "there is room again";
    expect_whole(*store, acknowledged + 1, false);
    store.reset();
    store = open_sqlite(path, SqliteOpen::kCommand).value();
    expect_whole(*store, acknowledged + 1, false);
  }
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

TEST_F(CrashTest, a_disk_too_small_for_a_store_leaves_nothing_behind) {
  const std::string disk = folder_ / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("none", disk.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "this process may not mount a tmpfs";
  const auto refused = open_sqlite(disk + "/small.db", SqliteOpen::kCreate);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_TRUE(std::filesystem::is_empty(disk));
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

}  // namespace
}  // namespace sallyport::storage
