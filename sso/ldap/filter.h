// Search filters (RFC 4515) of a pattern that an administrator wrote and a value that anybody may have typed. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sallyport::sso::ldap {

constexpr std::string_view kUserPlace = "{user}";
constexpr std::string_view kDnPlace = "{dn}";

// The value as it stands in a filter: letters, digits and "-._@" are themselves, every other byte is \xx, which RFC
// 4515 s3 allows for any and demands for some. Whatever the value was, it is one assertion value and nothing else.
std::string escape_filter_value(std::string_view value);

// The pattern with each `place` replaced by the escaped value. What the value itself holds is not looked at again.
std::string fill_filter(std::string_view pattern, std::string_view place, std::string_view value);

// One filter that any of these fits: (|(a)(b)); of one, that one.   input: at least one
std::string any_of(std::span<const std::string> filters);

}  // namespace sallyport::sso::ldap
