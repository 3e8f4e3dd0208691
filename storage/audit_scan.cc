#include "storage/audit_scan.h"

#include <algorithm>
#include <cstring>

namespace sallyport::storage::audit {
namespace {

constexpr size_t kSectorBytes = 512;  // what a disk writes whole

uint32_t length_at(ByteView segment, size_t position) {
  uint32_t out;
  std::memcpy(&out, segment.data() + position, sizeof out);
  return out;
}

}  // namespace

bool all_zero(ByteView bytes) {
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

const char* check_entry(ByteView bytes, uint64_t seq, const Sha256& previous, ScannedEntry& out) {
  const size_t length = bytes.size() < kLengthBytes ? 0 : length_at(bytes, 0);
  if (length < kBodyHeadBytes || entry_bytes(length) > kAuditEntryBytesMax || entry_bytes(length) > bytes.size())
    return "its length is impossible";
  const ByteView entry = bytes.first(entry_bytes(length));
  const ByteView body = entry.subspan(kLengthBytes, length);
  const auto head = decode_head(body);
  if (!head) return head.error().what;
  if (head->seq != seq) return "it is missing, or the order was changed";
  Sha256 stored;
  std::memcpy(stored.data(), entry.data() + kLengthBytes + length, stored.size());
  if (chain_hash(previous, entry.first(kLengthBytes + length)) != stored)
    return "its hash does not fit: it, or what stands before it, was changed";
  if (!all_zero(entry.subspan(kLengthBytes + length + kHashBytes))) return "bytes were added behind it";
  out = {*head, body, stored, 0};
  return nullptr;
}

SegmentScan::SegmentScan(ByteView segment, const SegmentHeader& header)
    : segment_(segment), seq_(header.first_seq - 1), hash_(header_hash(segment)) {}

SegmentScan::Step SegmentScan::broken(const char* reason) {
  reason_ = reason;
  return Step::kBroken;
}

SegmentScan::Step SegmentScan::next(ScannedEntry& out) {
  const ByteView rest = segment_.subspan(position_);
  if (rest.size() < kLengthBytes || length_at(rest, 0) == 0) return Step::kEnd;
  if (const char* const wrong = check_entry(rest, next_seq(), hash_, out)) return broken(wrong);
  out.position = position_;
  hash_ = out.hash;
  ++seq_;
  position_ += entry_bytes(out.body.size());
  return Step::kEntry;
}

SegmentScan::Tail SegmentScan::tail() const {
  const ByteView rest = segment_.subspan(position_);
  if (all_zero(rest)) return Tail::kZero;
  if (rest.size() <= kAuditEntryBytesMax || all_zero(rest.subspan(kAuditEntryBytesMax))) return Tail::kTorn;
  return Tail::kWritten;
}

bool SegmentScan::looks_torn() const {
  const size_t left = segment_.size() - position_;
  if (left < kLengthBytes) return false;
  const size_t length = length_at(segment_, position_);
  if (length < kBodyHeadBytes || entry_bytes(length) > kAuditEntryBytesMax || entry_bytes(length) > left) return false;
  const size_t end = position_ + kLengthBytes + length + kHashBytes;
  // The last sector boundary before the end of the hash: what lies behind it is one piece, written or not.
  const size_t boundary = (end - 1) / kSectorBytes * kSectorBytes;
  return boundary > position_ && all_zero(segment_.subspan(boundary, end - boundary));
}

}  // namespace sallyport::storage::audit
