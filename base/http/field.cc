#include "base/http/field.h"

#include <array>
#include <cstddef>

namespace sallyport::http {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr bool alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A lower-case name to compare with, prepared at compile time: no branch per byte, so that it becomes a few
// wide compares.
template <size_t N>
struct Name {
  std::array<char, N> text{};
  std::array<char, N> fold{};                     // 0x20 where a letter stands
  consteval Name(const char (&literal)[N + 1]) {  // NOLINT: converts from literals on purpose
    for (size_t i = 0; i < N; ++i) {
      text[i] = literal[i];
      fold[i] = literal[i] >= 'a' && literal[i] <= 'z' ? 0x20 : 0;
    }
  }
};
template <size_t N>
Name(const char (&)[N]) -> Name<N - 1>;

template <Name kName>
bool is(const char* name) {
  unsigned differs = 0;
  for (size_t i = 0; i < kName.text.size(); ++i)
    differs |= static_cast<unsigned char>((name[i] | kName.fold[i]) ^ kName.text[i]);
  return differs == 0;
}

// What proxies in front of a tool tell it of the client's certificate (RFC 9440, nginx, HAProxy, Apache, Azure, AWS,
// Google and others), behind "x-". X-Forwarded-Client-Cert and its like go with their family.
bool tells_of_certificate(std::string_view folded) {
  static constexpr std::string_view kFamilies[] = {
      "client-cert",        "clientcert", "client-dn", "client-verify", "client-subject",
      "client-fingerprint", "ssl-client", "ssl-cert",  "ssl-subject",   "ssl-issuer",
      "ssl-verify",         "tls-client", "amzn-mtls", "arr-clientcert"};
  for (const std::string_view family : kFamilies)
    if (folded.starts_with(family)) return true;
  return false;
}

// The same without "x-" in front: Client-Cert, SSL-Client-Verify, SSL_CLIENT_S_DN. The caller has seen the first
// letters.
bool is_bare_certificate_field(std::string_view name) {
  std::array<char, 11> buffer{};
  const size_t size = name.size() < buffer.size() ? name.size() : buffer.size();
  for (size_t i = 0; i < size; ++i) buffer[i] = alphanumeric(name[i]) ? lower(name[i]) : '-';
  const std::string_view folded(buffer.data(), size);
  return folded.starts_with("ssl-client") || folded == "client-cert";
}

// The namespaces the gateway rebuilds, after every byte that is neither letter nor digit has become '-'.
constexpr size_t kFoldedMax = 17;  // the longest name told apart, "x-forwarded-proto"; all X-Sallyport ones fit
FieldId rebuilt_field_id(std::string_view name) {
  std::array<char, kFoldedMax + 3> buffer;
  if (name.size() > buffer.size()) name = name.substr(0, buffer.size());
  for (size_t i = 0; i < name.size(); ++i) buffer[i] = alphanumeric(name[i]) ? lower(name[i]) : '-';
  const std::string_view folded(buffer.data(), name.size());
  if (folded == "x-real-ip") return FieldId::kXRealIp;
  if (folded == "x-request-id") return FieldId::kXRequestId;
  if (folded.starts_with("x-forwarded")) {
    const std::string_view rest = folded.substr(11);
    if (rest == "-for") return FieldId::kXForwardedFor;
    if (rest == "-proto") return FieldId::kXForwardedProto;
    if (rest == "-host") return FieldId::kXForwardedHost;
    if (rest == "-port") return FieldId::kXForwardedPort;
    if (rest.empty() || rest[0] == '-') return FieldId::kXForwardedOther;
  }
  if (tells_of_certificate(folded.substr(2))) return FieldId::kClientCertificate;
  if (folded.starts_with("x-sallyport")) {
    const std::string_view rest = folded.substr(11);
    if (rest == "-token") return FieldId::kXSallyportToken;
    if (rest == "-request") return FieldId::kXSallyportRequest;
    if (rest.empty() || rest[0] == '-') return FieldId::kXSallyportOther;
  }
  return FieldId::kOther;
}

}  // namespace

FieldId field_id(std::string_view name) {
  const char* const p = name.data();
  if (name.size() > 2 && (p[0] | 0x20) == 'x' && !alphanumeric(p[1])) return rebuilt_field_id(name);
  if (name.size() >= 10) {
    const char first = lower(p[0]);
    const bool worth_a_look = (first == 's' && lower(p[2]) == 'l' && !alphanumeric(p[3])) ||
                              (first == 'c' && lower(p[1]) == 'l' && !alphanumeric(p[6]));
    if (worth_a_look && is_bare_certificate_field(name)) return FieldId::kClientCertificate;
  }
  switch (name.size()) {
    case 2:
      return is<"te">(p) ? FieldId::kTe : FieldId::kOther;
    case 3:
      return is<"nel">(p) ? FieldId::kNel : FieldId::kOther;
    case 4:
      if (is<"host">(p)) return FieldId::kHost;
      if (is<"date">(p)) return FieldId::kDate;
      return is<"vary">(p) ? FieldId::kVary : FieldId::kOther;
    case 6:
      if (is<"cookie">(p)) return FieldId::kCookie;
      if (is<"accept">(p)) return FieldId::kAccept;
      if (is<"origin">(p)) return FieldId::kOrigin;
      if (is<"expect">(p)) return FieldId::kExpect;
      return is<"server">(p) ? FieldId::kServer : FieldId::kOther;
    case 7:
      if (is<"referer">(p)) return FieldId::kReferer;
      if (is<"upgrade">(p)) return FieldId::kUpgrade;
      if (is<"trailer">(p)) return FieldId::kTrailer;
      return is<"alt-svc">(p) ? FieldId::kAltSvc : FieldId::kOther;
    case 8:
      return is<"location">(p) ? FieldId::kLocation : FieldId::kOther;
    case 9:
      if (is<"report-to">(p)) return FieldId::kReportTo;
      return is<"forwarded">(p) ? FieldId::kForwarded : FieldId::kOther;
    case 10:
      if (is<"user-agent">(p)) return FieldId::kUserAgent;
      if (is<"connection">(p)) return FieldId::kConnection;
      if (is<"keep-alive">(p)) return FieldId::kKeepAlive;
      return is<"set-cookie">(p) ? FieldId::kSetCookie : FieldId::kOther;
    case 11:
      return is<"sec-purpose">(p) ? FieldId::kSecPurpose : FieldId::kOther;
    case 12:
      return is<"content-type">(p) ? FieldId::kContentType : FieldId::kOther;
    case 13:
      if (is<"authorization">(p)) return FieldId::kAuthorization;
      return is<"cache-control">(p) ? FieldId::kCacheControl : FieldId::kOther;
    case 14:
      if (is<"content-length">(p)) return FieldId::kContentLength;
      if (is<"sec-fetch-site">(p)) return FieldId::kSecFetchSite;
      if (is<"sec-fetch-mode">(p)) return FieldId::kSecFetchMode;
      if (is<"sec-fetch-dest">(p)) return FieldId::kSecFetchDest;
      return is<"http2-settings">(p) ? FieldId::kHttp2Settings : FieldId::kOther;
    case 15:
      if (is<"clear-site-data">(p)) return FieldId::kClearSiteData;
      return is<"accept-encoding">(p) ? FieldId::kAcceptEncoding : FieldId::kOther;
    case 16:
      if (is<"content-encoding">(p)) return FieldId::kContentEncoding;
      return is<"proxy-connection">(p) ? FieldId::kProxyConnection : FieldId::kOther;
    case 17:
      if (is<"transfer-encoding">(p)) return FieldId::kTransferEncoding;
      return is<"sec-websocket-key">(p) ? FieldId::kSecWebSocketKey : FieldId::kOther;
    case 18:
      return is<"proxy-authenticate">(p) ? FieldId::kProxyAuthenticate : FieldId::kOther;
    case 19:
      return is<"proxy-authorization">(p) ? FieldId::kProxyAuthorization : FieldId::kOther;
    case 20:
      return is<"sec-websocket-accept">(p) ? FieldId::kSecWebSocketAccept : FieldId::kOther;
    case 21:
      return is<"sec-websocket-version">(p) ? FieldId::kSecWebSocketVersion : FieldId::kOther;
    case 22:
      return is<"service-worker-allowed">(p) ? FieldId::kServiceWorkerAllowed : FieldId::kOther;
    case 24:
      return is<"sec-websocket-extensions">(p) ? FieldId::kSecWebSocketExtensions : FieldId::kOther;
    case 25:
      return is<"strict-transport-security">(p) ? FieldId::kStrictTransportSecurity : FieldId::kOther;
    case 29:
      return is<"access-control-request-method">(p) ? FieldId::kAccessControlRequestMethod : FieldId::kOther;
    case 30:
      return is<"access-control-request-headers">(p) ? FieldId::kAccessControlRequestHeaders : FieldId::kOther;
    default:
      return FieldId::kOther;
  }
}

bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

}  // namespace sallyport::http
