#include "storage/audit_chain_writer.h"

#include <cassert>

namespace sallyport::storage::audit {
namespace {

constexpr size_t kCheckpointBytes = entry_bytes(kBodyHeadBytes + 16 + 32 + 64);

size_t entries_that_fit(size_t position, size_t segment_bytes) {
  return position + kCheckpointBytes > segment_bytes
             ? 0
             : (segment_bytes - kCheckpointBytes - position) / kAuditEntryBytesMax;
}

}  // namespace

void ChainWriter::begin(std::unique_ptr<Segment> first) {
  chain_ = RecordId::random();
  current_ = std::move(first);
  write_header();
}

void ChainWriter::go_on(ChainEnd end) {
  chain_ = end.header.chain;
  current_ = std::move(end.segment);
  position_ = end.position;
  seq_ = end.seq;
  hash_ = end.hash;
  ended_ = end.ended;
  checkpointed_ = end.checkpointed || end.seq == 0;
}

size_t ChainWriter::free_entries() const {
  return (ended_ ? 0 : entries_that_fit(position_, current_->size())) +
         (next_ ? entries_that_fit(kHeaderBytes, next_->size()) : 0);
}

bool ChainWriter::reserve() {
  if (!has_place()) return false;
  ++reserved_;
  return true;
}

// An entry takes at most one place of free_entries(): in the current segment, or, when it does not fit there (which
// then counted for none), in the next, which was there when the place was promised and has not been used since.
uint64_t ChainWriter::append(EntryBuffer& entry) {
  --reserved_;
  const size_t size = entry_bytes(entry.size - kLengthBytes);
  if (ended_ || position_ + size + kCheckpointBytes > current_->size()) begin_next();
  write(entry);
  checkpointed_ = false;
  return seq_;
}

bool ChainWriter::checkpoint(CheckpointCause cause) {
  if (checkpointed_ || !has_place()) return false;
  if (ended_ || position_ + 2 * kCheckpointBytes > current_->size()) begin_next();
  if (!checkpointed_) write_checkpoint(cause);
  return true;
}

void ChainWriter::write(EntryBuffer& entry) {
  entry.set_seq(++seq_);
  hash_ = chain_hash(hash_, entry.view());
  current_->write_entry(position_, entry.view(), hash_);
  position_ += entry_bytes(entry.size - kLengthBytes);
}

void ChainWriter::write_checkpoint(CheckpointCause cause) {
  SignedState state{installation_, chain_, current_->number(), {}};
  state.checkpoint = {cause, seq_ + 1, clock_.wall(), signer_.key_id(), hash_, {}};
  state.checkpoint.signature = signer_.sign(state);
  EntryBuffer entry;
  encode_checkpoint(state.checkpoint, entry);
  write(entry);
  checkpointed_ = true;
  newest_checkpoint_ = AnchorLine{node_, state};
}

void ChainWriter::begin_next() {
  assert(next_ != nullptr);
  if (!ended_) write_checkpoint(CheckpointCause::kSegmentEnd);
  full_.push_back(std::move(current_));
  current_ = std::move(next_);
  write_header();
}

void ChainWriter::write_header() {
  const SegmentHeader header{current_->number(), current_->size(), seq_ + 1, clock_.wall(),
                             installation_,      chain_,           hash_,    node_};
  const HeaderBytes bytes = encode_header(header);
  current_->write_header(bytes);
  hash_ = header_hash(bytes);
  position_ = kHeaderBytes;
  ended_ = false;
}

}  // namespace sallyport::storage::audit
