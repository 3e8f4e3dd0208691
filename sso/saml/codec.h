// How messages travel: base64 in a form (Bindings s3.5.4), DEFLATE and base64 in a query (s3.4.4.1), base64 with line
// breaks inside XML. All bounded.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::sso::saml {

// Base64 as XML has it: white space anywhere, else as strict as base64_decode().
Result<Bytes> xml_base64(std::string_view text);

// A posted message, the form's percent coding already removed.
// errors: kTooLarge before anything is decoded; kMalformed.
Result<std::string> decode_posted(std::string_view text, size_t bytes_max);
std::string encode_posted(std::string_view xml);

// A message of a query, percent coding removed. The stream has to end where the bytes end.
// errors: kTooLarge the text, or what it would become; kMalformed.   cost: memory for bytes_max at most
Result<std::string> decode_redirected(std::string_view text, size_t bytes_max);
std::string encode_redirected(std::string_view xml);  // not yet percent coded

}  // namespace sallyport::sso::saml
