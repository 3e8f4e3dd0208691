// Finds where a node's audit chain ends, and makes its last segment fit to be continued: after a crash what only the
// ring held is written behind it; an unfinished entry is cut, everything whole before it stays. Only the last segment
// is read; `audit verify` reads them all.
#pragma once

#include <optional>

#include "storage/audit_ring_scan.h"
#include "storage/audit_segment.h"

namespace sallyport::storage::audit {

struct ChainEnd {
  std::unique_ptr<Segment> segment;  // its position is where the next entry goes
  ChainPoint at;
  bool cut = false;  // something was lost: an unfinished end is gone, or the ring knows of more than is there
};

// Nothing when the folder holds no chain yet. Segment files that were set aside and never begun are removed; one
// with entries and no header is renamed to NAME.lost.
// errors: kUnavailable; kDenied the chain is broken, or is of another installation, or the ring holds entries of
// another chain; kMalformed the ring is broken. With an error nothing was changed but by a disk that failed half way.
Result<std::optional<ChainEnd>> recover_chain(const std::string& dir, const RecordId& installation);

}  // namespace sallyport::storage::audit
