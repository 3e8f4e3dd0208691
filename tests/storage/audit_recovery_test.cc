// What open() makes of a folder after a crash, and what it refuses.
#include "tests/storage/audit_tamper.h"

namespace sallyport::storage {
namespace {

namespace fs = std::filesystem;

class AuditRecoveryTest : public AuditWorld {
 protected:
  // The folder as kill -9 would leave it, without any closing; the segments have everything.
  void crash_with(size_t count) {
    const auto with = options();
    {
      auto log = open(with);
      record(*log, count);
      log->flush();
      fs::copy(dir(), dir() + ".crashed");
    }
    fs::remove_all(dir());
    fs::rename(dir() + ".crashed", dir());
  }
  void expect_refused(Code code, std::string_view what) {
    const auto log = AuditLog::open(options(), seed_of('k'), clock_);
    ASSERT_FALSE(log.has_value());
    EXPECT_EQ(log.error().code, code);
    EXPECT_NE(std::string_view(log.error().what).find(what), std::string_view::npos) << log.error().what;
  }
  size_t end_of_entries() {
    TamperedSegment one(segment(1));
    return one.position(one.last_seq()) + one.entry(one.last_seq()).size();
  }
};

TEST_F(AuditRecoveryTest, keeps_every_entry_after_a_crash_and_goes_on) {
  crash_with(7);
  {
    auto log = open();
    EXPECT_EQ(log->entries(), 7u);
    record(*log, 1);
  }
  const VerifyOutcome outcome = verify();
  EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
  const auto entries = read();
  ASSERT_EQ(entries.size(), 9u);
  EXPECT_EQ(entries[7]["kind"], "access");
  EXPECT_EQ(entries[8]["kind"], "checkpoint");
}

TEST_F(AuditRecoveryTest, cuts_an_entry_that_was_being_written_and_says_so) {
  crash_with(7);
  const size_t end = end_of_entries();
  TamperedSegment one(segment(1));
  one.bytes().replace(end + 4, 200, std::string(200, 'x'));  // its length is stored last, so it is zero
  one.save_bytes();
  EXPECT_FALSE(verify().broken_seq) << "an unfinished entry is no damage";
  open().reset();
  const VerifyOutcome outcome = verify();
  EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
  const auto entries = read();
  ASSERT_EQ(entries.size(), 9u);
  EXPECT_EQ(entries[7]["kind"], "alert");
  EXPECT_EQ(entries[7]["resource"], "audit");
  EXPECT_EQ(entries[7]["reason"], "an unfinished end was cut after a crash");
}

TEST_F(AuditRecoveryTest, cuts_an_entry_whose_last_sectors_a_power_cut_took) {
  crash_with(40);
  TamperedSegment one(segment(1));
  uint64_t seq = one.last_seq();
  while (one.position(seq) / 512 == (one.position(seq) + one.entry(seq).size() - 16) / 512)
    --seq;  // it crosses a sector
  const size_t sector = (one.position(seq) / 512 + 1) * 512;
  one.bytes().replace(sector, one.bytes().size() - sector, std::string(one.bytes().size() - sector, '\0'));
  one.save_bytes();
  {
    auto log = open();
    EXPECT_EQ(log->entries(), seq) << "what was whole, and the alert in place of the torn one";
  }
  EXPECT_FALSE(verify().broken_seq);
}

TEST_F(AuditRecoveryTest, cuts_what_stands_behind_a_page_that_a_power_cut_took) {
  crash_with(40);
  TamperedSegment one(segment(1));
  one.bytes().replace(4096, 4096, std::string(4096, '\0'));
  one.save_bytes();
  open().reset();
  const VerifyOutcome outcome = verify();
  EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
  EXPECT_LT(outcome.entries, 30u);
}

TEST_F(AuditRecoveryTest, refuses_an_entry_that_was_changed) {
  for (const uint64_t seq : {2, 7}) {
    crash_with(7);
    TamperedSegment one(segment(1));
    one.entry(seq)[100] ^= 1;
    one.save();
    const std::string before = file_bytes(segment(1));
    expect_refused(Code::kDenied, "chain is broken");
    EXPECT_EQ(file_bytes(segment(1)), before) << "the evidence stays";
    fs::remove_all(dir());
  }
}

TEST_F(AuditRecoveryTest, refuses_a_deleted_and_a_swapped_entry) {
  crash_with(7);
  TamperedSegment one(segment(1));
  one.remove(6);
  one.save();
  expect_refused(Code::kDenied, "chain is broken");
  fs::remove_all(dir());
  crash_with(7);
  TamperedSegment again(segment(1));
  again.swap(6, 7);
  again.save();
  expect_refused(Code::kDenied, "chain is broken");
}

TEST_F(AuditRecoveryTest, refuses_a_changed_header) {
  crash_with(7);
  TamperedSegment one(segment(1));
  one.bytes()[30] ^= 1;
  one.save_bytes();
  expect_refused(Code::kDenied, "header is broken");
}

TEST_F(AuditRecoveryTest, refuses_a_segment_under_another_name) {
  crash_with(7);
  fs::rename(segment(1), segment(3));
  fs::remove(segment(2));
  expect_refused(Code::kDenied, "not the one its name says");
}

TEST_F(AuditRecoveryTest, refuses_a_folder_of_another_installation) {
  crash_with(7);
  auto with = options();
  with.installation = RecordId{{std::byte{8}}};
  const auto log = AuditLog::open(with, seed_of('k'), clock_);
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, Code::kDenied);
}

TEST_F(AuditRecoveryTest, refuses_a_second_writer) {
  auto log = open();
  expect_refused(Code::kUnavailable, "another process");
  log.reset();
  EXPECT_NE(open(), nullptr);
}

TEST_F(AuditRecoveryTest, refuses_a_log_that_ends_before_its_anchor) {
  auto with = options();
  with.anchor = anchor();
  {
    auto log = open(with);
    record(*log, 20);
  }
  fs::copy(dir(), dir() + ".whole");
  TamperedSegment one(segment(1));
  one.cut_from(10);
  one.save();
  const auto log = AuditLog::open(with, seed_of('k'), clock_);
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, Code::kDenied);
  fs::remove_all(dir());
  fs::rename(dir() + ".whole", dir());
  EXPECT_NE(open(with), nullptr);
}

TEST_F(AuditRecoveryTest, removes_what_was_set_aside_and_never_begun) {
  crash_with(7);
  write_file(segment(2), std::string(64 << 10, '\0'));
  write_file(segment(3), std::string(5, '\0'));
  open().reset();
  EXPECT_FALSE(fs::exists(segment(2)));
  EXPECT_FALSE(fs::exists(segment(3)));
  EXPECT_FALSE(verify().broken_seq);
}

TEST_F(AuditRecoveryTest, keeps_a_segment_without_a_header_aside_for_people) {
  crash_with(7);
  write_file(segment(2), std::string(4096, '\0') + std::string((60 << 10), 'x'));
  open().reset();
  EXPECT_FALSE(fs::exists(segment(2)));
  EXPECT_TRUE(fs::exists(segment(2) + ".lost"));
  EXPECT_EQ(read().at(7)["kind"], "alert");
}

TEST_F(AuditRecoveryTest, refuses_names_that_are_almost_a_segments) {
  crash_with(1);
  write_file(dir() + "/audit-1.seg", "x");
  expect_refused(Code::kMalformed, "almost a segment's");
}

TEST_F(AuditRecoveryTest, refuses_a_signing_key_of_another_length) {
  const auto log = AuditLog::open(options(), *SecretBytes::copy_of("short"), clock_);
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, Code::kMalformed);
}

TEST_F(AuditRecoveryTest, says_when_the_folder_cannot_be_made_or_is_a_file) {
  auto with = options();
  with.dir = folder_.path() + "/not/there";
  EXPECT_EQ(AuditLog::open(with, seed_of('k'), clock_).error().code, Code::kUnavailable);
  with.dir = folder_.path() + "/file";
  write_file(with.dir, "x");
  EXPECT_EQ(AuditLog::open(with, seed_of('k'), clock_).error().code, Code::kUnavailable);
}

TEST_F(AuditRecoveryTest, an_idle_restart_writes_nothing) {
  for (int i = 0; i < 3; ++i) open().reset();
  EXPECT_EQ(read().size(), 0u);
  {
    auto log = open();
    record(*log, 1);
  }
  for (int i = 0; i < 3; ++i) open().reset();
  EXPECT_EQ(read().size(), 2u);
}

}  // namespace
}  // namespace sallyport::storage
