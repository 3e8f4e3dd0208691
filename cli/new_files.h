// Files that must not be there yet, made one after the other; whatever was made goes again unless all of it is kept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "cli/terminal.h"

namespace sallyport::cli {

class NewFiles {
 public:
  NewFiles() = default;
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;
  ~NewFiles();  // removes what was made, unless keep()

  // Makes the folder and the ones above it (mode 0700) where they are missing.
  Outcome<void> make_folder(const std::filesystem::path& folder);
  // Makes the file with exactly this mode and syncs it. A file that is there is a failure and stays as it is.
  Outcome<void> write(const std::filesystem::path& file, ByteView content, unsigned mode);
  // Something else makes this file from now on; it goes with the others.
  void expect(const std::filesystem::path& file) { files_.push_back(file); }
  void keep() { kept_ = true; }

 private:
  std::vector<std::filesystem::path> files_;
  std::vector<std::filesystem::path> folders_;
  bool kept_ = false;
};

}  // namespace sallyport::cli
