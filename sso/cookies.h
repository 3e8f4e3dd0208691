// The gate's own cookies: reading one, and writing them in the one way they are written (RFC 6265bis s4.1.3.2,
// __Host-).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::sso {

// The value of the cookie in a Cookie field. Nothing when it is absent, or there twice: a browser sends a __Host-
// cookie once.
std::optional<std::string_view> cookie_value(std::string_view cookie_field, std::string_view name);

// A Set-Cookie value: Path=/, Secure, HttpOnly, SameSite=Lax, without Domain. max_age: unset until the browser closes.
std::string set_cookie(std::string_view name, std::string_view value,
                       std::optional<std::chrono::seconds> max_age = std::nullopt);
std::string drop_cookie(std::string_view name);
// The same with SameSite=None: for what has to come along with a form that another site posts here.
std::string set_cross_site_cookie(std::string_view name, std::string_view value, std::chrono::seconds max_age);

// 256 random bits as base64url (43 characters): session ids, nonces, handles, codes.
std::string random_handle();
bool is_random_handle(std::string_view text);

}  // namespace sallyport::sso
