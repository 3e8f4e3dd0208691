// Shapes as JSON Schema, and the search for the word that was meant.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/shape.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;
using Type = Shape::Type;

Json object_schema(const Shape& shape) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Key& key : shape.keys) {
    if (key.need == Need::kForeign) continue;
    Json property = schema_of(*key.shape);
    if (!key.about.empty()) property["description"] = key.about;
    properties[std::string(key.name)] = std::move(property);
    if (key.need == Need::kRequired) required.push_back(key.name);
  }
  Json out{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

Json plain_schema(const Shape& shape) {
  switch (shape.type) {
    case Type::kText: {
      Json out{{"type", "string"}, {"maxLength", shape.max}};
      if (shape.min > 0) out["minLength"] = shape.min;
      if (!shape.pattern.empty()) out["pattern"] = shape.pattern;
      if (!shape.expected.empty()) out["description"] = shape.expected;
      return out;
    }
    case Type::kChoice: {
      Json values = Json::array();
      for (const Choice& choice : shape.choices) {
        if (!choice.refused) values.push_back(choice.value);
      }
      return {{"type", "string"}, {"enum", std::move(values)}};
    }
    case Type::kBool:
      return {{"type", "boolean"}};
    case Type::kInteger:
      return {{"type", "integer"}, {"minimum", shape.min}, {"maximum", shape.max}};
    case Type::kList: {
      Json out{{"type", "array"}, {"items", schema_of(*shape.element)}, {"maxItems", shape.max}};
      if (shape.min > 0) out["minItems"] = shape.min;
      return out;
    }
    case Type::kMap:
      return {{"type", "object"}, {"additionalProperties", schema_of(*shape.element)}, {"maxProperties", shape.max}};
    case Type::kObject:
      return object_schema(shape);
    case Type::kEither: {
      Json any = Json::array();
      for (const Shape* one : shape.either) any.push_back(schema_of(*one));
      return {{"anyOf", std::move(any)}};
    }
    case Type::kRefused:
      return {{"enum", Json::array({nullptr, false, Json::array(), Json::object()})}};
  }
  return Json::object();
}

char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' || c == '.' ? '_' : c;
}

// Edits (change, insert, delete, swap of neighbours) from one word to the other.
size_t edits(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = folded(a[i - 1]) == folded(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

Json schema_of(const Shape& shape) {
  Json out = plain_schema(shape);
  if (!shape.nullable) return out;
  if (out.contains("type")) {
    out["type"] = Json::array({out["type"], "null"});
    if (out.contains("enum")) out["enum"].push_back(nullptr);
    return out;
  }
  return {{"anyOf", Json::array({std::move(out), Json{{"type", "null"}}})}};
}

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known) {
  constexpr size_t kWordMax = 64;
  if (word.empty() || word.size() > kWordMax) return {};
  std::string_view best;
  size_t best_edits = std::min<size_t>(2, (word.size() + 2) / 3) + 1;
  for (const std::string_view candidate : known) {
    const size_t distance = edits(word, candidate);
    if (distance < best_edits && distance < candidate.size()) {
      best = candidate;
      best_edits = distance;
    }
  }
  return best;
}

}  // namespace sallyport
