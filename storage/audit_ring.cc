#include "storage/audit_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "storage/audit_file.h"
#include "storage/audit_ring_scan.h"

namespace sallyport::storage::audit {
namespace {

constexpr size_t kPageBytes = 4096;

// The file of an earlier run, when it fits and all its blocks are there.
Fd open_old(const std::string& path, uint64_t file_bytes) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<uint64_t>(status.st_size) != file_bytes || static_cast<uint64_t>(status.st_blocks) * 512 < file_bytes)
    return {};
  return fd;
}

// Zeros are written, not only allocated: a page of an extent that was never written costs a transaction of the file
// system when it is touched. Nothing is synced: after a power cut zeros are a ring that was not begun.
Fd make_new(const std::string& path, uint64_t file_bytes) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return {};
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return {};
  if (allocate(fd.get(), file_bytes) && write_zeros(fd.get(), 0, file_bytes)) return fd;
  const int error = errno;
  ::unlink(path.c_str());
  errno = error;
  return {};
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::open(const std::string& dir, const RecordId& installation, const RecordId& chain,
                                         uint64_t bytes, uint64_t seq) {
  const uint64_t file_bytes = kRingHeaderBytes + bytes;
  Fd fd = open_old(ring_path(dir), file_bytes);
  if (!fd) fd = make_new(ring_path(dir), file_bytes);
  if (!fd) return no_room();
  RingHeaderBytes header;
  encode_ring_header({bytes, installation, chain, 0, seq, 0}, header);
  if (!write_all(fd.get(), header, 0)) return no_room();
  void* const data = ::mmap(nullptr, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return fail(Code::kUnavailable, Side::kStorage, "audit.ring cannot be mapped");
  return std::make_unique<Ring>(std::move(fd), std::span(static_cast<std::byte*>(data), file_bytes));
}

Ring::Ring(Fd fd, std::span<std::byte> mapping)
    : fd_(std::move(fd)), mapping_(mapping), data_(mapping.subspan(kRingHeaderBytes)) {}

Ring::~Ring() { ::munmap(mapping_.data(), mapping_.size()); }

void Ring::copy_in(uint64_t offset, ByteView bytes) {
  const size_t at = offset % data_.size();
  const size_t first = std::min(bytes.size(), data_.size() - at);
  std::memcpy(data_.data() + at, bytes.data(), first);
  if (first < bytes.size()) std::memcpy(data_.data(), bytes.data() + first, bytes.size() - first);
}

void Ring::copy_out(uint64_t from, std::span<std::byte> out) const {
  const ByteView first = piece(from, from + out.size());
  std::memcpy(out.data(), first.data(), first.size());
  if (first.size() < out.size()) std::memcpy(out.data() + first.size(), data_.data(), out.size() - first.size());
}

ByteView Ring::piece(uint64_t from, uint64_t to) const {
  const size_t at = from % data_.size();
  return data_.subspan(at, std::min<uint64_t>(to - from, data_.size() - at));
}

void Ring::put_entry(ByteView entry, uint64_t seq, const Sha256& hash) {
  constexpr std::array<std::byte, kAlignment> kPadding{};
  const size_t size = entry_bytes(entry.size() - kLengthBytes);
  assert(size <= left());
  copy_in(head_, entry);
  copy_in(head_ + entry.size(), hash);
  copy_in(head_ + entry.size() + kHashBytes, ByteView(kPadding).first(size - entry.size() - kHashBytes));
  head_ += size;
  store_header(kRingWrittenAt, head_);
  store_header(kRingWrittenSeqAt, seq);
}

void Ring::put_header(const HeaderBytes& header) {
  assert(header.size() <= left());
  copy_in(head_, header);
  head_ += header.size();
}

void Ring::store_header(size_t at, uint64_t value) {
  std::atomic_ref(*reinterpret_cast<uint64_t*>(mapping_.data() + at)).store(value, std::memory_order_release);
}

void Ring::drained_to(uint64_t offset) {
  drained_ = offset;
  if (drained_ == head_ && head_ % data_.size() != 0) drained_ = head_ += data_.size() - head_ % data_.size();
  store_header(kRingDrainedAt, drained_);
  store_header(kRingWrittenAt, head_);
}

void Ring::make_ready(uint64_t head, size_t ahead) {
  ahead = std::min(ahead, data_.size());
  const auto populate = [&](size_t from, size_t to) {
    from = from / kPageBytes * kPageBytes;
    if (from < to) (void)::madvise(data_.data() + from, to - from, MADV_POPULATE_WRITE);
  };
  const size_t at = head % data_.size();
  const size_t end = std::min(data_.size(), at + ahead);
  (void)::madvise(mapping_.data(), kRingHeaderBytes, MADV_POPULATE_WRITE);
  populate(at, end);
  populate(0, ahead - (end - at));
}

void Ring::let_go(size_t keep) {
  if (keep < data_.size()) (void)::madvise(data_.data() + keep, data_.size() - keep, MADV_DONTNEED);
}

}  // namespace sallyport::storage::audit
