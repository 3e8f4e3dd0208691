// One segment file of the audit log, mapped for writing: all its blocks are allocated before the first byte is written,
// so that a store into the mapping cannot meet a full disk (SIGBUS). Files are named audit-NNNNNNNN.seg.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
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
  Segment(Fd fd, std::span<std::byte> mapping, uint32_t number);  // owns both; create() and open() make them
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  uint32_t number() const { return number_; }
  size_t size() const { return size_; }
  ByteView view() const { return {data_, size_}; }
  // The header becomes visible whole: its magic is stored last.
  void write_header(const HeaderBytes& header);
  // entry: the length and the body. The length is stored last, so a writer that dies leaves no half entry.
  void write_entry(size_t position, ByteView entry, const Sha256& hash);
  void zero_from(size_t position);
  bool sync();  // fdatasync
  // Touches the pages of [from, to) so that a later store into them does not fault.
  void populate(size_t from, size_t to);

 private:
  Fd fd_;
  std::byte* data_;
  size_t size_;
  uint32_t number_;
};

}  // namespace sallyport::storage::audit
