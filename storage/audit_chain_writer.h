// The end of a node's chain, as it is written: where the next entry goes, what it continues, and how much is promised.
// Entries and headers go into the ring; which segment, and where in it, is settled at once, because the hash covers it.
// Not thread-safe: the log holds its lock around every call.
#pragma once

#include "storage/audit_anchor.h"
#include "storage/audit_recovery.h"
#include "storage/audit_ring.h"
#include "storage/audit_segment.h"
#include "storage/audit_signature.h"

namespace sallyport::storage::audit {

// What the ring holds and the segments lack. The current segment outlives the next take: only a full one is given away.
struct Undrained {
  struct Full {
    std::unique_ptr<Segment> segment;
    uint64_t end = 0;  // in the ring, behind its closing checkpoint
  };
  std::vector<Full> full;
  Segment* current = nullptr;
  uint64_t end = 0;
  uint64_t seq = 0;
};

class ChainWriter {
 public:
  ChainWriter(const AuditOptions& options, Signer signer, const Clock& clock)
      : installation_(options.installation), node_(options.node), signer_(std::move(signer)), clock_(clock) {}

  // A new chain; its header is in the file, and synced.   errors: kUnavailable.
  Result<void> begin(std::unique_ptr<Segment> first);
  void go_on(ChainEnd end);
  // Before anything is written.   errors: kUnavailable.
  Result<void> open_ring(const std::string& dir, uint64_t bytes);

  // How many entries of the largest size surely fit into the segments and into the ring, promised ones included,
  // besides what ends and begins a segment.
  size_t free_entries() const;
  bool has_place() const { return reserved_ < free_entries(); }
  bool reserve();
  void give_back() { --reserved_; }
  // Into a reserved place, so it cannot fail. Begins the next segment when the entry does not fit into the current one.
  // returns: the entry's number.   cost: a hash and a copy; a signature once per segment.
  uint64_t append(EntryBuffer& entry);
  // False when there is nothing new to vouch for, or no room.
  bool checkpoint(CheckpointCause cause);

  Ring& ring() { return *ring_; }
  uint64_t seq() const { return seq_; }
  const RecordId& chain() const { return chain_; }
  const Signer& signer() const { return signer_; }

  bool checkpointed() const { return checkpointed_; }
  bool has_next() const { return next_ != nullptr; }
  uint32_t next_number() const { return current_->number() + 1; }
  void set_next(std::unique_ptr<Segment> next) { next_ = std::move(next); }
  bool has_full() const { return !full_.empty(); }
  Undrained take_undrained() { return {std::exchange(full_, {}), current_.get(), ring_->head(), seq_}; }
  std::optional<AnchorLine> take_checkpoint() { return std::exchange(newest_checkpoint_, {}); }

 private:
  void write(EntryBuffer& entry);
  void write_checkpoint(CheckpointCause cause);
  void begin_next();
  HeaderBytes next_header();

  const RecordId installation_;
  const std::string node_;
  const Signer signer_;
  const Clock& clock_;
  RecordId chain_;
  std::unique_ptr<Segment> current_;
  std::unique_ptr<Segment> next_;  // set aside, all zeros
  std::vector<Undrained::Full> full_;
  std::unique_ptr<Ring> ring_;
  size_t position_ = 0;  // in the current segment, once the ring is drained
  uint64_t seq_ = 0;
  uint64_t reserved_ = 0;
  Sha256 hash_{};
  bool ended_ = false;        // current has its closing checkpoint
  bool checkpointed_ = true;  // nothing was written since the last checkpoint
  std::optional<AnchorLine> newest_checkpoint_;
};

}  // namespace sallyport::storage::audit
