// One segment file of the audit log, written from its beginning to its end by one thread: all its blocks are allocated
// before the first byte is written, so that a write cannot meet a full disk. Files are named audit-NNNNNNNN.seg.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/audit_file.h"
#include "storage/audit_format.h"

namespace sallyport::storage::audit {

constexpr uint64_t kSegmentBytesMin = 16 << 10;
constexpr uint64_t kSegmentBytesMax = uint64_t{1} << 30;

std::string segment_path(const std::string& dir, uint32_t number);
// The numbers of the segment files in a folder, ascending.   errors: kUnavailable the folder cannot be read; kMalformed
// a file named like a segment whose number is not canonical.
Result<std::vector<uint32_t>> list_segments(const std::string& dir);

class Segment {
 public:
  // A new file of zeros, every block allocated and synced. On failure nothing is left behind.
  // errors: kUnavailable (no space, no permission, ...).   cost: on file systems without fallocate it writes `size`
  // bytes.
  static Result<std::unique_ptr<Segment>> create(const std::string& dir, uint32_t number, uint64_t size);
  // An existing one; blocks that a sparse copy lost are allocated again.
  static Result<std::unique_ptr<Segment>> open(const std::string& dir, uint32_t number);
  Segment(Fd fd, size_t size, uint32_t number) : fd_(std::move(fd)), size_(size), number_(number) {}
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  uint32_t number() const { return number_; }
  size_t size() const { return size_; }
  size_t position() const { return position_; }  // of the next append
  Result<FileView> view() const { return FileView::open(fd_.get(), size_); }
  // Behind what was appended before. After a failure nothing is known of the file's end.
  bool append(ByteView bytes);
  // Whatever stands from `position` on becomes zeros, and the next append goes there.
  bool cut_to(size_t position);
  bool sync();  // fdatasync

 private:
  Fd fd_;
  size_t size_;
  size_t position_ = 0;
  uint32_t number_;
};

}  // namespace sallyport::storage::audit
