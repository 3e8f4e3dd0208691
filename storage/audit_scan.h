// Walks the entries of one segment that lies in memory, checking every length, number and hash. Pure; reads hostile
// bytes.
#pragma once

#include "storage/audit_format.h"

namespace sallyport::storage::audit {

struct ScannedEntry {
  BodyHead head;
  ByteView body;  // into the segment
  Sha256 hash{};
  size_t position = 0;  // of its length field in the file
};

// Is the entry at the beginning of `bytes` number `seq`, and does it continue `previous`?   returns: null, or why not.
// cost: one SHA-256 over the entry.
const char* check_entry(ByteView bytes, uint64_t seq, const Sha256& previous, ScannedEntry& out);

class SegmentScan {
 public:
  enum class Step : uint8_t {
    kEntry,
    kEnd,     // no entry here; tail() says what the rest looks like
    kBroken,  // the entry that should be here is not: reason(), next_seq() is its number
  };
  enum class Tail : uint8_t {
    kZero,     // as it was set aside
    kTorn,     // bytes of at most one unfinished entry
    kWritten,  // more than that: pages lost by a power cut, or an entry's length was erased
  };

  // segment: the whole file, beginning with a header that decode_header() accepted.
  SegmentScan(ByteView segment, const SegmentHeader& header);

  // cost: one SHA-256 over the entry.
  Step next(ScannedEntry& out);
  Tail tail() const;
  // After kBroken: the entry's end, from a sector boundary on, was never written (a power cut), rather than changed.
  bool looks_torn() const;

  const char* reason() const { return reason_; }
  uint64_t next_seq() const { return seq_ + 1; }
  uint64_t last_seq() const { return seq_; }
  const Sha256& last_hash() const { return hash_; }
  size_t position() const { return position_; }  // where the next entry begins

 private:
  Step broken(const char* reason);

  ByteView segment_;
  uint64_t seq_;
  Sha256 hash_;
  size_t position_ = kHeaderBytes;
  const char* reason_ = "";
};

bool all_zero(ByteView bytes);

}  // namespace sallyport::storage::audit
