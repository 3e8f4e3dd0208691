// The certificate that a client has proven to hold, as values: what was verified in the handshake, read once. No chain,
// no key; whoever has one of these has it from a connection whose chain led to an authority of the listener.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace sallyport {

// The kinds of subjectAltName that name somebody (RFC 5280 s4.2.1.6); others are not kept.
enum class CertificateNameKind : uint8_t { kEmail, kDns, kUri };

struct CertificateName {
  CertificateNameKind kind;
  // Printable ASCII without blanks. In the one form that is compared: a DNS name and the host of an address in lower
  // case.
  std::string value;
  bool operator==(const CertificateName&) const = default;
};

// A name in its one form; empty: not one that can be compared (blanks, control bytes, no ASCII, no host name where one
// belongs). cost: linear.
std::string canonical_certificate_name(CertificateNameKind kind, std::string_view text);

struct ClientCertificate {
  std::string fingerprint;  // SHA-256 of the DER, lower-case hex
  std::string subject;      // RFC 2253: printable ASCII; empty: it has none
  std::string serial;       // upper-case hex
  std::vector<CertificateName>
      names;  // in their order; kCertificateNamesMax at most, what is beyond counts for nothing
  std::string der;
  // Of the certificate and of all that vouch for it, whichever ends first.
  WallMicros not_after{};
  bool demanded = false;  // the listener lets nobody in without one

  // A connection may outlive the certificate that it was made with: asked for each request. The last second does not
  // count, as OpenSSL has it (X509_cmp_time).
  bool over(WallMicros now) const { return now >= not_after; }
};

constexpr size_t kCertificateNamesMax = 64;

}  // namespace sallyport
