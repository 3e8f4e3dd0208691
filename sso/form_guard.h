// What a request that changes something has to prove, so that no other site can make it in a person's name: the
// same-origin rule (Origin, else Sec-Fetch-Site), and for forms a field that fits a cookie of the same browser (double
// submit, bound by an HMAC under a key of the installation).
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "sso/gate.h"

namespace sallyport::sso {

enum class OriginProof : uint8_t {
  kSame,     // Origin is its own, or Sec-Fetch-Site says same-origin or none
  kMissing,  // neither header: no browser of today
  kForeign,
};
OriginProof origin_proof(const GateRequest& request, std::string_view own_origin);

class FormGuard {
 public:
  explicit FormGuard(SecretBytes key) : key_(std::move(key)) {}

  // The hidden field for a form of this browser. purpose: which form; binding: the secret value of its cookie.
  std::string field(std::string_view purpose, std::string_view binding) const;
  bool fits(std::string_view field, std::string_view purpose, std::string_view binding) const;

 private:
  SecretBytes key_;
};

}  // namespace sallyport::sso
