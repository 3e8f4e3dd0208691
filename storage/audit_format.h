// The bytes of an audit segment, in memory only: its header, its entries, the hash that chains them. The grammar is
// storage/AUDIT_FORMAT.md; integers are little-endian. Decoders read hostile bytes: everything is bounded and checked.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"
#include "storage/audit_log.h"

namespace sallyport::storage::audit {

constexpr uint8_t kEntryVersion = 1;
constexpr size_t kHeaderBytes = 256;
constexpr size_t kLengthBytes = 4;
constexpr size_t kHashBytes = 32;
constexpr size_t kNodeBytesMax = 63;
constexpr size_t kAlignment = 8;

struct SegmentHeader {
  uint32_t number = 0;         // 1, 2, 3, ... also in the file's name
  uint64_t segment_bytes = 0;  // the file's size
  uint64_t first_seq = 0;
  WallMicros created_at{};
  RecordId installation;
  RecordId chain;   // random; made with the chain's first segment
  Sha256 previous;  // hash of the last entry of the segment before; zero in the first
  std::string node;
};
using HeaderBytes = std::array<std::byte, kHeaderBytes>;
HeaderBytes encode_header(const SegmentHeader& header);
// errors: kMalformed too short, foreign magic or version, wrong hash.
Result<SegmentHeader> decode_header(ByteView bytes);
// Where an entry or a header stands: is it the latter? A header's first four bytes are no entry's length.
bool is_header(ByteView bytes);
// What the first entry's hash continues from. bytes: a decoded header's.
Sha256 header_hash(ByteView bytes);

// length | body | hash | zero padding to a multiple of 8.
constexpr size_t entry_bytes(size_t body_bytes) {
  return (kLengthBytes + body_bytes + kHashBytes + kAlignment - 1) / kAlignment * kAlignment;
}

// An entry being made: the length and the body. The sequence number is put in last, under the log's lock.
struct EntryBuffer {
  std::array<std::byte, kAuditEntryBytesMax> bytes;  // only `size` of them are set
  size_t size = 0;                                   // kLengthBytes + body
  void set_seq(uint64_t seq);
  void set_time(WallMicros at);
  ByteView view() const { return ByteView(bytes).first(size); }
};
// Fields over their limit are cut, and the entry says which.
void encode_access(const AccessEvent& event, EntryBuffer& out);

enum class CheckpointCause : uint16_t { kPeriod = 1, kSegmentEnd = 2, kClose = 3 };
struct Checkpoint {
  CheckpointCause cause = CheckpointCause::kPeriod;
  uint64_t seq = 0;  // its own
  WallMicros at{};
  std::array<std::byte, 16> key_id{};
  Sha256 hash{};  // of the entry (or segment header) before it
  std::array<std::byte, 64> signature{};
};
void encode_checkpoint(const Checkpoint& checkpoint, EntryBuffer& out);

inline Sha256 chain_hash(const Sha256& previous, ByteView length_and_body) {
  return sha256({previous, length_and_body});
}

// --- reading
constexpr size_t kBodyHeadBytes = 20;
struct BodyHead {
  uint8_t version = 0;
  uint8_t kind = 0;
  uint16_t flags = 0;
  uint64_t seq = 0;
  WallMicros at{};
};
Result<BodyHead> decode_head(ByteView body);

// Which text fields of an access entry were cut, by bit.
constexpr std::array<const char*, 10> kTextFields = {"request_id", "user",   "means", "strength", "resource",
                                                     "host",       "method", "path",  "outcome",  "reason"};
struct AccessBody {
  AccessEvent event;  // views into the body
  uint16_t cut = 0;
};
Result<AccessBody> decode_access(ByteView body);
Result<Checkpoint> decode_checkpoint(ByteView body);

}  // namespace sallyport::storage::audit
