// The end of a node's chain, as it is written: where the next entry goes, what it continues, and how much is promised.
// Not thread-safe: the log holds its lock around every call.
#pragma once

#include "storage/audit_anchor.h"
#include "storage/audit_recovery.h"
#include "storage/audit_segment.h"
#include "storage/audit_signature.h"

namespace sallyport::storage::audit {

class ChainWriter {
 public:
  ChainWriter(const AuditOptions& options, Signer signer, const Clock& clock)
      : installation_(options.installation), node_(options.node), signer_(std::move(signer)), clock_(clock) {}

  void begin(std::unique_ptr<Segment> first);  // a new chain
  void go_on(ChainEnd end);

  // How many entries of the largest size surely fit besides each segment's closing checkpoint, promised ones included.
  size_t free_entries() const;
  bool has_place() const { return reserved_ < free_entries(); }
  bool reserve();
  void give_back() { --reserved_; }
  // Into a reserved place, so it cannot fail. Begins the next segment when the entry does not fit into the current one.
  // returns: the entry's number.   cost: a hash and a copy; a signature once per segment.
  uint64_t append(EntryBuffer& entry);
  // False when there is nothing new to vouch for, or no room.
  bool checkpoint(CheckpointCause cause);

  Segment& current() { return *current_; }
  size_t position() const { return position_; }
  uint64_t seq() const { return seq_; }
  const RecordId& chain() const { return chain_; }
  const Signer& signer() const { return signer_; }

  bool checkpointed() const { return checkpointed_; }
  bool has_next() const { return next_ != nullptr; }
  uint32_t next_number() const { return current_->number() + 1; }
  void set_next(std::unique_ptr<Segment> next) { next_ = std::move(next); }
  bool has_full() const { return !full_.empty(); }
  std::vector<std::unique_ptr<Segment>> take_full() { return std::exchange(full_, {}); }
  std::optional<AnchorLine> take_checkpoint() { return std::exchange(newest_checkpoint_, {}); }

 private:
  void write(EntryBuffer& entry);
  void write_checkpoint(CheckpointCause cause);
  void begin_next();
  void write_header();

  const RecordId installation_;
  const std::string node_;
  const Signer signer_;
  const Clock& clock_;
  RecordId chain_;
  std::unique_ptr<Segment> current_;
  std::unique_ptr<Segment> next_;               // set aside, all zeros
  std::vector<std::unique_ptr<Segment>> full_;  // not yet synced
  size_t position_ = 0;
  uint64_t seq_ = 0;
  uint64_t reserved_ = 0;
  Sha256 hash_{};
  bool ended_ = false;        // current has its closing checkpoint
  bool checkpointed_ = true;  // nothing was written since the last checkpoint
  std::optional<AnchorLine> newest_checkpoint_;
};

}  // namespace sallyport::storage::audit
