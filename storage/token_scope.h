// The scope of a token as the text that a store keeps: one JSON object with every field.
#pragma once

#include <string>
#include <string_view>

#include "policy/identity.h"

namespace sallyport::storage {

std::string write_token_scope(const policy::TokenScope& scope);
// errors: kMalformed anything but what write_token_scope() wrote; a scope that cannot be read must not become a wider
// one.
Result<policy::TokenScope> read_token_scope(std::string_view text);

}  // namespace sallyport::storage
