// Finds where a node's audit chain ends, and makes its last segment fit to be continued: after a crash an unfinished
// entry is cut, everything whole before it stays. Only the last segment is read; `audit verify` reads them all.
#pragma once

#include <optional>

#include "storage/audit_segment.h"

namespace sallyport::storage::audit {

struct ChainEnd {
  std::unique_ptr<Segment> segment;
  SegmentHeader header;
  size_t position = 0;        // where the next entry goes
  uint64_t seq = 0;           // of the last entry; 0: none yet
  Sha256 hash{};              // of the last entry, or of the segment's header
  bool ended = false;         // the segment has its closing checkpoint
  bool checkpointed = false;  // the last entry is a checkpoint
  bool cut = false;           // something unfinished was there and is gone
};

// Nothing when the folder holds no chain yet. Segment files that were set aside and never begun are removed; one
// with entries and no header is renamed to NAME.lost.
// errors: kUnavailable; kDenied the chain is broken, or is of another installation.
Result<std::optional<ChainEnd>> recover_chain(const std::string& dir, const RecordId& installation);

}  // namespace sallyport::storage::audit
