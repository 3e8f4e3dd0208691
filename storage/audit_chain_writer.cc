#include "storage/audit_chain_writer.h"

#include <algorithm>
#include <cassert>

namespace sallyport::storage::audit {
namespace {

constexpr size_t kCheckpointBytes = entry_bytes(kBodyHeadBytes + 16 + 32 + 64);

size_t entries_that_fit(size_t position, size_t segment_bytes) {
  return position + kCheckpointBytes > segment_bytes
             ? 0
             : (segment_bytes - kCheckpointBytes - position) / kAuditEntryBytesMax;
}

// A segment takes at least nine entries of the largest size (kSegmentBytesMin), so what ends it and begins the next
// costs each of them less than 64 bytes; and one such turn may be due at once.
constexpr size_t kTurnBytes = kCheckpointBytes + kHeaderBytes;
constexpr size_t kRingPlaceBytes = kAuditEntryBytesMax + 64;
static_assert((kSegmentBytesMin - kTurnBytes) / kAuditEntryBytesMax * 64 > kTurnBytes);

size_t entries_that_fit_the_ring(size_t left) {
  return left < 2 * kTurnBytes ? 0 : (left - 2 * kTurnBytes) / kRingPlaceBytes;
}

}  // namespace

Result<void> ChainWriter::begin(std::unique_ptr<Segment> first) {
  chain_ = RecordId::random();
  current_ = std::move(first);
  if (!current_->append(next_header()) || !current_->sync())
    return fail(Code::kUnavailable, Side::kStorage, "audit segment cannot be written");
  return {};
}

Result<void> ChainWriter::open_ring(const std::string& dir, uint64_t bytes) {
  TRY(ring_, Ring::open(dir, installation_, chain_, bytes, seq_));
  return {};
}

void ChainWriter::go_on(ChainEnd end) {
  chain_ = end.at.header.chain;
  current_ = std::move(end.segment);
  position_ = current_->position();
  seq_ = end.at.seq;
  hash_ = end.at.hash;
  ended_ = end.at.ended;
  checkpointed_ = end.at.checkpointed || seq_ == 0;
}

size_t ChainWriter::free_entries() const {
  const size_t in_segments = (ended_ ? 0 : entries_that_fit(position_, current_->size())) +
                             (next_ ? entries_that_fit(kHeaderBytes, next_->size()) : 0);
  return std::min(in_segments, entries_that_fit_the_ring(ring_->left()));
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
  ring_->put_entry(entry.view(), seq_, hash_);
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
  full_.push_back({std::move(current_), ring_->head()});
  current_ = std::move(next_);
  ring_->put_header(next_header());
}

HeaderBytes ChainWriter::next_header() {
  const HeaderBytes bytes = encode_header(
      {current_->number(), current_->size(), seq_ + 1, clock_.wall(), installation_, chain_, hash_, node_});
  hash_ = header_hash(bytes);
  position_ = kHeaderBytes;
  ended_ = false;
  return bytes;
}

}  // namespace sallyport::storage::audit
