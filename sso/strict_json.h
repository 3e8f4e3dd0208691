// JSON text that comes from outside, taken in one reading: an object, no key twice, no deeper than it can mean
// anything.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"

namespace sallyport::sso {

constexpr int kJsonDepthMax = 8;

// errors: kMalformed not JSON in UTF-8 (RFC 8259), not an object, a key twice in one object, nested too deeply.
Result<nlohmann::json> parse_strict_object(std::string_view text);

// A member that has to be a text; null: it is absent or something else.
const std::string* text_member(const nlohmann::json& object, const char* key);

}  // namespace sallyport::sso
