// What a person recognises a program by: "Firefox on Linux", "curl". A hint, made of what the program says of itself.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::sso {

// user_agent: a User-Agent field value, may be empty.   returns: at most 60 printable characters, never empty.
std::string browser_name(std::string_view user_agent);

}  // namespace sallyport::sso
