#include "policy/certificate_pattern.h"

#include <algorithm>

#include "policy/texts.h"

namespace sallyport::policy {
namespace {

constexpr size_t kFingerprintDigits = 64;

std::unexpected<Error> wrong(const char* what) { return malformed(Side::kClient, what); }

std::string_view word_of(CertificateNameKind kind) {
  switch (kind) {
    case CertificateNameKind::kEmail:
      return "email";
    case CertificateNameKind::kDns:
      return "dns";
    case CertificateNameKind::kUri:
      return "uri";
  }
  return "";
}

std::string joined(std::string_view word, std::string_view value) {
  return std::string(word).append(":").append(value);
}

// Pairs of hex digits, with a colon between all of them or none, as tools print it.
Result<std::string> parse_fingerprint(std::string_view text) {
  constexpr const char* kWhat = "fingerprint: is followed by the 64 hex digits of the certificate's SHA-256";
  std::string out;
  const bool colons = text.size() > 2 && text[2] == ':';
  for (size_t i = 0; i < text.size() && out.size() <= kFingerprintDigits; ++i) {
    char c = text[i];
    if (colons && i % 3 == 2) {
      if (c != ':' || i + 1 == text.size()) return wrong(kWhat);
      continue;
    }
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return wrong(kWhat);
    out += c;
  }
  if (out.size() != kFingerprintDigits) return wrong(kWhat);
  return out;
}

Result<std::string> parse_subject(std::string_view text) {
  if (!std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }))
    return wrong(
        "subject: is written in ASCII, with \\C3\\BC and the like, as `openssl x509 -nameopt RFC2253` prints it");
  if (text.find('=') == text.npos || text.starts_with('/'))
    return wrong("subject: is followed by a name like CN=press,O=Works, as `openssl x509 -nameopt RFC2253` prints it");
  bool escaped = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!escaped && text[i] == ',' && text.substr(i + 1).starts_with(' '))
      return wrong("subject: is written without blanks after its commas, as `openssl x509 -nameopt RFC2253` prints it");
    escaped = !escaped && text[i] == '\\';
  }
  return std::string(text);
}

}  // namespace

Result<std::string> parse_certificate_pattern(std::string_view text) {
  using enum CertificateNameKind;
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string_view word = text.substr(0, colon);
  const std::string_view value = text.substr(std::min(colon + 1, text.size()));
  if (word == "fingerprint") {
    TRY(const std::string hex, parse_fingerprint(value));
    return joined(word, hex);
  }
  if (word == "subject") {
    TRY(const std::string name, parse_subject(value));
    return joined(word, name);
  }
  if (word == "dns") {
    const std::string name = canonical_certificate_name(kDns, value);
    if (!is_host_name(name)) return wrong("dns: is followed by a whole host name; wildcards name nobody");
    return joined(word, name);
  }
  if (word == "email") {
    const std::string address = canonical_certificate_name(kEmail, value);
    if (!is_email(address)) return wrong("email: is followed by an address like alice@example.test");
    return joined(word, address);
  }
  if (word == "uri") {
    const std::string uri = canonical_certificate_name(kUri, value);
    if (uri.find(':') == uri.npos) return wrong("uri: is followed by a whole URI, like spiffe://example.test/press");
    return joined(word, uri);
  }
  return wrong("must begin with fingerprint:, subject:, dns:, email: or uri:");
}

bool bears(const ClientCertificate& certificate, std::string_view pattern) {
  const size_t colon = pattern.find(':');
  if (colon == pattern.npos || colon + 1 == pattern.size()) return false;
  const std::string_view word = pattern.substr(0, colon);
  const std::string_view value = pattern.substr(colon + 1);
  if (word == "fingerprint") return certificate.fingerprint == value;
  if (word == "subject") return certificate.subject == value;
  return std::ranges::any_of(certificate.names, [&](const CertificateName& name) {
    return word_of(name.kind) == word && name.value == value;
  });
}

bool bears_one_of(const ClientCertificate* certificate, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return true;
  return certificate != nullptr &&
         std::ranges::any_of(patterns, [&](const std::string& pattern) { return bears(*certificate, pattern); });
}

std::vector<std::string> patterns_of(const ClientCertificate& certificate) {
  std::vector<std::string> out{joined("fingerprint", certificate.fingerprint)};
  if (!certificate.subject.empty()) out.push_back(joined("subject", certificate.subject));
  for (const CertificateName& name : certificate.names) out.push_back(joined(word_of(name.kind), name.value));
  return out;
}

}  // namespace sallyport::policy
