#include "storage/audit_walk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "storage/audit_segment.h"

namespace sallyport::storage::audit {
namespace {

constexpr int kReadsMax = 8;

Result<Bytes> read_file(const std::string& path, size_t bytes_max) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
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
    TRY(Bytes header, read_file(segment_path(dir, number), kHeaderBytes));
    out.push_back({number, std::move(header)});
  }
  while (!out.empty() && all_zero(out.back().header)) out.pop_back();
  return out;
}

Result<WalkEnd> walk_segment(
    const std::string& dir, uint32_t number,
    const std::function<bool(const SegmentHeader&, const ScannedEntry&, const Sha256&)>& each) {
  const std::string path = segment_path(dir, number);
  WalkEnd end;
  uint64_t delivered = 0;
  Bytes seen;
  for (int reads = 0; reads < kReadsMax; ++reads) {
    TRY(const Bytes segment, read_file(path, kSegmentBytesMax));
    TRY(const SegmentHeader header, decode_header(segment));
    if (header.segment_bytes != segment.size())
      return malformed(Side::kStorage, "audit segment has another size than at first");
    if (header.number != number) return malformed(Side::kStorage, "audit segment is not the one its name says");
    SegmentScan scan(segment, header);
    ScannedEntry entry;
    Sha256 previous = scan.last_hash();
    SegmentScan::Step step;
    while ((step = scan.next(entry)) == SegmentScan::Step::kEntry) {
      if (entry.head.seq > delivered) {
        delivered = entry.head.seq;
        if (!each(header, entry, previous)) return WalkEnd{nullptr, false, scan.last_seq(), scan.last_hash()};
      }
      previous = scan.last_hash();
    }
    const bool more = scan.tail() == SegmentScan::Tail::kWritten;
    end = {step == SegmentScan::Step::kBroken ? scan.reason() : nullptr, more, scan.last_seq(), scan.last_hash()};
    if (end.broken == nullptr && !more) return end;
    // A writer may have been at work between two pages of this read: what is really broken looks the same twice.
    Bytes now = window(segment, scan.position());
    if (reads > 0 && now == seen) return end;
    seen = std::move(now);
  }
  // It changed under every read, so a writer is alive, and up to here everything was whole.
  return WalkEnd{nullptr, false, end.last_seq, end.last_hash};
}

}  // namespace sallyport::storage::audit
