#include "cli/when.h"

#include <charconv>

namespace sallyport::cli {
namespace {

using std::chrono::seconds;
constexpr seconds kLongest{int64_t{100} * 366 * 24 * 3600};

}  // namespace

std::optional<seconds> parse_duration(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number <= 0 || end + 1 != text.data() + text.size()) return std::nullopt;
  int64_t unit = 0;
  switch (*end) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3600;
      break;
    case 'd':
      unit = 24 * 3600;
      break;
    case 'w':
      unit = 7 * 24 * 3600;
      break;
    default:
      return std::nullopt;
  }
  if (number > kLongest.count() / unit) return std::nullopt;
  return seconds(number * unit);
}

}  // namespace sallyport::cli
