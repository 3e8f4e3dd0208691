// A file that travels inside the binary (see base/embed.cmake). Both views are valid for the whole run.
#pragma once

#include <string_view>

namespace sallyport {

struct EmbeddedFile {
  std::string_view name;  // the file's name without its folder
  std::string_view bytes;
};

}  // namespace sallyport
