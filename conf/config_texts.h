// The texts inside the configuration, each with its one reader. What they refuse they say in words that go on after the
// key.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "conf/node_config.h"

namespace sallyport::conf {

// "127.0.0.1:8443", "[::]:8443" or "unix:PATH" (a path of at most 107 bytes, unix(7)). errors: kMalformed.
Result<std::variant<Endpoint, std::string>> parse_listener_address(std::string_view text);

// "sqlite:PATH" -> PATH. errors: kDenied a password in the URL, kUnavailable another store, kMalformed.
Result<std::string> parse_storage(std::string_view text);

// "file:PATH", "env:NAME", "exec:COMMAND". errors: kMalformed, without a word of what was there: it may be the key
// itself.
Result<MasterKeySource> parse_master_key(std::string_view text);

// Base64 of 16 to 64 bytes -> the bytes. errors: kMalformed.
Result<std::string> parse_salt(std::string_view text);

// An https URL of a host alone. errors: kMalformed.
Result<http::Url> parse_gate(std::string_view text);

// A network whose machines are believed; /0 is kDenied.
Result<Cidr> parse_trusted_proxy(std::string_view text);

// A path, not a URL (kUnavailable).
Result<std::string> parse_anchor(std::string_view text);

}  // namespace sallyport::conf
