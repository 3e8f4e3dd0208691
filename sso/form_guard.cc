#include "sso/form_guard.h"

#include "base/bytes.h"
#include "base/digest.h"

namespace sallyport::sso {

OriginProof origin_proof(const GateRequest& request, std::string_view own_origin) {
  if (!request.origin.empty()) return request.origin == own_origin ? OriginProof::kSame : OriginProof::kForeign;
  if (request.sec_fetch_site.empty()) return OriginProof::kMissing;
  return request.sec_fetch_site == "same-origin" || request.sec_fetch_site == "none" ? OriginProof::kSame
                                                                                     : OriginProof::kForeign;
}

std::string FormGuard::field(std::string_view purpose, std::string_view binding) const {
  // The purpose is a literal without a NUL, so the pair has one reading.
  std::string message(purpose);
  message += '\0';
  message += binding;
  return base64url_encode(hmac_sha256(key_.view(), as_bytes(message)));
}

bool FormGuard::fits(std::string_view field, std::string_view purpose, std::string_view binding) const {
  return constant_time_equal(as_bytes(field), as_bytes(this->field(purpose, binding)));
}

}  // namespace sallyport::sso
