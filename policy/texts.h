// The texts inside resources, each with its one reader: names, places, rule paths, methods, origins, header names. What
// a reader returns is canonical; what it refuses it says in words that go on after the key ("must be ...").
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/resource.h"

namespace sallyport::policy {

constexpr size_t kNameBytesMax = 63;
constexpr size_t kHostBytesMax = 253;
constexpr size_t kPathBytesMax = 2048;
constexpr std::string_view kNamePattern = "^[a-z0-9][a-z0-9._-]{0,62}$";
constexpr std::string_view kSecretNamePattern = "^[A-Za-z_][A-Za-z0-9_]{0,62}$";

bool is_name(std::string_view text);         // of a resource: [a-z0-9][a-z0-9._-]{0,62}
bool is_secret_name(std::string_view text);  // [A-Za-z_][A-Za-z0-9_]{0,62}
bool is_token(std::string_view text);        // RFC 9110 s5.6.2
bool is_method(std::string_view text);       // capitals and '-'
bool is_host_name(
    std::string_view text);            // lower-case labels (RFC 1123 s2.1); never something that looks like a number
bool is_email(std::string_view text);  // one '@', no blanks, a host name behind it; at most 254 bytes (RFC 5321)

// "host", "host/prefix", "192.0.2.1/x", "[2001:db8::1]/x". errors: kMalformed, with what to write instead.
Result<At> parse_at(std::string_view text);

// The canonical form of a path that a rule, an area or a token scope names. errors: kMalformed no leading '/', a query,
// '*', a slash at the end, and all that strict paths_mode refuses.
Result<std::string> parse_rule_path(std::string_view text);

// "https://host[:port]" in the form browsers send (RFC 6454 s6.1). errors: kMalformed, "null" and "*" too.
Result<std::string> parse_origin(std::string_view text);

// The URL of an upstream. errors: kMalformed as http::parse_url, and a query.
Result<http::Url> parse_upstream_url(std::string_view text);

// A host name or an address, for certificate checks. errors: kMalformed.
Result<std::string> parse_server_name(std::string_view text);

// May the gateway put in a header of this name? Not those that frame a message, and not those the gateway writes
// itself, in any spelling that an upstream could fold to them ('_' and '.' count as '-'). errors: kMalformed, kDenied.
Result<void> check_injected_header(std::string_view name);

// One or more certificates and nothing else, as PEM text (RFC 7468); what is in them is not looked at.
Result<void> check_ca_pem(std::string_view text);

}  // namespace sallyport::policy
