// The ring between those who record and the segments: what it alone holds is not lost, whatever moment a crash takes,
// and nothing that lies in it is believed unless it continues the chain.
#include "tests/storage/audit_ring_world.h"

namespace sallyport::storage {
namespace {

TEST_F(AuditRingTest, what_only_the_ring_holds_is_listed_verified_and_recovered) {
  auto log = open();
  record(*log, 5);
  EXPECT_EQ(in_segment(1), 0u);
  EXPECT_EQ(read().size(), 5u) << "at once, beside the writer";
  EXPECT_EQ(verify().entries, 5u);
  crash(std::move(log));
  EXPECT_EQ(in_segment(1), 0u);
  EXPECT_EQ(read().size(), 5u) << "of a dead writer";
  EXPECT_EQ(read(4).size(), 2u);
  EXPECT_EQ(verify().entries, 5u);
  log = open();
  EXPECT_EQ(log->entries(), 5u);
  EXPECT_EQ(in_segment(1), 5u) << "before anything new is recorded";
  record(*log, 1);
  log.reset();
  EXPECT_EQ(verify().entries, 7u);
  EXPECT_EQ(alerts(), 0u);
}

TEST_F(AuditRingTest, a_flush_moves_it_into_the_segment) {
  auto log = open();
  record(*log, 5);
  log->flush();
  EXPECT_EQ(in_segment(1), 5u);
  EXPECT_EQ(log->health().synced_entries, 5u);
  record(*log, 3);
  EXPECT_EQ(in_segment(1), 5u);
  EXPECT_EQ(read().size(), 8u);
  crash(std::move(log));
  open().reset();
  EXPECT_EQ(verify().entries, 9u);
}

TEST_F(AuditRingTest, a_log_of_before_there_was_a_ring_goes_on) {
  open().reset();
  {
    auto log = open();
    record(*log, 3);
  }
  fs::remove(ring());
  EXPECT_EQ(verify().entries, 4u);
  {
    auto log = open();
    record(*log, 3);
  }
  EXPECT_EQ(verify().entries, 8u);
}

// --- what is not this log's

TEST_F(AuditRingTest, refuses_a_ring_of_another_installation) {
  crash_with(3);
  auto other = options();
  other.dir = folder_.path() + "/other";
  other.installation = RecordId{{std::byte{8}}};
  {
    auto log = open(other);
  }
  fs::copy_file(ring_path(other.dir), ring(), fs::copy_options::overwrite_existing);
  expect_refused(options(), Code::kDenied, "another installation");
}

TEST_F(AuditRingTest, refuses_a_ring_with_entries_of_another_chain_and_takes_an_empty_one) {
  auto other = options();
  other.dir = folder_.path() + "/other";
  {
    auto log = open(other);
    record(*log, 3);
    fs::copy(other.dir, dir());
  }
  const std::string full = file_bytes(ring());
  const std::string emptied = file_bytes(ring_path(other.dir));
  fs::remove_all(dir());
  {
    auto log = open();
    record(*log, 2);
  }
  write_file(ring(), full);
  expect_refused(options(), Code::kDenied, "another log");
  EXPECT_EQ(file_bytes(ring()), full) << "the evidence stays";
  EXPECT_TRUE(verify().broken_seq);
  fs::remove(segment(1));
  expect_refused(options(), Code::kDenied, "another log");
  EXPECT_FALSE(fs::exists(segment(1))) << "no chain is begun beside it";
  write_file(ring(), emptied);
  EXPECT_NE(open(), nullptr);
}

TEST_F(AuditRingTest, refuses_a_broken_ring_and_begins_one_that_was_never_begun) {
  crash_with(3);
  const std::string good = file_bytes(ring());
  for (const size_t at : {0u, 8u, 16u, 24u, 40u, 60u}) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write_file(ring(), bytes);
    expect_refused(options(), Code::kMalformed, "audit.ring is broken");
    EXPECT_TRUE(verify().broken_seq) << at;
    EXPECT_EQ(file_bytes(ring()), bytes) << "the evidence stays";
  }
  write_file(ring(), good.substr(0, good.size() - 4096));
  expect_refused(options(), Code::kMalformed, "audit.ring is broken");
  for (const std::string& unbegun : {std::string(), std::string(good.size(), '\0')}) {
    write_file(ring(), unbegun);
    EXPECT_FALSE(verify().broken_seq);
    EXPECT_NE(open(), nullptr);
  }
}

TEST_F(AuditRingTest, believes_no_entry_that_does_not_continue_the_chain) {
  crash_with(4);
  const std::string good = file_bytes(ring());
  const size_t path = good.find("/v1/things", good.find("/v1/things") + 1);  // of the second entry
  for (const auto& [at, what] :
       {std::pair<size_t, const char*>(path, "a byte of an entry"), {path - 150, "another one"}}) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write_file(ring(), bytes);
    EXPECT_EQ(read().size(), 1u) << what;
  }
  {
    auto log = open();
    EXPECT_EQ(log->entries(), 2u) << "the first, and the alert";
  }
  EXPECT_EQ(alerts(), 1u);
  EXPECT_FALSE(verify().broken_seq);
}

TEST_F(AuditRingTest, a_changed_entry_of_the_segment_is_not_excused_by_the_ring) {
  auto log = open();
  record(*log, 7);
  log->flush();
  record(*log, 2);
  crash(std::move(log));
  TamperedSegment one(segment(1));
  one.entry(4)[100] ^= 1;
  one.save();
  EXPECT_EQ(verify().broken_seq, 4u);
  expect_refused(options(), Code::kDenied, "chain is broken");
}

}  // namespace
}  // namespace sallyport::storage
