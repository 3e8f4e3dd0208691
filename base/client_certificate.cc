#include "base/client_certificate.h"

#include <algorithm>
#include <string_view>

namespace sallyport {
namespace {

bool is_plain(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool is_host(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

}  // namespace

std::string canonical_certificate_name(CertificateNameKind kind, std::string_view text) {
  if (!is_plain(text)) return {};
  switch (kind) {
    case CertificateNameKind::kUri:
      return std::string(text);
    case CertificateNameKind::kDns: {
      std::string host = lower_case(text);  // a wildcard names nobody, and is no host here
      return is_host(host) ? host : std::string();
    }
    case CertificateNameKind::kEmail: {
      // RFC 5280 s7.5: the local part is compared as it stands, the host without case.
      const size_t at = text.find('@');
      if (at == 0 || at == text.npos) return {};
      const std::string host = lower_case(text.substr(at + 1));
      return is_host(host) ? std::string(text.substr(0, at + 1)) + host : std::string();
    }
  }
  return {};
}

}  // namespace sallyport
