// Fields of a form or of a JSON object that are secrets: into secret memory at once, the copies made on the way wiped.
//   CO_TRY(auto fields, read_secret_form(body, {"current", "new"}));
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace sallyport::sso {

// Fills `out` in the order of the names; a field that is missing, there twice or (JSON) no string is empty.
// errors: kMalformed bad syntax, or no JSON object; kLimit too many fields, no secret memory.
Result<void> fill_from_form(const SecretBytes& body, std::span<const std::string_view> names,
                            std::span<SecretBytes> out);
Result<void> fill_from_json(const SecretBytes& body, std::span<const std::string_view> names,
                            std::span<SecretBytes> out);

template <size_t N>
Result<std::array<SecretBytes, N>> read_secret_form(const SecretBytes& body, const std::string_view (&names)[N]) {
  std::array<SecretBytes, N> out;
  CHECKED(fill_from_form(body, names, out));
  return out;
}
template <size_t N>
Result<std::array<SecretBytes, N>> read_secret_json(const SecretBytes& body, const std::string_view (&names)[N]) {
  std::array<SecretBytes, N> out;
  CHECKED(fill_from_json(body, names, out));
  return out;
}

}  // namespace sallyport::sso
