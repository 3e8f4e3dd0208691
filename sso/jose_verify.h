// Signed texts of others in JOSE: JWS in compact form (RFC 7515 s7.1), whose payload is given out only once the
// signature fits a key that the caller trusts. What a header says of keys (jku, jwk, x5u, x5c) is never used.
#pragma once

#include <string>
#include <string_view>

#include "sso/checks.h"
#include "sso/jwk_set.h"

namespace sallyport::sso {

constexpr size_t kJwsBytesMax = size_t{64} << 10;
constexpr size_t kJwsHeaderBytesMax = size_t{4} << 10;

struct JwsHeader {
  JoseAlgorithm algorithm{};
  std::string kid;  // "": it names none
  std::string typ;  // "": likewise
};

// The header alone, believed by nobody: it says which key to look for.
// errors (kIdentityProvider): kTooLarge; kMalformed not three parts of exact base64url, a header that is no JSON object
// or has a member twice; kUnsupported another algorithm, or `crit`.
Result<JwsHeader> read_jws_header(std::string_view token);

struct VerifiedJws {
  JwsHeader header;
  std::string payload;
};

// The key is the one with the header's kid that takes its algorithm; without a kid the only one that takes it.
// errors: as of read_jws_header(); kUnauthenticated no such key, or several, or the signature.
Result<VerifiedJws> verify_jws(std::string_view token, const JwkSet& keys, Checks& checks);

// The key of verify_jws(), if there is exactly one.
const VerifyingJwk* find_jwk(const JwkSet& keys, const JwsHeader& header);

}  // namespace sallyport::sso
