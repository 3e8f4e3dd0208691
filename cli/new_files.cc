#include "cli/new_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ranges>

#include "base/fd.h"

namespace sallyport::cli {
namespace {

std::unexpected<Failure> failed(const std::filesystem::path& path) {
  return failure("cannot make " + path.string() + ": " + std::strerror(errno));
}

}  // namespace

NewFiles::~NewFiles() {
  if (kept_) return;
  for (const auto& file : files_) ::unlink(file.c_str());
  for (const auto& folder : folders_ | std::views::reverse) ::rmdir(folder.c_str());
}

Outcome<void> NewFiles::make_folder(const std::filesystem::path& folder) {
  std::filesystem::path so_far;
  for (const auto& part : folder) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), 0700) == 0) {
      folders_.push_back(so_far);
      continue;
    }
    const int reason = errno;
    std::error_code ignored;
    if (std::filesystem::is_directory(so_far, ignored)) continue;
    errno = reason == EEXIST ? ENOTDIR : reason;
    return failed(so_far);
  }
  return {};
}

Outcome<void> NewFiles::write(const std::filesystem::path& file, ByteView content, unsigned mode) {
  const Fd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!out) return failed(file);
  files_.push_back(file);
  if (::fchmod(out.get(), mode) != 0) return failed(file);
  while (!content.empty()) {
    const ssize_t written = ::write(out.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(file);
    content = content.subspan(static_cast<size_t>(written));
  }
  if (::fsync(out.get()) != 0) return failed(file);
  return {};
}

}  // namespace sallyport::cli
