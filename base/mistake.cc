#include "base/mistake.h"

namespace sallyport {

std::string to_line(const Mistake& mistake) {
  std::string out;
  if (!mistake.file.empty()) {
    out += mistake.file;
    out += ':';
    if (mistake.line > 0) out += std::to_string(mistake.line) + ":";
    out += ' ';
  }
  if (!mistake.path.empty()) out += mistake.path + ": ";
  return out + mistake.message;
}

}  // namespace sallyport
