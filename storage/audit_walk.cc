#include "storage/audit_walk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "storage/audit_segment.h"

namespace sallyport::storage::audit {
namespace {

constexpr int kReadsMax = 8;
constexpr int kRoundsMax = 64;  // each is a drain of the writer, so the second or third is the last

// errors: kNotFound there is no such file; kUnavailable; kMalformed its size.
Result<Bytes> read_file(const std::string& path, size_t bytes_max) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (!fd && errno == ENOENT) return fail(Code::kNotFound, Side::kStorage, "audit segment is not there any more");
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return fail(Code::kUnavailable, Side::kStorage, "audit segment cannot be read");
  const auto size = static_cast<uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || size > kSegmentBytesMax)
    return malformed(Side::kStorage, "audit segment has an impossible size");
  Bytes out(std::min<size_t>(size, bytes_max));
  for (size_t have = 0; have < out.size();) {
    const ssize_t got = ::pread(fd.get(), out.data() + have, out.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Code::kUnavailable, Side::kStorage, "audit segment cannot be read");
    if (got == 0) out.resize(have);
    have += static_cast<size_t>(got);
  }
  return out;
}

Bytes window(ByteView segment, size_t position) {
  const ByteView rest = segment.subspan(std::min(position, segment.size()));
  const ByteView piece = rest.first(std::min(rest.size(), 2 * kAuditEntryBytesMax));
  return {piece.begin(), piece.end()};
}

}  // namespace

Result<std::vector<SegmentFile>> begun_segments(const std::string& dir) {
  TRY(const std::vector<uint32_t> numbers, list_segments(dir));
  std::vector<SegmentFile> out;
  for (const uint32_t number : numbers) {
    auto header = read_file(segment_path(dir, number), kHeaderBytes);
    // One that is set aside goes again where the disk is full, or the gateway stops, before anything is in it.
    if (!header && header.error().code == Code::kNotFound && number == numbers.back()) break;
    if (!header) return std::unexpected(std::move(header).error());
    out.push_back({number, *std::move(header)});
  }
  while (!out.empty() && all_zero(out.back().header)) out.pop_back();
  // The newest is perhaps being begun between two reads of it: what is really broken stays as it is.
  for (int reads = 0; reads < kReadsMax && !out.empty() && !decode_header(out.back().header); ++reads) {
    std::this_thread::yield();
    TRY(out.back().header, read_file(segment_path(dir, out.back().number), kHeaderBytes));
  }
  return out;
}

Result<WalkEnd> walk_segment(const std::string& dir, uint32_t number, uint64_t after, const EachEntry& each) {
  const std::string path = segment_path(dir, number);
  WalkEnd end;
  uint64_t delivered = after;
  Bytes seen;
  for (int reads = 0; reads < kReadsMax; ++reads) {
    TRY(const Bytes segment, read_file(path, kSegmentBytesMax));
    TRY(const SegmentHeader header, decode_header(segment));
    if (header.segment_bytes != segment.size())
      return malformed(Side::kStorage, "audit segment has another size than at first");
    if (header.number != number) return malformed(Side::kStorage, "audit segment is not the one its name says");
    SegmentScan scan(segment, header);
    end.at = {header, scan.last_seq(), scan.last_hash(), false, false};
    ScannedEntry entry;
    SegmentScan::Step step;
    while ((step = scan.next(entry)) == SegmentScan::Step::kEntry) {
      const Sha256 previous = end.at.hash;
      end.at.pass(entry);
      if (entry.head.seq <= delivered) continue;
      delivered = entry.head.seq;
      if (!each(header, entry, previous)) return WalkEnd{nullptr, false, end.at};
    }
    end.broken = step == SegmentScan::Step::kBroken ? scan.reason() : nullptr;
    end.more_behind = scan.tail() == SegmentScan::Tail::kWritten;
    if (end.broken == nullptr && !end.more_behind) return end;
    // A writer may have been at work between two pages of this read: what is really broken looks the same twice.
    Bytes now = window(segment, scan.position());
    if (reads > 0 && now == seen) return end;
    seen = std::move(now);
  }
  // It changed under every read, so a writer is alive, and up to here everything was whole.
  return WalkEnd{nullptr, false, end.at};
}

Result<RingWalk::End> RingWalk::walk(ChainPoint& at, SegmentsEnd segments, const EachEntry& each) {
  TRY(const std::optional<RingImage> ring, read_ring(dir_));
  if (!ring) return End::kWhole;
  const RingHeader& header = ring->header;
  if (header.installation != at.header.installation || header.chain != at.header.chain) {
    if (header.is_empty()) return End::kWhole;
    return fail(Code::kDenied, Side::kStorage, "audit.ring holds entries of another log");
  }
  if (!wanted_seq_) wanted_seq_ = header.written_seq;
  RingScan scan(*ring, at);
  ScannedEntry entry;
  RingScan::Step step;
  Sha256 previous = at.hash;
  const uint64_t in_segments = at.seq;
  while ((step = scan.next(entry)) != RingScan::Step::kEnd) {
    if (step == RingScan::Step::kEntry && !each(at.header, entry, previous)) return End::kStopped;
    previous = at.hash;
  }
  if (at.seq >= *wanted_seq_ && (segments == SegmentsEnd::kWhole || at.seq > in_segments)) return End::kWhole;
  const bool the_same = rounds_ > 0 && at.seq == last_seq_ && header.drained == last_drained_;
  last_seq_ = at.seq;
  last_drained_ = header.drained;
  return the_same || ++rounds_ > kRoundsMax ? End::kWhole : End::kMovedOn;
}

}  // namespace sallyport::storage::audit
