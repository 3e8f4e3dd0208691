#include "storage/audit_recovery.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace sallyport::storage::audit {
namespace {

std::unexpected<Error> denied(const char* what) { return fail(Code::kDenied, Side::kStorage, what); }
std::unexpected<Error> cannot_write() {
  return fail(Code::kUnavailable, Side::kStorage, "audit segment cannot be written");
}

// A file that was being set aside when the process died can have any size.
bool was_made_whole(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && static_cast<uint64_t>(status.st_size) >= kSegmentBytesMin &&
         status.st_size % 4096 == 0;
}

class Recovery {
 public:
  Recovery(const std::string& dir, const RecordId& installation) : dir_(dir), installation_(installation) {}

  Result<std::optional<ChainEnd>> run() {
    TRY(std::vector<uint32_t> numbers, list_segments(dir_));
    TRY(const std::optional<RingImage> ring, read_ring(dir_));
    if (ring && ring->header.installation != installation_) return denied("audit.ring belongs to another installation");
    bool lost = false;
    for (; !end_.segment && !numbers.empty(); numbers.pop_back()) CHECKED(look_at(numbers.back(), lost));
    if (ring && !ring->header.is_empty() && (!end_.segment || ring->header.chain != end_.at.header.chain))
      return denied("audit.ring holds entries of another log; look at it, and move it away");
    if (end_.segment) CHECKED(take_over(ring && ring->header.chain == end_.at.header.chain ? &*ring : nullptr));
    for (const uint32_t number : aside_)
      if (::unlink(segment_path(dir_, number).c_str()) != 0)
        return fail(Code::kUnavailable, Side::kStorage, "audit folder cannot be written");
    if (!end_.segment) return std::optional<ChainEnd>{};
    end_.cut |= lost;
    return std::move(end_);
  }

 private:
  Result<void> look_at(uint32_t number, bool& lost) {
    const std::string path = segment_path(dir_, number);
    if (was_made_whole(path)) {
      TRY(auto segment, Segment::open(dir_, number));
      TRY(const FileView file, segment->view());
      if (!all_zero(file.bytes().first(kHeaderBytes))) return read_end(std::move(segment), file.bytes());
      if (!all_zero(file.bytes())) {  // a power cut took its first page: kept aside for people
        if (::rename(path.c_str(), (path + ".lost").c_str()) != 0)
          return fail(Code::kUnavailable, Side::kStorage, "audit folder cannot be written");
        lost = true;
        return {};
      }
    }
    aside_.push_back(number);
    return {};
  }

  Result<void> read_end(std::unique_ptr<Segment> segment, ByteView bytes) {
    const auto header = decode_header(bytes);
    if (!header) return denied("audit segment header is broken; see `sallyport audit verify`");
    if (header->number != segment->number() || header->segment_bytes != segment->size())
      return denied("audit segment is not the one its name says; see `sallyport audit verify`");
    if (header->installation != installation_) return denied("audit folder belongs to another installation");
    SegmentScan scan(bytes, *header);
    end_.at = {*header, scan.last_seq(), scan.last_hash(), false, false};
    ScannedEntry entry;
    SegmentScan::Step step;
    while ((step = scan.next(entry)) == SegmentScan::Step::kEntry) end_.at.pass(entry);
    changed_ = step == SegmentScan::Step::kBroken && !scan.looks_torn();
    unfinished_ = scan.tail() != SegmentScan::Tail::kZero;
    position_ = scan.position();
    end_.segment = std::move(segment);
    return {};
  }

  // A write that kill -9 tore can end anywhere, and whatever the ring continues the chain with is in the ring whole. So
  // an entry that does not fit is damage only if the ring does not have it.
  Result<void> take_over(const RingImage* ring) {
    const uint64_t in_segments = end_.at.seq;
    ChainPoint ahead = end_.at;
    ScannedEntry entry;
    const bool goes_on = ring != nullptr && RingScan(*ring, ahead).next(entry) != RingScan::Step::kEnd;
    if (changed_ && !goes_on) return denied("audit chain is broken; see `sallyport audit verify`");
    if (unfinished_ && end_.at.ended)
      return denied("audit segment goes on after its end; see `sallyport audit verify`");
    if (!end_.segment->cut_to(position_)) return cannot_write();
    if (goes_on) CHECKED(append_from(*ring));
    if ((unfinished_ || goes_on) && !end_.segment->sync()) return cannot_write();
    end_.cut =
        (unfinished_ && end_.at.seq == in_segments) || (ring != nullptr && ring->header.written_seq > end_.at.seq);
    return {};
  }

  Result<void> append_from(const RingImage& ring) {
    RingScan scan(ring, end_.at);
    ScannedEntry entry;
    RingScan::Step step;
    while ((step = scan.next(entry)) != RingScan::Step::kEnd) {
      if (step == RingScan::Step::kSegment) {
        if (!end_.segment->sync()) return cannot_write();
        TRY(end_.segment, next_segment(end_.at.header));
      }
      if (!end_.segment->append(scan.record())) return cannot_write();
    }
    return {};
  }

  // The one that was set aside, since the disk may be full by now.
  Result<std::unique_ptr<Segment>> next_segment(const SegmentHeader& header) {
    const auto aside = std::find(aside_.begin(), aside_.end(), header.number);
    if (aside != aside_.end()) {
      aside_.erase(aside);
      if (was_made_whole(segment_path(dir_, header.number))) {
        TRY(auto segment, Segment::open(dir_, header.number));
        if (segment->size() == header.segment_bytes) return segment;
      }
      ::unlink(segment_path(dir_, header.number).c_str());
    }
    if (header.segment_bytes < kSegmentBytesMin || header.segment_bytes > kSegmentBytesMax)
      return denied("audit.ring begins a segment of an impossible size");
    return Segment::create(dir_, header.number, header.segment_bytes);
  }

  const std::string& dir_;
  const RecordId& installation_;
  ChainEnd end_;
  std::vector<uint32_t> aside_;
  size_t position_ = 0;      // behind the segment's last whole entry
  bool changed_ = false;     // the next one there is not as it was written, and not only cut short
  bool unfinished_ = false;  // there are bytes behind it
};

}  // namespace

Result<std::optional<ChainEnd>> recover_chain(const std::string& dir, const RecordId& installation) {
  return Recovery(dir, installation).run();
}

}  // namespace sallyport::storage::audit
