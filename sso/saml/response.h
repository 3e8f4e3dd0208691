// The answer to a sign-in: what arrives at the assertion consumer service, judged (SAML Core s3.4, Profiles s4.1.4).
// Pure; meant for a thread of the BlockingPool: rules and text go in by value, a verdict comes back.
//
// The order is the safety: size, base64, one strict parse, the shape of the whole, the signatures; then the bytes that
// were digested are parsed anew, and issuer, times, audience and claims are read from them alone. What was encrypted
// inside a signed response is decrypted from the re-parsed tree; what is signed inside an encrypted assertion is
// verified and parsed anew after decryption. docs/decisions/0021 says why.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sso/checks.h"
#include "sso/saml/claims.h"
#include "sso/saml/keys.h"
#include "sso/saml/xml_encryption.h"

namespace sallyport::sso::saml {

struct ResponseRules {
  std::string provider;                       // its entityID
  std::string audience;                       // our own entityID
  std::string consumer_url;                   // our assertion consumer service
  std::vector<VerifyKey> provider_keys;       // of its metadata; two while it changes them
  std::vector<SpKey> own_keys;                // that decrypt; likewise
  std::optional<std::string> in_response_to;  // the request's id; none: only an answer to no request is taken
  std::chrono::seconds clock_skew{60};
  bool want_encrypted = false;                    // an assertion in clear is refused
  CbcMode cbc = CbcMode::kRefused;                // inside a signed response; never outside one
  std::vector<std::string> authn_contexts;        // one of these AuthnContextClassRef; empty: any, or none
  std::optional<WallMicros> authenticated_after;  // a fresh sign-in was asked for
};

struct ResponseVerdict {
  Result<Claims> claims;
  Checks checks;  // ends with the one that failed
};

// posted: SAMLResponse of the form, percent coding removed.   errors: kTooLarge before anything is decoded, kMalformed,
// kLimit, kUnsupported, kUnauthenticated, kDenied; `what` tells which check it was.
// cost: about 0.5 ms for one signature over 8 KiB with RSA-2048
ResponseVerdict verify_response(const ResponseRules& rules, std::string_view posted, WallMicros now);

}  // namespace sallyport::sso::saml
