#include "storage/audit_ring_scan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace sallyport::storage::audit {
namespace {

constexpr std::string_view kMagic = "SPARING\n";
constexpr uint16_t kVersion = 1;
constexpr size_t kHashedBytes = 56;

template <class T>
T load(ByteView bytes, size_t at) {
  T out;
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

template <class T>
void store(RingHeaderBytes& out, size_t at, const T& value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}

std::unexpected<Error> broken() {
  return malformed(Side::kStorage, "audit.ring is broken; look at it, and move it away");
}

// False: errno.
bool read_all(int fd, uint64_t position, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::pread(fd, out.data(), out.size(), static_cast<off_t>(position));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out = out.subspan(static_cast<size_t>(got));
    position += static_cast<uint64_t>(got);
  }
  return true;
}

}  // namespace

std::string ring_path(const std::string& dir) { return dir + "/audit.ring"; }

void encode_ring_header(const RingHeader& header, RingHeaderBytes& out) {
  out = {};
  std::memcpy(out.data(), kMagic.data(), kMagic.size());
  store(out, 8, kVersion);
  store(out, 10, static_cast<uint16_t>(kRingHeaderBytes));
  store(out, 16, header.ring_bytes);
  store(out, 24, header.installation.bytes);
  store(out, 40, header.chain.bytes);
  store(out, kHashedBytes, sha256(ByteView(out).first(kHashedBytes)));
  store(out, kRingDrainedAt, header.drained);
  store(out, kRingWrittenSeqAt, header.written_seq);
  store(out, kRingWrittenAt, header.written);
}

Result<RingHeader> decode_ring_header(ByteView bytes) {
  if (bytes.size() < kRingHeaderBytes || as_text(bytes.first(kMagic.size())) != kMagic ||
      load<uint16_t>(bytes, 8) != kVersion || load<uint16_t>(bytes, 10) != kRingHeaderBytes ||
      load<Sha256>(bytes, kHashedBytes) != sha256(bytes.first(kHashedBytes)))
    return broken();
  RingHeader out;
  out.ring_bytes = load<uint64_t>(bytes, 16);
  out.installation.bytes = load<std::array<std::byte, 16>>(bytes, 24);
  out.chain.bytes = load<std::array<std::byte, 16>>(bytes, 40);
  out.drained = load<uint64_t>(bytes, kRingDrainedAt);
  out.written_seq = load<uint64_t>(bytes, kRingWrittenSeqAt);
  out.written = load<uint64_t>(bytes, kRingWrittenAt);
  if (out.ring_bytes < kRingBytesMin || out.ring_bytes > kRingBytesMax || out.ring_bytes % kRingHeaderBytes != 0)
    return broken();
  return out;
}

Result<std::optional<RingImage>> read_ring(const std::string& dir) {
  const Fd fd(::open(ring_path(dir).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::optional<RingImage>{};
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return fail(Code::kUnavailable, Side::kStorage, "audit.ring cannot be read");
  const auto size = static_cast<uint64_t>(status.st_size);
  if (S_ISREG(status.st_mode) && size == 0) return std::optional<RingImage>{};
  RingHeaderBytes head{};
  if (!S_ISREG(status.st_mode) || size < kRingHeaderBytes || !read_all(fd.get(), 0, head)) return broken();
  if (all_zero(head)) return std::optional<RingImage>{};
  RingImage out;
  TRY(out.header, decode_ring_header(head));
  if (size != kRingHeaderBytes + out.header.ring_bytes) return broken();
  const size_t from = out.header.drained % out.header.ring_bytes;
  out.bytes.resize(out.header.is_empty() ? 0
                                         : std::min(out.header.written - out.header.drained, out.header.ring_bytes));
  const std::span<std::byte> whole(out.bytes);
  const size_t to_end = std::min<size_t>(whole.size(), out.header.ring_bytes - from);
  if (!read_all(fd.get(), kRingHeaderBytes + from, whole.first(to_end)) ||
      !read_all(fd.get(), kRingHeaderBytes, whole.subspan(to_end)))
    return fail(Code::kUnavailable, Side::kStorage, "audit.ring cannot be read");
  return out;
}

void ChainPoint::pass(const ScannedEntry& entry) {
  seq = entry.head.seq;
  hash = entry.hash;
  checkpointed = entry.head.kind == static_cast<uint8_t>(AuditKind::kCheckpoint);
  ended = checkpointed && entry.head.flags == static_cast<uint16_t>(CheckpointCause::kSegmentEnd);
}

bool RingScan::begins_next(const SegmentHeader& header) const {
  return point_.ended && header.number == point_.header.number + 1 && header.first_seq == point_.seq + 1 &&
         header.previous == point_.hash && header.installation == point_.header.installation &&
         header.chain == point_.header.chain;
}

RingScan::Step RingScan::next(ScannedEntry& out) {
  while (rest_.size() >= kLengthBytes) {
    if (is_header(rest_)) {
      const auto header = decode_header(rest_);
      if (!header) return Step::kEnd;
      record_ = rest_.first(kHeaderBytes);
      rest_ = rest_.subspan(kHeaderBytes);
      if (header->number <= point_.header.number) continue;
      if (!begins_next(*header)) return Step::kEnd;
      point_.header = *header;
      point_.hash = header_hash(record_);
      point_.ended = false;
      return Step::kSegment;
    }
    const size_t size = entry_bytes(load<uint32_t>(rest_, 0));
    if (size < kLengthBytes + kBodyHeadBytes + kHashBytes || size > kAuditEntryBytesMax || size > rest_.size())
      return Step::kEnd;
    const auto head = decode_head(rest_.subspan(kLengthBytes));
    if (!head) return Step::kEnd;
    record_ = rest_.first(size);
    if (head->seq > point_.seq) {
      if (point_.ended || check_entry(record_, point_.seq + 1, point_.hash, out) != nullptr) return Step::kEnd;
      point_.pass(out);
      rest_ = rest_.subspan(size);
      return Step::kEntry;
    }
    rest_ = rest_.subspan(size);
  }
  return Step::kEnd;
}

}  // namespace sallyport::storage::audit
