// What the segments and the ring share: blocks that are there before they are used, whole writes, a view to read from.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"

namespace sallyport::storage::audit {

// What errno says, after a file could not be made.
std::unexpected<Error> no_room();
// Every block of the file's first `size` bytes; what is in them stays. False: errno.
// cost: on file systems without fallocate(2) it writes them.
bool allocate(int fd, uint64_t size);
bool write_all(int fd, ByteView bytes, uint64_t position);
bool write_zeros(int fd, uint64_t from, uint64_t to);
bool sync_folder(const std::string& dir);

// A file's first bytes, mapped to be read. They are another process's to change: copy what must stay the same.
class FileView {
 public:
  static Result<FileView> open(int fd, size_t size);  // errors: kUnavailable
  FileView(FileView&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  FileView& operator=(FileView&&) = delete;
  ~FileView();
  ByteView bytes() const { return bytes_; }

 private:
  explicit FileView(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

}  // namespace sallyport::storage::audit
