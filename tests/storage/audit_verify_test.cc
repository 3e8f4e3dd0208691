// What verify_audit() finds, and, as honestly, what it cannot find without an anchor (storage/AUDIT_FORMAT.md).
#include <thread>

#include "tests/storage/audit_tamper.h"

namespace sallyport::storage {
namespace {

namespace fs = std::filesystem;
using testing::Test;

// Three closed segments and a fourth begun one, all copied to an anchor.
class AuditVerifyTest : public AuditWorld {
 protected:
  void SetUp() override {
    auto with = options(16 << 10);
    with.anchor = anchor();
    auto log = open(with);
    while (log->entries() < 240) {
      for (int i = 0; i < 20; ++i) record(*log, 1, "/things/" + std::to_string(log->entries()));
      log->flush();
    }
    log.reset();
    ASSERT_TRUE(fs::exists(segment(4)));
    ASSERT_FALSE(fs::exists(segment(5)));
    const VerifyOutcome outcome = verify(anchor());
    ASSERT_FALSE(outcome.broken_seq) << outcome.reason;
    entries_ = outcome.entries;
  }
  void expect_broken(uint64_t seq, std::string_view reason, const std::string& with_anchor = "") const {
    const VerifyOutcome outcome = verify(with_anchor);
    ASSERT_TRUE(outcome.broken_seq.has_value()) << "not found: " << reason;
    EXPECT_EQ(*outcome.broken_seq, seq) << outcome.reason;
    EXPECT_NE(outcome.reason.find(reason), outcome.reason.npos) << outcome.reason;
    EXPECT_EQ(outcome.entries, seq - 1);
  }
  uint64_t entries_ = 0;
};

TEST_F(AuditVerifyTest, finds_an_edited_entry) {
  TamperedSegment two(segment(2));
  const uint64_t seq = two.first_seq() + 3;
  two.entry(seq)[100] ^= 1;
  two.save();
  expect_broken(seq, "its hash does not fit");
}

TEST_F(AuditVerifyTest, finds_a_deleted_entry) {
  TamperedSegment two(segment(2));
  const uint64_t seq = two.first_seq() + 3;
  two.remove(seq);
  two.save();
  expect_broken(seq, "it is missing");
}

TEST_F(AuditVerifyTest, finds_swapped_entries) {
  TamperedSegment two(segment(2));
  const uint64_t seq = two.first_seq() + 3;
  two.swap(seq, seq + 1);
  two.save();
  expect_broken(seq, "the order was changed");
}

TEST_F(AuditVerifyTest, finds_an_entry_whose_length_was_erased) {
  TamperedSegment two(segment(2));
  const uint64_t seq = two.first_seq() + 3;
  std::memset(two.entry(seq).data(), 0, 4);
  two.save();
  expect_broken(seq, "it was erased");
}

TEST_F(AuditVerifyTest, finds_a_chain_that_was_hashed_anew_at_the_next_checkpoint) {
  for (const auto change : {+[](TamperedSegment& two) { two.entry(two.first_seq() + 3)[100] ^= 1; },
                            +[](TamperedSegment& two) { two.remove(two.first_seq() + 3); },
                            +[](TamperedSegment& two) { two.swap(two.first_seq() + 3, two.first_seq() + 4); }}) {
    const std::string before = file_bytes(segment(2));
    TamperedSegment two(segment(2));
    change(two);
    two.hash_anew();
    two.save();
    expect_broken(two.last_seq(), "checkpoint signature is wrong");
    write_file(segment(2), before);
  }
}

TEST_F(AuditVerifyTest, finds_a_segment_whose_closing_checkpoint_was_dropped_after_hashing_anew) {
  TamperedSegment two(segment(2));
  two.entry(two.first_seq() + 3)[100] ^= 1;
  two.cut_from(two.last_seq());
  two.hash_anew();
  two.save();
  expect_broken(two.last_seq() + 1, "ends without its closing checkpoint");
}

TEST_F(AuditVerifyTest, finds_bytes_behind_an_entry) {
  TamperedSegment one(segment(1));
  std::string& entry = one.entry(2);
  uint32_t length;
  std::memcpy(&length, entry.data(), sizeof length);
  ASSERT_GT(entry.size(), 4 + length + 32) << "the test needs an entry with padding";
  entry.back() = 'x';
  one.save();
  expect_broken(2, "bytes were added");
}

TEST_F(AuditVerifyTest, finds_missing_segments) {
  const std::vector<std::string> saved = {file_bytes(segment(1)), file_bytes(segment(2))};
  const uint64_t second = TamperedSegment(segment(2)).first_seq();
  fs::remove(segment(2));
  expect_broken(second, "segment 2 is missing");
  write_file(segment(2), saved[1]);
  fs::remove(segment(1));
  expect_broken(1, "segment 1 is missing");
}

TEST_F(AuditVerifyTest, finds_segments_that_changed_places) {
  const uint64_t second = TamperedSegment(segment(2)).first_seq();
  fs::rename(segment(2), segment(9));
  fs::rename(segment(3), segment(2));
  fs::rename(segment(9), segment(3));
  expect_broken(second, "does not follow");
}

TEST_F(AuditVerifyTest, finds_a_segment_of_another_log_of_the_same_installation_and_key) {
  const uint64_t second = TamperedSegment(segment(2)).first_seq();
  auto with = options(16 << 10);
  with.dir = folder_.path() + "/other";
  auto other = open(with);
  record(*other, 150);
  other.reset();
  fs::copy_file(audit::segment_path(with.dir, 2), segment(2), fs::copy_options::overwrite_existing);
  expect_broken(second, "belongs to another log");
}

TEST_F(AuditVerifyTest, finds_a_changed_header) {
  const uint64_t third = TamperedSegment(segment(3)).first_seq();
  for (const size_t at : {size_t{0}, size_t{9}, size_t{30}, size_t{60}, size_t{100}, size_t{230}}) {
    const std::string before = file_bytes(segment(3));
    std::string bytes = before;
    bytes[at] ^= 1;
    write_file(segment(3), bytes);
    expect_broken(third, "segment 3: ");
    write_file(segment(3), before);
  }
}

TEST_F(AuditVerifyTest, finds_a_segment_of_another_size) {
  const uint64_t third = TamperedSegment(segment(3)).first_seq();
  fs::resize_file(segment(3), (16 << 10) + 4096);
  expect_broken(third, "another size");
  fs::resize_file(segment(3), 4096);
  expect_broken(third, "another size");
  fs::resize_file(segment(3), 100);
  expect_broken(third, "shorter than its header");
}

TEST_F(AuditVerifyTest, finds_entries_behind_a_segments_end) {
  TamperedSegment three(segment(3));
  const uint64_t end = three.last_seq();
  three.swap(end, end - 1);
  three.hash_anew();
  three.save();
  const VerifyOutcome outcome = verify();
  EXPECT_EQ(outcome.broken_seq, end - 1) << outcome.reason;
}

TEST_F(AuditVerifyTest, finds_checkpoints_of_unknown_keys) {
  const uint64_t first_checkpoint = TamperedSegment(segment(1)).last_seq();
  for (const std::vector<Bytes>& keys : {std::vector<Bytes>{}, {public_key_of('x')}, {Bytes(7)}}) {
    const VerifyOutcome outcome = verify_audit(dir(), keys, "");
    EXPECT_EQ(outcome.broken_seq, first_checkpoint);
    EXPECT_EQ(outcome.reason, "checkpoint is signed by an unknown key");
  }
  EXPECT_FALSE(verify_audit(dir(), {public_key_of('x'), public_key_of('k')}, "").broken_seq);
}

TEST_F(AuditVerifyTest, sees_a_cut_end_with_the_anchor_alone) {
  TamperedSegment four(segment(4));
  const uint64_t cut = four.first_seq() + 2;
  four.cut_from(cut);
  four.save();
  EXPECT_FALSE(verify().broken_seq) << "documented: without an anchor a clean cut of the end is not seen";
  expect_broken(cut, "the end was cut", anchor());
}

TEST_F(AuditVerifyTest, sees_missing_last_segments_with_the_anchor_alone) {
  const uint64_t fourth = TamperedSegment(segment(4)).first_seq();
  fs::remove(segment(4));
  EXPECT_FALSE(verify().broken_seq) << "documented";
  expect_broken(fourth, "the end was cut", anchor());
}

TEST_F(AuditVerifyTest, sees_a_log_that_was_taken_away_or_begun_anew_with_the_anchor_alone) {
  fs::remove_all(dir());
  fs::create_directory(dir());
  EXPECT_FALSE(verify().broken_seq) << "documented: an empty folder is an empty log";
  expect_broken(1, "another log of this node", anchor());
  open(options(16 << 10)).reset();
  const VerifyOutcome outcome = verify(anchor());
  EXPECT_EQ(outcome.broken_seq, 1u);
}

TEST_F(AuditVerifyTest, sees_checkpoints_unlike_the_anchors) {
  std::string lines = file_bytes(anchor());
  const size_t line = lines.find('\n') + 1;
  ASSERT_LT(line, lines.size()) << "more than one checkpoint";
  const size_t hash = lines.rfind(' ', lines.rfind(' ', lines.find('\n', line)) - 1) - 1;
  lines[hash] = lines[hash] == 'a' ? 'b' : 'a';
  write_file(anchor(), lines);
  const VerifyOutcome outcome = verify(anchor());
  EXPECT_TRUE(outcome.broken_seq.has_value());
  EXPECT_EQ(outcome.reason, "it is not what the anchor has seen");
}

TEST_F(AuditVerifyTest, passes_over_torn_lines_and_other_nodes_in_the_anchor) {
  std::string lines = file_bytes(anchor());
  lines += lines.substr(0, 40) + "\n" + std::string(5000, 'x') + "\n\n";
  write_file(anchor(), lines);
  auto with = options();
  with.dir = folder_.path() + "/other-node";
  with.node = "node-2";
  with.anchor = anchor();
  {
    auto other = open(with);
    record(*other, 3);
  }
  const VerifyOutcome outcome = verify(anchor());
  EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
}

TEST_F(AuditVerifyTest, says_when_the_anchor_or_the_folder_cannot_be_read) {
  expect_broken(1, "anchor does not exist", folder_.path() + "/nowhere");
  EXPECT_EQ(verify_audit(folder_.path() + "/nowhere", {}, "").reason, "audit folder cannot be read");
}

// A full disk makes the writer set the next segment aside and take it away again, in turns.
TEST_F(AuditVerifyTest, a_next_segment_that_comes_and_goes_is_no_break) {
  std::jthread writer([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      write_file(segment(5), "");
      fs::remove(segment(5));
    }
  });
  for (int i = 0; i < 200; ++i) {
    const VerifyOutcome outcome = verify(anchor());
    ASSERT_FALSE(outcome.broken_seq) << outcome.reason << ", at turn " << i;
    ASSERT_EQ(outcome.entries, entries_);
  }
}

TEST_F(AuditVerifyTest, finds_flipped_bits_all_over_a_segment) {
  const std::string before = file_bytes(segment(4));
  TamperedSegment four(segment(4));
  const size_t used = four.position(four.last_seq()) + four.entry(four.last_seq()).size();
  for (size_t at = 0; at < used; at += at < 800 ? 1 : 13) {
    std::string bytes = before;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    write_file(segment(4), bytes);
    const VerifyOutcome outcome = verify(anchor());
    EXPECT_TRUE(outcome.broken_seq.has_value()) << "byte " << at;
  }
}

TEST_F(AuditVerifyTest, reading_stops_at_a_broken_entry_with_an_error) {
  TamperedSegment two(segment(2));
  const uint64_t seq = two.first_seq() + 3;
  two.entry(seq)[100] ^= 1;
  two.save();
  uint64_t last = 0;
  const auto done = read_audit(dir(), 1, [&](const AuditEntry& entry) {
    last = entry.seq;
    return true;
  });
  EXPECT_EQ(last, seq - 1);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Code::kDenied);
}

TEST_F(AuditVerifyTest, reading_begins_and_ends_where_it_is_told) {
  EXPECT_EQ(read(entries_ - 4).size(), 5u);
  EXPECT_EQ(read(entries_ + 1).size(), 0u);
  size_t seen = 0;
  EXPECT_TRUE(read_audit(dir(), 10, [&](const AuditEntry& entry) {
                EXPECT_EQ(entry.seq, 10 + seen);
                return ++seen < 3;
              }).has_value());
  EXPECT_EQ(seen, 3u);
}

}  // namespace
}  // namespace sallyport::storage
