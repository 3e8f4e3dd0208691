#include "storage/audit_segment.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/c_handle.h"
#include "storage/audit_scan.h"

namespace sallyport::storage::audit {
namespace {

constexpr size_t kDigits = 8;
constexpr std::string_view kPrefix = "audit-";
constexpr std::string_view kSuffix = ".seg";

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
  return std::make_unique<Segment>(std::move(fd), size, number);
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
  return std::make_unique<Segment>(std::move(fd), size, number);
}

bool Segment::append(ByteView bytes) {
  if (bytes.size() > size_ - position_ || !write_all(fd_.get(), bytes, position_)) return false;
  position_ += bytes.size();
  return true;
}

bool Segment::cut_to(size_t position) {
  constexpr size_t kPiece = 4096;
  const auto there = view();
  if (!there) return false;
  for (size_t at = position; at < size_;) {
    const size_t piece = std::min(kPiece - at % kPiece, size_ - at);
    if (!all_zero(there->bytes().subspan(at, piece)) && !write_zeros(fd_.get(), at, at + piece)) return false;
    at += piece;
  }
  position_ = position;
  return true;
}

bool Segment::sync() { return ::fdatasync(fd_.get()) == 0; }

}  // namespace sallyport::storage::audit
