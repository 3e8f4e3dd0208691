#include "sso/jose.h"

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/digest.h"

namespace sallyport::sso {

using nlohmann::ordered_json;

std::string es256_header(std::string_view kid) {
  return base64url_encode(as_bytes(ordered_json{{"alg", "ES256"}, {"typ", "JWT"}, {"kid", kid}}.dump()));
}

std::string sign_compact(const P256Key& key, std::string_view coded_header, std::string_view payload) {
  std::string out(coded_header);
  out.append(".").append(base64url_encode(as_bytes(payload)));
  const P256Signature signature = key.sign(out);
  return out.append(".").append(base64url_encode(signature));
}

std::string jwk_thumbprint(const P256Point& point) {
  const ordered_json required{
      {"crv", "P-256"}, {"kty", "EC"}, {"x", base64url_encode(point.x)}, {"y", base64url_encode(point.y)}};
  return base64url_encode(sha256(as_bytes(required.dump())));
}

std::string public_jwk(const P256Point& point, std::string_view kid) {
  return ordered_json{{"kty", "EC"},
                      {"crv", "P-256"},
                      {"x", base64url_encode(point.x)},
                      {"y", base64url_encode(point.y)},
                      {"use", "sig"},
                      {"alg", "ES256"},
                      {"kid", kid}}
      .dump();
}

}  // namespace sallyport::sso
