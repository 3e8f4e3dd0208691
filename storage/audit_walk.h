// Reads a log's folder for people who check or list it, beside a running gateway as well: a segment that changes while
// it is read is read again, and what only the ring holds is found there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storage/audit_ring_scan.h"

namespace sallyport::storage::audit {

// The headers' 256 bytes of all segments that were begun, by ascending number. Files set aside behind them are left
// out.
struct SegmentFile {
  uint32_t number = 0;
  Bytes header;
};
// errors: kUnavailable the folder; kMalformed a file name. Headers are not judged here.
Result<std::vector<SegmentFile>> begun_segments(const std::string& dir);

// previous: the hash that the entry continues. False ends the walk.
using EachEntry = std::function<bool(const SegmentHeader& header, const ScannedEntry& entry, const Sha256& previous)>;

struct WalkEnd {
  const char* broken = nullptr;  // why entry at.seq + 1 is broken; null: whole up to the end
  bool more_behind = false;      // bytes follow the end that are not of one unfinished entry
  ChainPoint at;
};
// Each entry behind number `after` once, in order.
// errors: kUnavailable the file; kMalformed its header or size.
Result<WalkEnd> walk_segment(const std::string& dir, uint32_t number, uint64_t after, const EachEntry& each);

// The ring's part of a walk. The writer moves entries from the ring into the segments while both are read: then the
// segments must be walked once more, from `at` on, until everything is seen that was recorded when the ring was first
// looked at.
class RingWalk {
 public:
  explicit RingWalk(const std::string& dir) : dir_(dir) {}

  enum class End : uint8_t {
    kWhole,    // everything, or (after a power cut) all there is
    kMovedOn,  // walk the segments from `at` on, and come back
    kStopped,  // each() said false
  };
  // Does the last segment end as it should, or in something that is not whole? A write that is under way, or was torn
  // by kill -9, looks like that; the ring goes on from there then.
  enum class SegmentsEnd : uint8_t { kWhole, kBroken };
  // at: where the segments end; moved along.   errors: kUnavailable, kMalformed, kDenied the ring holds entries of
  // another log.
  Result<End> walk(ChainPoint& at, SegmentsEnd segments, const EachEntry& each);

 private:
  const std::string& dir_;
  std::optional<uint64_t> wanted_seq_;
  int rounds_ = 0;
  uint64_t last_seq_ = 0;
  uint64_t last_drained_ = 0;
};

}  // namespace sallyport::storage::audit
