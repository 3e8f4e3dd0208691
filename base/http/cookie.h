// Cookie and Set-Cookie (RFC 6265), and application/x-www-form-urlencoded.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sallyport::http {

constexpr size_t kCookiePairsMax = 64;

struct CookiePair {
  std::string_view name;
  std::string_view value;
};

// Calls `each(pair)` for every pair of a Cookie field value, in order; false from it ends the walk. No allocation.
// Pairs without '=' have an empty name and are kept (they are forwarded as they came).
template <class F>
void for_each_cookie(std::string_view field, F&& each) {
  size_t at = 0;
  while (at < field.size()) {
    size_t end = field.find(';', at);
    if (end == field.npos) end = field.size();
    std::string_view pair = field.substr(at, end - at);
    while (!pair.empty() && (pair.front() == ' ' || pair.front() == '\t')) pair.remove_prefix(1);
    while (!pair.empty() && (pair.back() == ' ' || pair.back() == '\t')) pair.remove_suffix(1);
    const size_t equals = pair.find('=');
    if (!pair.empty() &&
        !each(equals == pair.npos ? CookiePair{{}, pair} : CookiePair{pair.substr(0, equals), pair.substr(equals + 1)}))
      return;
    at = end + 1;
  }
}

// Appends the field without the pairs whose name begins with `prefix`, compared ASCII case-insensitively; returns
// whether anything was left. (The gateway's own cookies, "__Host-sallyport", never travel on.)
bool append_cookies_without(std::string_view field, std::string_view prefix, std::string& out);

// One Set-Cookie field value: the name, and whether it carries a Domain attribute. errors: kMalformed no '=' or empty
// name.
struct SetCookieFacts {
  std::string_view name;
  bool has_domain;
};
Result<SetCookieFacts> read_set_cookie(std::string_view value);

// A name or value of application/x-www-form-urlencoded: percent coding, and '+' for a space. errors: kMalformed.
Result<std::string> form_decode(std::string_view text);

using FormFields = std::vector<std::pair<std::string, std::string>>;
// At most `fields_max` fields. errors: kMalformed bad percent sign, kLimit.
Result<FormFields> parse_form(std::string_view body, size_t fields_max = 64);
const std::string* find_field(const FormFields& fields, std::string_view name);  // null unless exactly one

}  // namespace sallyport::http
