// Variables of the environment that are for this process alone.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::cli {

// Its value, when it is set; afterwards it is not, neither here nor in programs we start. Before any thread is started.
inline std::optional<std::string> take_variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  std::string out(value);
  ::unsetenv(name);
  return out;
}

// Decimal digits and nothing else.
inline std::optional<uint64_t> whole_number(std::string_view text) {
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace sallyport::cli
