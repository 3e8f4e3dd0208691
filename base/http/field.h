// Field names of HTTP messages: a small enum for those the gateway acts on, everything else is kOther.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sallyport::http {

enum class FieldId : uint8_t {
  kOther,
  kHost,
  kConnection,
  kKeepAlive,
  kProxyConnection,
  kTransferEncoding,
  kTe,
  kTrailer,
  kUpgrade,
  kContentLength,
  kExpect,
  kCookie,
  kSetCookie,
  kAuthorization,
  kProxyAuthorization,
  kProxyAuthenticate,
  kAccept,
  kAcceptEncoding,
  kOrigin,
  kReferer,
  kUserAgent,
  kSecFetchSite,
  kSecFetchMode,
  kSecFetchDest,
  kSecPurpose,
  kAccessControlRequestMethod,
  kAccessControlRequestHeaders,
  kForwarded,
  kXForwardedFor,
  kXForwardedProto,
  kXForwardedHost,
  kXForwardedPort,
  kXForwardedOther,  // X-Forwarded-* not named above
  kXRealIp,
  kXRequestId,
  kXSallyportToken,
  kXSallyportRequest,
  kXSallyportOther,  // X-Sallyport-* not named above
  kContentType,
  kContentEncoding,
  kDate,
  kServer,
  kAltSvc,
  kServiceWorkerAllowed,
  kClearSiteData,
  kNel,
  kReportTo,
  kStrictTransportSecurity,
  kLocation,
  kCacheControl,
  kVary,
  kSecWebSocketKey,
  kSecWebSocketVersion,
  kSecWebSocketAccept,
  kSecWebSocketExtensions,
  kHttp2Settings,
  kClientCertificate,  // what proxies say of a client's certificate, in any of the usual spellings
};

// ASCII case-insensitive. In the namespaces the gateway rebuilds (X-Forwarded-*, Forwarded, X-Real-IP,
// X-Request-Id, X-Sallyport-*, and those that tell of client certificates) every byte that is neither letter nor digit
// counts as '-', since upstreams fold them so (CGI, RFC 3875 s4.1.18; WSGI): x_forwarded_for, X.Sallyport.User,
// X-Real~IP. One switch on the length.
FieldId field_id(std::string_view name);

bool iequals(std::string_view a, std::string_view b);  // ASCII

// Bit sets of ids.
constexpr uint64_t bit(FieldId id) { return uint64_t{1} << static_cast<unsigned>(id); }

inline void append_number(std::string& out, uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// Appends "name: value" and CRLF (RFC 9112 s5). cost: one growth, two copies.
inline void append_field_line(std::string& out, std::string_view name, std::string_view value) {
  const size_t before = out.size();
  const size_t after = before + name.size() + value.size() + 4;
  out.resize_and_overwrite(after, [&](char* text, size_t) {
    char* at = text + before;
    std::memcpy(at, name.data(), name.size());
    at += name.size();
    *at++ = ':';
    *at++ = ' ';
    std::memcpy(at, value.data(), value.size());
    at += value.size();
    *at++ = '\r';
    *at = '\n';
    return after;
  });
}

}  // namespace sallyport::http
