#include "sso/strict_json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace sallyport::sso {

using nlohmann::json;

Result<json> parse_strict_object(std::string_view text) {
  // The reader takes a NUL for the end of its input, and would not look at what stands behind it.
  if (text.find('\0') != text.npos) return malformed(Side::kClient, "JSON with a NUL byte");
  std::vector<std::set<std::string>> seen;
  bool twice = false, deep = false;
  const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
    deep |= depth > kJsonDepthMax;
    if (event == json::parse_event_t::object_start) seen.emplace_back();
    if (event == json::parse_event_t::object_end) seen.pop_back();
    if (event == json::parse_event_t::key) twice |= !seen.back().insert(parsed.get<std::string>()).second;
    return true;
  };
  json out = json::parse(text, watch, false);
  if (deep) return malformed(Side::kClient, "JSON that is nested too deeply");
  if (twice) return malformed(Side::kClient, "JSON with a key that stands twice");
  if (out.is_discarded() || !out.is_object()) return malformed(Side::kClient, "not a JSON object");
  return out;
}

const std::string* text_member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

}  // namespace sallyport::sso
