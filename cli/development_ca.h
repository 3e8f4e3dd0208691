// A certificate for trying things out: a certificate authority made on the spot (P-256), a certificate it signs, and
// then its key is gone, so that nobody can ever use it for another name.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace sallyport::cli {

struct DevelopmentCertificate {
  std::string ca_pem;
  std::string cert_pem;
  SecretBytes key_pem;  // PKCS #8
};

// names: DNS names (a first label * is a wildcard) or IP addresses; the first is the subject. Valid for 825 days from a
// day before `now`.   errors: kMalformed no names, kInternal OpenSSL.
Result<DevelopmentCertificate> make_development_certificate(const std::vector<std::string>& names, WallMicros now);

}  // namespace sallyport::cli
