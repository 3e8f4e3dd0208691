// What a plain YAML scalar means in the core schema (YAML 1.2.2 s10.3.2), and which bytes a document may hold at all.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace sallyport::conf {

enum class ScalarKind : uint8_t { kNull, kBool, kInteger, kFloat, kText, kTooLarge };
// "yes", "no", "on" and "off" are text. kTooLarge: a number that no 64-bit integer or finite double holds.
ScalarKind scalar_kind(std::string_view text);
nlohmann::json scalar_value(std::string_view text);  // of any kind but kTooLarge

struct BadByte {
  int line;  // 1-based
  const char* what;
};
// The first byte that has no place in a document: control characters but tab and line ends, and what is not UTF-8.
// (0x04 would end the document for yaml-cpp, and whatever stands behind it would go unread.)
std::optional<BadByte> find_bad_byte(std::string_view text);

}  // namespace sallyport::conf
