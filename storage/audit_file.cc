#include "storage/audit_file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "storage/audit_scan.h"

namespace sallyport::storage::audit {
namespace {

constexpr std::array<std::byte, 64 << 10> kZeros{};

// For file systems without fallocate(2): what was written once has its blocks. Only zeros are overwritten, by zeros.
bool write_where_nothing_is(int fd, uint64_t size) {
  std::array<std::byte, 4096> there;
  for (uint64_t at = 0; at < size;) {
    const size_t piece = std::min<uint64_t>(there.size(), size - at);
    const ssize_t got = ::pread(fd, there.data(), piece, static_cast<off_t>(at));
    if (got < 0) return false;
    const size_t known = static_cast<size_t>(got);
    const bool used = !all_zero(ByteView(there).first(known));
    if (!write_all(fd, used ? ByteView(there).first(known) : ByteView(kZeros).first(piece), at)) return false;
    at += used ? known : piece;
  }
  return ::fsync(fd) == 0;
}

}  // namespace

std::unexpected<Error> no_room() {
  return fail(Code::kUnavailable, Side::kStorage,
              errno == ENOSPC || errno == EDQUOT ? "no room for the audit log" : "audit log cannot be written");
}

bool allocate(int fd, uint64_t size) {
  int result;
  do result = ::fallocate(fd, 0, 0, static_cast<off_t>(size));
  while (result != 0 && errno == EINTR);
  if (result == 0) return true;
  return (errno == EOPNOTSUPP || errno == ENOSYS) && write_where_nothing_is(fd, size);
}

bool write_all(int fd, ByteView bytes, uint64_t position) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(position));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(put));
    position += static_cast<uint64_t>(put);
  }
  return true;
}

bool write_zeros(int fd, uint64_t from, uint64_t to) {
  while (from < to) {
    const size_t piece = std::min<uint64_t>(kZeros.size(), to - from);
    if (!write_all(fd, ByteView(kZeros).first(piece), from)) return false;
    from += piece;
  }
  return true;
}

bool sync_folder(const std::string& dir) {
  const Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

Result<FileView> FileView::open(int fd, size_t size) {
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return fail(Code::kUnavailable, Side::kStorage, "audit segment cannot be mapped");
  return FileView({static_cast<std::byte*>(data), size});
}

FileView::~FileView() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace sallyport::storage::audit
