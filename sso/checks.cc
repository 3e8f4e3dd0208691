#include "sso/checks.h"

namespace sallyport::sso {
namespace {

std::string shown(std::string_view found) {
  std::string out(found.substr(0, kCheckFoundBytesMax));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

}  // namespace

void Checks::add(bool passed, const char* name, std::string_view expected, std::string_view found) {
  list_.push_back({name, std::string(expected), shown(found), passed});
}

Result<void> Checks::require(bool passed, const char* name, std::string_view expected, std::string_view found,
                             Error error) {
  add(passed, name, expected, found);
  if (!passed) return std::unexpected(error);
  return {};
}

Result<void> Checks::demand(bool passed, const char* name, std::string_view expected, std::string_view found,
                            Error error) {
  if (passed) return {};
  return require(false, name, expected, found, error);
}

}  // namespace sallyport::sso
