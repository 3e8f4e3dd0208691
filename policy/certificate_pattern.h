// How resources name certificates of clients: "fingerprint:HEX", "subject:CN=...,O=...", "dns:NAME", "email:ADDRESS",
// "uri:URI". Each names one thing and is compared as a whole: no wildcards, no prefixes. In rules, areas and users.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/client_certificate.h"
#include "base/result.h"

namespace sallyport::policy {

constexpr std::string_view kCertificatePatternPattern = "^(fingerprint|subject|dns|email|uri):.+$";

// The one form of a pattern: hex without colons and lower case, hosts in lower case.
// errors: kMalformed, with what to write instead.
Result<std::string> parse_certificate_pattern(std::string_view text);

// Does this certificate bear what the pattern, in its one form, names?  cost: a compare for each of its names.
bool bears(const ClientCertificate& certificate, std::string_view pattern);

// A list of a rule: any of them will do; an empty one demands nothing. Nobody's certificate bears nothing.
bool bears_one_of(const ClientCertificate* certificate, const std::vector<std::string>& patterns);

// Every pattern that this certificate bears, in their one form.
std::vector<std::string> patterns_of(const ClientCertificate& certificate);

}  // namespace sallyport::policy
