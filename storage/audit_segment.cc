#include "storage/audit_segment.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "base/c_handle.h"
#include "storage/audit_scan.h"

namespace sallyport::storage::audit {
namespace {

constexpr size_t kDigits = 8;
constexpr std::string_view kPrefix = "audit-";
constexpr std::string_view kSuffix = ".seg";
constexpr size_t kMagicBytes = 8;

std::unexpected<Error> no_room() {
  return fail(Code::kUnavailable, Side::kStorage,
              errno == ENOSPC || errno == EDQUOT ? "no room for the audit log" : "audit log cannot be written");
}

// For file systems without fallocate(2): what was written once has its blocks. Only zeros are overwritten, by zeros.
bool write_zeros(int fd, size_t size) {
  static constexpr std::array<std::byte, 64 << 10> kZeros{};
  std::array<std::byte, 4096> there;
  for (size_t at = 0; at < size;) {
    const size_t piece = std::min(there.size(), size - at);
    const ssize_t got = ::pread(fd, there.data(), piece, static_cast<off_t>(at));
    if (got < 0) return false;
    const size_t known = static_cast<size_t>(got);
    const bool used = !all_zero(ByteView(there).first(known));
    const ssize_t put = ::pwrite(fd, used ? there.data() : kZeros.data(), used ? known : piece, static_cast<off_t>(at));
    if (put <= 0) return false;
    at += static_cast<size_t>(put);
  }
  return ::fsync(fd) == 0;
}

bool allocate(int fd, size_t size) {
  int result;
  do result = ::fallocate(fd, 0, 0, static_cast<off_t>(size));
  while (result != 0 && errno == EINTR);
  if (result == 0) return true;
  return (errno == EOPNOTSUPP || errno == ENOSYS) && write_zeros(fd, size);
}

bool sync_folder(const std::string& dir) {
  const Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

Result<std::unique_ptr<Segment>> map_segment(Fd fd, size_t size, uint32_t number) {
  void* const data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return fail(Code::kUnavailable, Side::kStorage, "audit segment cannot be mapped");
  return std::make_unique<Segment>(std::move(fd), std::span(static_cast<std::byte*>(data), size), number);
}

}  // namespace

std::string segment_path(const std::string& dir, uint32_t number) {
  std::array<char, 16> digits;
  std::snprintf(digits.data(), digits.size(), "%08u", number);
  return dir + "/" + std::string(kPrefix) + digits.data() + std::string(kSuffix);
}

Result<std::vector<uint32_t>> list_segments(const std::string& dir) {
  const CHandle<DIR, ::closedir> folder(::opendir(dir.c_str()));
  if (!folder) return fail(Code::kUnavailable, Side::kStorage, "audit folder cannot be read");
  std::vector<uint32_t> out;
  while (const dirent* entry = ::readdir(folder.get())) {
    std::string_view name = entry->d_name;
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    uint32_t number = 0;
    const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (wrong != std::errc{} || end != name.data() + name.size() || number == 0 || name.size() < kDigits ||
        (name.size() > kDigits && name[0] == '0'))
      return malformed(Side::kStorage, "a file in the audit folder has a name that is almost a segment's");
    out.push_back(number);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::unique_ptr<Segment>> Segment::create(const std::string& dir, uint32_t number, uint64_t size) {
  const std::string path = segment_path(dir, number);
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return no_room();
  if (!allocate(fd.get(), size) || ::fsync(fd.get()) != 0 || !sync_folder(dir)) {
    const auto error = no_room();
    ::unlink(path.c_str());
    return error;
  }
  auto out = map_segment(std::move(fd), size, number);
  if (!out) ::unlink(path.c_str());
  return out;
}

Result<std::unique_ptr<Segment>> Segment::open(const std::string& dir, uint32_t number) {
  Fd fd(::open(segment_path(dir, number).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return fail(Code::kUnavailable, Side::kStorage, "audit segment cannot be opened");
  const auto size = static_cast<uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || size < kSegmentBytesMin || size > kSegmentBytesMax || size % 4096 != 0)
    return fail(Code::kDenied, Side::kStorage, "audit segment has an impossible size");
  if (!allocate(fd.get(), size)) return no_room();
  return map_segment(std::move(fd), size, number);
}

Segment::Segment(Fd fd, std::span<std::byte> mapping, uint32_t number)
    : fd_(std::move(fd)), data_(mapping.data()), size_(mapping.size()), number_(number) {}

Segment::~Segment() { ::munmap(data_, size_); }

void Segment::write_header(const HeaderBytes& header) {
  std::memcpy(data_ + kMagicBytes, header.data() + kMagicBytes, header.size() - kMagicBytes);
  uint64_t magic;
  std::memcpy(&magic, header.data(), sizeof magic);
  std::atomic_ref(*reinterpret_cast<uint64_t*>(data_)).store(magic, std::memory_order_release);
}

void Segment::write_entry(size_t position, ByteView entry, const Sha256& hash) {
  std::byte* const at = data_ + position;
  std::memcpy(at + kLengthBytes, entry.data() + kLengthBytes, entry.size() - kLengthBytes);
  std::memcpy(at + entry.size(), hash.data(), hash.size());
  uint32_t length;
  std::memcpy(&length, entry.data(), sizeof length);
  std::atomic_ref(*reinterpret_cast<uint32_t*>(at)).store(length, std::memory_order_release);
}

void Segment::zero_from(size_t position) {
  constexpr size_t kPiece = 4096;
  while (position < size_) {
    const size_t piece = std::min(kPiece - position % kPiece, size_ - position);
    if (!all_zero({data_ + position, piece})) std::memset(data_ + position, 0, piece);
    position += piece;
  }
}

bool Segment::sync() { return ::fdatasync(fd_.get()) == 0; }

void Segment::populate(size_t from, size_t to) {
  constexpr size_t kPage = 4096;
  from = from / kPage * kPage;
  to = std::min(size_, (to + kPage - 1) / kPage * kPage);
  if (from < to) (void)::madvise(data_ + from, to - from, MADV_POPULATE_WRITE);
}

}  // namespace sallyport::storage::audit
