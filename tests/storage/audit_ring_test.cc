// The ring between those who record and the segments: what it alone holds is not lost, whatever moment a crash takes,
// and nothing that lies in it is believed unless it continues the chain.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <random>
#include <thread>

#include "storage/audit_drain.h"
#include "tests/storage/audit_tamper.h"

namespace sallyport::storage {
namespace {

namespace fs = std::filesystem;
using namespace audit;

constexpr auto kPatience = std::chrono::seconds(30);

class AuditRingTest : public AuditWorld {
 protected:
  std::string ring() const { return ring_path(dir()); }

  // The folder as kill -9 leaves it. The log is idle, so what is copied belongs together.
  void crash(std::unique_ptr<AuditLog> log) {
    fs::copy(dir(), dir() + ".crashed");
    log.reset();
    fs::remove_all(dir());
    fs::rename(dir() + ".crashed", dir());
  }
  void crash_with(size_t count) {
    auto log = open();
    record(*log, count);
    crash(std::move(log));
  }
  // Entries that are in the files of the segments.
  size_t in_segment(uint32_t number) { return TamperedSegment(segment(number)).count(); }

  // Access entries /1, /2, /3xxx ... each once and in order; their number.
  size_t expect_each_once(const char* when) {
    const VerifyOutcome outcome = verify();
    EXPECT_FALSE(outcome.broken_seq) << when << ": " << *outcome.broken_seq << ": " << outcome.reason;
    size_t count = 0;
    for (const auto& entry : read())
      if (entry["kind"] == "access") {
        const auto path = entry["path"].get<std::string>();
        EXPECT_EQ(path.substr(0, path.find('x')), "/" + std::to_string(++count)) << when;
      }
    return count;
  }
  size_t alerts() const {
    const auto entries = read();
    return static_cast<size_t>(
        std::count_if(entries.begin(), entries.end(), [](const auto& e) { return e["kind"] == "alert"; }));
  }
  void expect_refused(const AuditOptions& with, Code code, std::string_view what) {
    const auto log = AuditLog::open(with, seed_of('k'), clock_);
    ASSERT_FALSE(log.has_value());
    EXPECT_EQ(log.error().code, code);
    EXPECT_NE(std::string_view(log.error().what).find(what), std::string_view::npos) << log.error().what;
  }
};

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

// ---------------------------------------------------------------- what is not this log's

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

// ---------------------------------------------------------------- beside a writer, and a disk that is slow or fails

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
