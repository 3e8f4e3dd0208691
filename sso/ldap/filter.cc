#include "sso/ldap/filter.h"

namespace sallyport::sso::ldap {
namespace {

bool stands_for_itself(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '@';
}

}  // namespace

std::string escape_filter_value(std::string_view value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : value) {
    if (stands_for_itself(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'\\', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

std::string fill_filter(std::string_view pattern, std::string_view place, std::string_view value) {
  const std::string escaped = escape_filter_value(value);
  std::string out;
  for (size_t at = pattern.find(place); at != pattern.npos; at = pattern.find(place)) {
    out.append(pattern.substr(0, at)).append(escaped);
    pattern.remove_prefix(at + place.size());
  }
  return out.append(pattern);
}

std::string any_of(std::span<const std::string> filters) {
  if (filters.size() == 1) return filters.front();
  std::string out = "(|";
  for (const std::string& filter : filters) out += filter;
  return out += ')';
}

}  // namespace sallyport::sso::ldap
