// Reads the ring: what was recorded and perhaps is not in a segment yet (grammar: storage/AUDIT_FORMAT.md). The chain
// alone decides what counts, so a ring that is being written, was half written, or is older than the segments gives no
// wrong entry and none twice. Reads hostile bytes.
#pragma once

#include <optional>
#include <string>

#include "storage/audit_scan.h"

namespace sallyport::storage::audit {

constexpr size_t kRingHeaderBytes = 4096;
constexpr uint64_t kRingBytesMin = 32 << 10;
constexpr uint64_t kRingBytesMax = uint64_t{1} << 30;
// Where the header's words lie that change all the time. Who copies the header beside the writer reads them in this
// order: so `written` covers entry `written_seq`, and is not before `drained`.
constexpr size_t kRingDrainedAt = 128;
constexpr size_t kRingWrittenSeqAt = 192;
constexpr size_t kRingWrittenAt = 200;

std::string ring_path(const std::string& dir);

struct RingHeader {
  uint64_t ring_bytes = 0;  // behind the header
  RecordId installation;
  RecordId chain;
  uint64_t drained = 0;      // up to here everything is in the segments
  uint64_t written_seq = 0;  // the last entry that was recorded
  uint64_t written = 0;      // behind it
  bool is_empty() const { return written <= drained; }
};
using RingHeaderBytes = std::array<std::byte, kRingHeaderBytes>;
void encode_ring_header(const RingHeader& header, RingHeaderBytes& out);
// errors: kMalformed.
Result<RingHeader> decode_ring_header(ByteView bytes);

struct RingImage {
  RingHeader header;
  Bytes bytes;  // from `drained` to `written`
};
// Nothing where there is no ring, or one that was never begun.
// errors: kUnavailable; kMalformed a header or a size that is not as it was written.   cost: a copy of what is in it.
Result<std::optional<RingImage>> read_ring(const std::string& dir);

// The end of a chain, as far as it was read.
struct ChainPoint {
  SegmentHeader header;  // of the segment it is in
  uint64_t seq = 0;
  Sha256 hash{};              // of entry `seq`, or of the header behind it
  bool ended = false;         // the segment has its closing checkpoint
  bool checkpointed = false;  // the last entry is a checkpoint

  void pass(const ScannedEntry& entry);
};

// What the ring has behind a point of its chain.
class RingScan {
 public:
  enum class Step : uint8_t {
    kEntry,
    kSegment,  // another segment begins: point().header, record()
    kEnd,      // nothing here continues the chain
  };
  // Both must outlive the scan.
  RingScan(const RingImage& ring, ChainPoint& point) : point_(point), rest_(ring.bytes) {}
  // Moves the point along. Passes over what lies before it.
  Step next(ScannedEntry& out);
  const ChainPoint& point() const { return point_; }
  ByteView record() const { return record_; }  // as it stands, or will stand, in the segment

 private:
  bool begins_next(const SegmentHeader& header) const;

  ChainPoint& point_;
  ByteView rest_;
  ByteView record_;
};

}  // namespace sallyport::storage::audit
