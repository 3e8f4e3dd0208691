// The shape of a document that people write (configuration, resources) as tables of keys. One table serves three ends:
// the check that finds every mistake at once, the JSON Schema that is printed, and the tests that no key is
// undocumented. Tables are constants; a table's texts are literals, so no message can hold a value of the document.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/mistake.h"

namespace sallyport {

constexpr size_t kMistakesMax = 200;    // of one document; one more says that there are more
constexpr size_t kTextBytesMax = 4096;  // of one text, unless its shape says otherwise

// What is wrong with a text; no message: nothing. The message continues a sentence that begins with the key.
struct Fault {
  const char* message = nullptr;
  const char* code = "invalid_value";
  explicit operator bool() const { return message != nullptr; }
};
using TextCheck = Fault (*)(std::string_view);

struct Choice {
  std::string_view value;
  const char* refused = nullptr;  // set: known, but not in this version (or not here), with this message
  const char* code = "not_in_this_version";
};

enum class Need : uint8_t {
  kOptional,
  kRequired,
  kForeign,  // a key of another kind of document: refused with `about` as the message; not in the schema
};

struct Shape;
struct Key {
  std::string_view name;
  const Shape* shape;
  Need need;
  std::string_view about;  // one line for the schema
};

struct Shape {
  enum class Type : uint8_t {
    kText,
    kChoice,
    kBool,
    kInteger,
    kList,     // of `element`
    kMap,      // names (by `check`) to `element`
    kObject,   // `keys`
    kEither,   // the first of `either` that takes this JSON type
    kRefused,  // not in this version: null, false and empty are taken, all else is refused with `expected`
  };
  Type type = Type::kText;
  std::string_view expected = {};  // "a duration like 30s": what the messages ask for
  bool nullable = false;           // null is as good as absent
  bool lines = false;              // kText: line breaks are allowed
  bool shown = false;              // kText: a wrong value may stand in the message
  TextCheck check = nullptr;       // kText: the value; kMap: each name
  std::string_view pattern = {};   // the check as a regular expression for the schema, as far as one can say it
  int64_t min = 0;                 // kInteger: the value; kText: bytes; kList, kMap: how many
  int64_t max = 0;
  std::span<const Choice> choices = {};
  const Shape* element = nullptr;
  std::span<const Key> keys = {};
  std::span<const Shape* const> either = {};
};

// Short ways to write the constants.
constexpr Shape text_shape(std::string_view expected, TextCheck check, std::string_view pattern = {},
                           int64_t bytes_max = kTextBytesMax) {
  return {
      .type = Shape::Type::kText, .expected = expected, .check = check, .pattern = pattern, .min = 1, .max = bytes_max};
}
constexpr Shape choice_shape(std::span<const Choice> choices) {
  return {.type = Shape::Type::kChoice, .choices = choices};
}
constexpr Shape integer_shape(int64_t min, int64_t max) {
  return {.type = Shape::Type::kInteger, .min = min, .max = max};
}
constexpr Shape list_shape(const Shape* element, int64_t min, int64_t max) {
  return {.type = Shape::Type::kList, .min = min, .max = max, .element = element};
}
constexpr Shape map_shape(TextCheck name_check, const Shape* element, int64_t max) {
  return {.type = Shape::Type::kMap, .check = name_check, .max = max, .element = element};
}
constexpr Shape object_shape(std::span<const Key> keys) { return {.type = Shape::Type::kObject, .keys = keys}; }
constexpr Shape either_shape(std::string_view expected, std::span<const Shape* const> either) {
  return {.type = Shape::Type::kEither, .expected = expected, .either = either};
}
constexpr Shape refused_shape(std::string_view message) { return {.type = Shape::Type::kRefused, .expected = message}; }
constexpr Shape or_null(Shape shape) {
  shape.nullable = true;
  return shape;
}
inline constexpr Shape kBoolShape{.type = Shape::Type::kBool};

// Adds every mistake of `document` against `shape`. cost: linear in the document; depth is the shape's.
void check_shape(const nlohmann::json& document, const Shape& shape, Mistakes& mistakes);

// The same as JSON Schema (draft 2020-12), without "$schema".
nlohmann::json schema_of(const Shape& shape);

// "a.b" or "b"; control bytes and what is over 64 bytes of a key are not shown.
std::string join_path(std::string_view path, std::string_view key);
std::string join_path(std::string_view path, size_t index);

// The word of `known` that was probably meant, or nothing. cost: |word| * |known|.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);

// Is nothing wrong at `path` or below it?
bool is_clean(const Mistakes& mistakes, std::string_view path);

// Values out of a document that may be wrong elsewhere: what is absent, null or of another type is nothing.
const nlohmann::json* member(const nlohmann::json& object, std::string_view key);
std::optional<std::string_view> text_at(const nlohmann::json& object, std::string_view key);
std::optional<int64_t> integer_at(const nlohmann::json& object, std::string_view key);
bool bool_at(const nlohmann::json& object, std::string_view key, bool otherwise);

}  // namespace sallyport
