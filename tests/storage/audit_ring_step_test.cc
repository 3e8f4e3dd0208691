// The ring and the segments at every step between them: a kill, a power cut, and any mixture of pages after it.
#include <sys/stat.h>

#include <random>

#include "storage/audit_drain.h"
#include "tests/storage/audit_ring_world.h"

namespace sallyport::storage {
namespace {

// The log's writing end without its thread: what is in the ring and what in the segments is set by hand.
class AuditRingStepTest : public AuditRingTest {
 protected:
  AuditRingStepTest() {
    fs::create_directory(dir());
    with_ = options(16 << 10);
    with_.ring_bytes = 32 << 10;
  }
  void begin() {
    writer_ = std::make_unique<ChainWriter>(with_, *Signer::open(seed_of('k')), clock_);
    ASSERT_TRUE(writer_->begin(*Segment::create(dir(), 1, with_.segment_bytes)));
    ASSERT_TRUE(writer_->open_ring(dir(), with_.ring_bytes));
  }
  bool append(size_t path_bytes = 0) {
    if (!writer_->has_next()) writer_->set_next(*Segment::create(dir(), writer_->next_number(), with_.segment_bytes));
    if (!writer_->reserve()) return false;
    std::string path = "/" + std::to_string(++recorded_);
    if (path.size() < path_bytes) path.resize(path_bytes, 'x');
    EntryBuffer entry;
    encode_access(event(path), entry);
    writer_->append(entry);
    ends_.push_back(writer_->ring().head());
    return true;
  }
  void drain() {
    std::mutex mutex;
    ASSERT_TRUE(copy_to_segments(writer_->ring(), writer_->take_undrained(), mutex));
  }
  void copy(Segment& segment, uint64_t end) {
    for (uint64_t from = writer_->ring().drained(); from < end;) {
      const ByteView piece = writer_->ring().piece(from, end);
      ASSERT_TRUE(segment.append(piece));
      from += piece.size();
    }
    writer_->ring().drained_to(end);
  }

  // All but the last records, when they are of one segment.
  void drain_to_a_middle(size_t but) {
    if (ends_.size() <= but || writer_->has_full()) return drain();
    const uint64_t end = ends_[ends_.size() - 1 - but];
    if (end > writer_->ring().drained()) copy(*writer_->take_undrained().current, end);
  }

  struct Image {
    std::vector<std::string> segments;  // the file of number i + 1
    std::string ring;
    uint64_t seq = 0;
  };
  Image image() const {
    Image out;
    for (uint32_t number = 1; fs::exists(segment(number)); ++number)
      out.segments.push_back(file_bytes(segment(number)));
    out.ring = file_bytes(ring());
    out.seq = writer_->seq();
    return out;
  }
  void put(const Image& image) const {
    fs::remove_all(dir());
    fs::create_directory(dir());
    for (size_t i = 0; i < image.segments.size(); ++i)
      write_file(segment(static_cast<uint32_t>(i + 1)), image.segments[i]);
    write_file(ring(), image.ring);
  }

  void mix(size_t segment_bytes);

  AuditOptions with_;
  std::unique_ptr<ChainWriter> writer_;
  size_t recorded_ = 0;
  std::vector<uint64_t> ends_;  // in the ring, of each entry
};

// kill -9 while the thread writes: the segments have any number of the bytes that they lack.
TEST_F(AuditRingStepTest, a_kill_at_every_step_of_a_drain_loses_nothing_and_doubles_nothing) {
  begin();
  for (int i = 0; i < 20; ++i) append();
  drain();
  while (writer_->next_number() < 3) append();
  for (int i = 0; i < 5; ++i) append();
  const Image before = image();
  drain();
  const Image after = image();
  ASSERT_EQ(after.segments.size(), 3u);
  const size_t count = recorded_;
  std::vector<std::pair<size_t, size_t>> ends;  // of both files; a header is written in one piece
  const auto written = [](const std::string& bytes) { return bytes.find_last_not_of('\0') + 1; };
  const size_t from = written(before.segments[0]);
  for (size_t at = from; at < written(after.segments[0]); at += 211) ends.emplace_back(at, 0);
  for (size_t at = 4096; at < written(after.segments[0]); at += 4096) ends.emplace_back(at, 0);
  ends.emplace_back(after.segments[0].size(), 0);
  for (size_t at = kHeaderBytes; at < written(after.segments[1]); at += 53)
    ends.emplace_back(after.segments[0].size(), at);
  ends.emplace_back(after.segments[0].size(), after.segments[1].size());
  for (const auto& [one, two] : ends) {
    SCOPED_TRACE(std::to_string(one) + " bytes, and " + std::to_string(two));
    Image torn = before;
    torn.segments[0].replace(0, one, after.segments[0].substr(0, one));
    torn.segments[1].replace(0, two, after.segments[1].substr(0, two));
    put(torn);
    ASSERT_EQ(expect_each_once("before the start"), count);
    {
      const auto log = open(with_);
      ASSERT_NE(log, nullptr);
      ASSERT_EQ(log->entries(), before.seq);
    }
    ASSERT_EQ(expect_each_once("after it"), count);
    ASSERT_EQ(alerts(), 0u);
  }
}

TEST_F(AuditRingStepTest, the_segment_set_aside_takes_what_the_ring_holds_on_a_full_disk_too) {
  begin();
  while (writer_->next_number() < 3) append();
  put(image());
  struct stat before{};
  ASSERT_EQ(::stat(segment(2).c_str(), &before), 0);
  open(with_).reset();
  struct stat after{};
  ASSERT_EQ(::stat(segment(2).c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(expect_each_once("after the start"), recorded_);
}

TEST_F(AuditRingStepTest, records_go_over_the_rings_end) {
  with_.segment_bytes = 512 << 10;
  begin();
  for (int round = 0; round < 100; ++round) {
    for (size_t i = 0; i < 10; ++i) ASSERT_TRUE(append(10 + static_cast<size_t>(round) * 31 % 300));
    drain_to_a_middle(4);
    ASSERT_GT(writer_->ring().used(), 0u);
    if (round % 5 == 0) ASSERT_EQ(expect_each_once("on the way"), recorded_);
  }
  EXPECT_GT(writer_->ring().head(), 5 * with_.ring_bytes);
  put(image());
  open(with_).reset();
  EXPECT_EQ(expect_each_once("after the start"), recorded_);
  EXPECT_EQ(alerts(), 0u);
}

TEST_F(AuditRingStepTest, an_entry_that_was_being_written_is_not_there) {
  begin();
  for (int i = 0; i < 10; ++i) append();
  const Image whole = image();
  append();
  const Image more = image();
  // Everything of the eleventh but its first word, and its number in the header.
  size_t first = kRingHeaderBytes;
  while (whole.ring[first] == more.ring[first]) ++first;
  Image torn = more;
  torn.ring.replace(0, kRingHeaderBytes, whole.ring.substr(0, kRingHeaderBytes));
  torn.ring.replace(first, 4, std::string(4, '\0'));
  put(torn);
  EXPECT_EQ(expect_each_once("before the start"), 10u);
  open(with_).reset();
  EXPECT_EQ(expect_each_once("after it"), 10u);
  EXPECT_EQ(alerts(), 0u) << "nobody was told that it was recorded";
}

TEST_F(AuditRingStepTest, what_a_power_cut_took_from_the_ring_is_said) {
  begin();
  for (int i = 0; i < 30; ++i) append();
  Image torn = image();
  torn.ring.replace(kRingHeaderBytes + 4096, 512, std::string(512, '\0'));
  put(torn);
  const size_t left = expect_each_once("before the start");
  EXPECT_GT(left, 5u);
  EXPECT_LT(left, 30u);
  open(with_).reset();
  EXPECT_EQ(expect_each_once("after it"), left);
  EXPECT_EQ(alerts(), 1u);
}

// The segments are as they were synced, or have more; each sector of the ring is of any time, or zeros.
void AuditRingStepTest::mix(size_t segment_bytes) {
  std::mt19937 chance(11);
  with_.segment_bytes = segment_bytes;
  begin();
  std::vector<Image> images;
  for (int step = 0; step < 25; ++step) {
    for (size_t i = chance() % 12; i > 0; --i)
      if (!append()) break;
    images.push_back(image());
    if (chance() % 3 != 0) drain_to_a_middle(chance() % 5);
    images.push_back(image());
  }
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const Image& synced = images[chance() % images.size()];
    Image torn = synced;
    const size_t piece = chance() % 2 == 0 ? 512 : 4096;
    for (size_t at = 0; at < torn.ring.size(); at += piece) {
      const size_t which = chance() % (images.size() + 8);
      torn.ring.replace(at, piece,
                        which < images.size() ? images[which].ring.substr(at, piece)
                        : at == 0             ? torn.ring.substr(0, piece)
                                              : std::string(piece, '\0'));
    }
    put(torn);
    const size_t seen = expect_each_once("before the start");
    size_t synced_entries = 0;
    for (uint32_t number = 1; fs::exists(segment(number)); ++number)
      if (!all_zero(as_bytes(file_bytes(segment(number))))) synced_entries += in_segment(number);
    const auto log = open(with_);
    ASSERT_NE(log, nullptr);
    ASSERT_GE(log->entries(), synced_entries);
    ASSERT_EQ(expect_each_once("after it"), seen);
  }
}

TEST_F(AuditRingStepTest, any_mixture_of_pages_after_a_power_cut_gives_a_whole_chain_without_doubles) {
  mix(256 << 10);
}
TEST_F(AuditRingStepTest, any_mixture_of_pages_over_the_turns_of_segments_does_too) { mix(16 << 10); }

TEST_F(AuditRingStepTest, reserves_only_what_the_ring_takes_whatever_the_segments_have) {
  with_.segment_bytes = 1 << 20;
  begin();
  writer_->set_next(*Segment::create(dir(), 2, with_.segment_bytes));
  size_t places = 0;
  while (writer_->reserve()) ++places;
  EXPECT_FALSE(writer_->has_place());
  EXPECT_GE(places, 15u);
  EXPECT_LE(places, (32u << 10) / kAuditEntryBytesMax);
  const std::string large(5000, 'x');
  for (size_t i = 0; i < places; ++i) {
    AccessEvent big = event(large);
    big.request_id = big.user_name = big.means = big.strength = big.resource = large;
    big.host = big.method = big.outcome = big.reason = large;
    EntryBuffer entry;
    encode_access(big, entry);
    writer_->append(entry);
  }
  drain();
  EXPECT_TRUE(writer_->reserve());
  EXPECT_EQ(verify().entries, places);
}

// Each turn to another segment costs the ring more than the entry that made it.
TEST_F(AuditRingStepTest, every_reserved_place_fits_the_ring_over_many_turns) {
  begin();
  std::mt19937 chance(5);
  size_t held = 0;
  for (int step = 0; step < 3000; ++step) {
    if (!writer_->has_next()) writer_->set_next(*Segment::create(dir(), writer_->next_number(), with_.segment_bytes));
    if (chance() % 8 == 0) drain();
    if (chance() % 2 == 0) {
      held += writer_->reserve() ? 1 : 0;
    } else if (held > 0) {
      EntryBuffer entry;
      encode_access(event(std::string(chance() % 4 == 0 ? 1 : 512, 'y')), entry);
      writer_->append(entry);
      --held;
    }
  }
  drain();
  EXPECT_EQ(verify().entries, writer_->seq()) << verify().reason;
}

}  // namespace
}  // namespace sallyport::storage
