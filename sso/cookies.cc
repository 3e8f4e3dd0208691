#include "sso/cookies.h"

#include "base/bytes.h"
#include "base/http/cookie.h"
#include "base/random.h"

namespace sallyport::sso {
namespace {
constexpr size_t kHandleBytes = 32;
constexpr size_t kHandleCharacters = 43;
}  // namespace

std::optional<std::string_view> cookie_value(std::string_view cookie_field, std::string_view name) {
  std::optional<std::string_view> found;
  bool twice = false;
  http::for_each_cookie(cookie_field, [&](const http::CookiePair& pair) {
    if (pair.name != name) return true;
    twice = found.has_value();
    found = pair.value;
    return !twice;
  });
  return twice ? std::nullopt : found;
}

std::string set_cookie(std::string_view name, std::string_view value, std::optional<std::chrono::seconds> max_age) {
  std::string out(name);
  out += '=';
  out += value;
  out += "; Path=/; Secure; HttpOnly; SameSite=Lax";
  if (max_age) out += "; Max-Age=" + std::to_string(max_age->count());
  return out;
}

std::string set_cross_site_cookie(std::string_view name, std::string_view value, std::chrono::seconds max_age) {
  std::string out(name);
  out += '=';
  out += value;
  return out + "; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=" + std::to_string(max_age.count());
}

std::string drop_cookie(std::string_view name) { return set_cookie(name, "", std::chrono::seconds(0)); }

std::string random_handle() { return base64url_encode(random_bytes<kHandleBytes>()); }

bool is_random_handle(std::string_view text) {
  if (text.size() != kHandleCharacters) return false;
  return base64url_decode(text).has_value();
}

}  // namespace sallyport::sso
