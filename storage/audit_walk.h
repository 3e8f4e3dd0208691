// Reads segment files for people who check or list them, beside a running gateway as well: a segment that changes while
// it is read is read again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storage/audit_scan.h"

namespace sallyport::storage::audit {

// The headers' 256 bytes of all segments that were begun, by ascending number. Files set aside behind them are left
// out.
struct SegmentFile {
  uint32_t number = 0;
  Bytes header;
};
// errors: kUnavailable the folder; kMalformed a file name. Headers are not judged here.
Result<std::vector<SegmentFile>> begun_segments(const std::string& dir);

struct WalkEnd {
  const char* broken = nullptr;  // why entry last_seq + 1 is broken; null: whole up to the end
  bool more_behind = false;      // bytes follow the end that are not of one unfinished entry
  uint64_t last_seq = 0;
  Sha256 last_hash{};
};
// Each entry once, in order, until `each` says false. previous: the hash that the entry continues.
// errors: kUnavailable the file; kMalformed its header or size.
Result<WalkEnd> walk_segment(
    const std::string& dir, uint32_t number,
    const std::function<bool(const SegmentHeader& header, const ScannedEntry& entry, const Sha256& previous)>& each);

}  // namespace sallyport::storage::audit
