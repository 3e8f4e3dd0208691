#include "storage/audit_drain.h"

namespace sallyport::storage::audit {
namespace {

bool copy_to_segment(Ring& ring, Segment& segment, uint64_t end, std::mutex& mutex) {
  uint64_t from = ring.drained();  // changed here alone
  if (from == end) return true;
  if (segment.position() == 0) {  // from memory that cannot be missing, so that kill -9 tears no header
    HeaderBytes header;
    ring.copy_out(from, header);
    if (!segment.append(header)) return false;
    from += header.size();
  }
  while (from < end) {
    const ByteView piece = ring.piece(from, end);
    if (!segment.append(piece)) return false;
    from += piece.size();
  }
  const std::lock_guard held(mutex);
  ring.drained_to(end);
  return true;
}

}  // namespace

bool copy_to_segments(Ring& ring, const Undrained& undrained, std::mutex& mutex) {
  for (const Undrained::Full& full : undrained.full)
    if (!copy_to_segment(ring, *full.segment, full.end, mutex) || !full.segment->sync()) return false;
  return copy_to_segment(ring, *undrained.current, undrained.end, mutex);
}

}  // namespace sallyport::storage::audit
