// What an explanation says of lists, factors and injections, as words for people.
#pragma once

#include <string>
#include <vector>

#include "policy/decision_checks.h"

namespace sallyport::policy {

// "owner, member", or `none` for an empty list. Long lists end in "and N more".
std::string words_of(const std::vector<Role>& roles);
std::string words_of(const std::vector<std::string>& texts, std::string_view none);
std::string words_of(const CidrList& networks);

// "10.1.2.3 is in 10.0.0.0/8", "is in none of ...", "every address may".
std::string address_words(const CidrList& networks, const IpAddress& address);

// What is put in, by names: "header Authorization (secrets.token)".
std::string injection_words(const Injection& inject);

// What the factor of this identity is worth now: "a session by password alone", "a token, which is never fresh".
std::string factor_words(const Identity& identity, WallMicros now);

// The upstream's URL with the path behind it, as it is asked.
std::string upstream_words(const Upstream& upstream, std::string_view path);

}  // namespace sallyport::policy
