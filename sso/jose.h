// What this program writes in JOSE, all of it with ES256 (ECDSA on P-256 with SHA-256, RFC 7518 s3.4): a signed text in
// compact form, and a public key as a JWK. Pure; nothing is read here.
#pragma once

#include <string>
#include <string_view>

#include "sso/p256.h"

namespace sallyport::sso {

// The protected header {"alg":"ES256","typ":"JWT","kid":KID}, coded as it stands in front of a token's first dot.
std::string es256_header(std::string_view kid);

// JWS compact form (RFC 7515 s7.1): HEADER.PAYLOAD.SIGNATURE.   coded_header: of es256_header(); payload: in clear.
// cost: one signature, about 25 us.
std::string sign_compact(const P256Key& key, std::string_view coded_header, std::string_view payload);

// RFC 7638 s3: SHA-256 over the key's required members in their one order, base64url: 43 characters.
std::string jwk_thumbprint(const P256Point& point);

// A member of a JWK set (RFC 7517 s5): kty, crv, x, y (RFC 7518 s6.2.1), use, alg and kid.
std::string public_jwk(const P256Point& point, std::string_view kid);

}  // namespace sallyport::sso
