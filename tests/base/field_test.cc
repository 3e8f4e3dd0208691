// Field names: each known one in any case, and every spelling of the names the gateway rebuilds.
#include "base/http/field.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::http {
namespace {

using std::string;

const std::pair<const char*, FieldId> kNames[] = {
    {"Host", FieldId::kHost},
    {"Connection", FieldId::kConnection},
    {"Keep-Alive", FieldId::kKeepAlive},
    {"Proxy-Connection", FieldId::kProxyConnection},
    {"Transfer-Encoding", FieldId::kTransferEncoding},
    {"TE", FieldId::kTe},
    {"Trailer", FieldId::kTrailer},
    {"Upgrade", FieldId::kUpgrade},
    {"Content-Length", FieldId::kContentLength},
    {"Expect", FieldId::kExpect},
    {"Cookie", FieldId::kCookie},
    {"Set-Cookie", FieldId::kSetCookie},
    {"Authorization", FieldId::kAuthorization},
    {"Proxy-Authorization", FieldId::kProxyAuthorization},
    {"Proxy-Authenticate", FieldId::kProxyAuthenticate},
    {"Accept", FieldId::kAccept},
    {"Accept-Encoding", FieldId::kAcceptEncoding},
    {"Origin", FieldId::kOrigin},
    {"Referer", FieldId::kReferer},
    {"User-Agent", FieldId::kUserAgent},
    {"Sec-Fetch-Site", FieldId::kSecFetchSite},
    {"Sec-Fetch-Mode", FieldId::kSecFetchMode},
    {"Sec-Fetch-Dest", FieldId::kSecFetchDest},
    {"Sec-Purpose", FieldId::kSecPurpose},
    {"Access-Control-Request-Method", FieldId::kAccessControlRequestMethod},
    {"Access-Control-Request-Headers", FieldId::kAccessControlRequestHeaders},
    {"Forwarded", FieldId::kForwarded},
    {"X-Forwarded-For", FieldId::kXForwardedFor},
    {"X-Forwarded-Proto", FieldId::kXForwardedProto},
    {"X-Forwarded-Host", FieldId::kXForwardedHost},
    {"X-Forwarded-Port", FieldId::kXForwardedPort},
    {"X-Forwarded-Prefix", FieldId::kXForwardedOther},
    {"X-Real-IP", FieldId::kXRealIp},
    {"X-Request-Id", FieldId::kXRequestId},
    {"X-Sallyport-Token", FieldId::kXSallyportToken},
    {"X-Sallyport-Request", FieldId::kXSallyportRequest},
    {"X-Sallyport-User", FieldId::kXSallyportOther},
    {"Content-Type", FieldId::kContentType},
    {"Content-Encoding", FieldId::kContentEncoding},
    {"Date", FieldId::kDate},
    {"Server", FieldId::kServer},
    {"Alt-Svc", FieldId::kAltSvc},
    {"Service-Worker-Allowed", FieldId::kServiceWorkerAllowed},
    {"Clear-Site-Data", FieldId::kClearSiteData},
    {"NEL", FieldId::kNel},
    {"Report-To", FieldId::kReportTo},
    {"Strict-Transport-Security", FieldId::kStrictTransportSecurity},
    {"Location", FieldId::kLocation},
    {"Cache-Control", FieldId::kCacheControl},
    {"Vary", FieldId::kVary},
    {"Sec-WebSocket-Key", FieldId::kSecWebSocketKey},
    {"Sec-WebSocket-Version", FieldId::kSecWebSocketVersion},
    {"Sec-WebSocket-Accept", FieldId::kSecWebSocketAccept},
    {"Sec-WebSocket-Extensions", FieldId::kSecWebSocketExtensions},
    {"HTTP2-Settings", FieldId::kHttp2Settings},
    {"Client-Cert", FieldId::kClientCertificate},
};

string upper(string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
  return text;
}
string lower(string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 0x20);
  return text;
}

TEST(field_id, knows_each_name_in_any_case) {
  uint64_t seen = 0;
  for (const auto& [name, id] : kNames) {
    EXPECT_EQ(field_id(name), id) << name;
    EXPECT_EQ(field_id(upper(name)), id) << name;
    EXPECT_EQ(field_id(lower(name)), id) << name;
    seen |= bit(id);
  }
  EXPECT_EQ(seen | 1, (bit(FieldId::kClientCertificate) << 1) - 1) << "a name is missing in this table";
}

TEST(field_id, knows_no_name_by_its_neighbours) {
  for (const auto& [known, id] : kNames) {
    const string name = known;
    const bool open = id == FieldId::kXForwardedOther || id == FieldId::kXSallyportOther ||
                      id == FieldId::kClientCertificate;  // any ending
    if (!open) EXPECT_NE(field_id(name + "x"), id) << name;
    if (!open) EXPECT_NE(field_id(name.substr(0, name.size() - 1)), id) << name;
    EXPECT_NE(field_id("x" + name), id) << name;
    for (size_t i = 0; i < name.size(); ++i) {
      for (int flip = 0; flip < 8; ++flip) {
        string other = name;
        other[i] = static_cast<char>(other[i] ^ 1 << flip);
        const FieldId got = field_id(other);
        if (got != id) continue;
        const bool same_letter = lower(other) == lower(name);
        const bool separator =
            !std::isalnum(static_cast<unsigned char>(name[i])) && !std::isalnum(static_cast<unsigned char>(other[i]));
        EXPECT_TRUE(same_letter || open || (separator && (name[0] | 0x20) == 'x')) << other;
      }
    }
  }
  EXPECT_EQ(field_id(""), FieldId::kOther);
  EXPECT_EQ(field_id("x"), FieldId::kOther);
  EXPECT_EQ(field_id("x-"), FieldId::kOther);
  EXPECT_EQ(field_id("X-Foo"), FieldId::kOther);
  EXPECT_EQ(field_id("X-Forwardedx"), FieldId::kOther);
  EXPECT_EQ(field_id("X-Sallyportal"), FieldId::kOther);
  EXPECT_EQ(field_id("XX-Forwarded-For"), FieldId::kOther);
  EXPECT_EQ(field_id(string(100000, 'x')), FieldId::kOther);
}

TEST(field_id, folds_every_separator_in_the_rebuilt_names) {
  const string separators = "-_.!#$%&'*+^`|~";
  for (const char a : separators) {
    for (const char b : separators) {
      EXPECT_EQ(field_id("x" + string(1, a) + "forwarded" + b + "for"), FieldId::kXForwardedFor) << a << b;
      EXPECT_EQ(field_id("X" + string(1, a) + "SALLYPORT" + b + "User"), FieldId::kXSallyportOther) << a << b;
      EXPECT_EQ(field_id("x" + string(1, a) + "sallyport" + b + "token"), FieldId::kXSallyportToken) << a << b;
      EXPECT_EQ(field_id("x" + string(1, a) + "Real" + b + "IP"), FieldId::kXRealIp) << a << b;
      EXPECT_EQ(field_id("x" + string(1, a) + "request" + b + "id"), FieldId::kXRequestId) << a << b;
    }
  }
  EXPECT_EQ(field_id("x_forwarded_" + string(1000, 'y')), FieldId::kXForwardedOther);
  EXPECT_EQ(field_id("X.Sallyport.Jwt_Assertion"), FieldId::kXSallyportOther);
  EXPECT_EQ(field_id("x_sallyport"), FieldId::kXSallyportOther);
  EXPECT_EQ(field_id("x_forwarded"), FieldId::kXForwardedOther);
  EXPECT_EQ(field_id("x_sallyport_"), FieldId::kXSallyportOther);
}

TEST(field_id, knows_what_tells_of_client_certificates_in_any_spelling) {
  for (const string known :
       {"Client-Cert",          "Client-Cert-Chain", "X-Client-Cert",       "X-Client-Cert-Hash",
        "X-Client-Certificate", "X-Client-DN",       "X-Client-Verify",     "X-Client-Subject-DN",
        "X-SSL-Client-Cert",    "X-SSL-Client-DN",   "X-SSL-Client-Verify", "X-SSL-Cert",
        "X-SSL-Issuer",         "X-SSL-Subject",     "SSL-Client-Cert",     "SSL-Client-Verify",
        "SSL-Client-S-DN",      "Ssl-Client",        "X-ARR-ClientCert",    "X-Amzn-Mtls-Clientcert-Subject",
        "X-Tls-Client-Cert",    "X-ClientCert",      "X-Client-Fingerprint"}) {
    for (const char separator : string("-_.~!")) {
      string spelled = known;
      for (char& c : spelled)
        if (c == '-') c = separator;
      EXPECT_EQ(field_id(spelled), FieldId::kClientCertificate) << spelled;
      EXPECT_EQ(field_id(upper(spelled)), FieldId::kClientCertificate) << spelled;
      EXPECT_EQ(field_id(lower(spelled)), FieldId::kClientCertificate) << spelled;
    }
  }
  EXPECT_EQ(field_id("X-Forwarded-Client-Cert"), FieldId::kXForwardedOther);
  EXPECT_EQ(field_id("X-Forwarded-Tls-Client-Cert-Info"), FieldId::kXForwardedOther);
  EXPECT_EQ(field_id("X-Sallyport-Certificate-Subject"), FieldId::kXSallyportOther);
  for (const string other : {"Client-Cer", "Client-Id", "Client-Ip-Address", "X-Client-Id", "X-Client-Ip", "SSL-Clien",
                             "SSL-Session-Id", "X-SSL-Cipher", "X-Tls-Version", "Sec-Fetch-Site", "Client"})
    EXPECT_NE(field_id(other), FieldId::kClientCertificate) << other;
}

TEST(field_id, differs_only_where_the_name_does) {  // no two of the rebuilt names shadow each other
  EXPECT_EQ(field_id("X-Forwarded-Ford"), FieldId::kXForwardedOther);
  EXPECT_EQ(field_id("X-Sallyport-Token-2"), FieldId::kXSallyportOther);
  EXPECT_EQ(field_id("X-Sallyport-Requests"), FieldId::kXSallyportOther);
  EXPECT_EQ(field_id("X-Forwarded-Proto-Version"), FieldId::kXForwardedOther);
}

TEST(iequals, is_ascii_alone) {
  EXPECT_TRUE(iequals("AbZ-9", "aBz-9"));
  EXPECT_TRUE(iequals("", ""));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("@", "`"));
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_FALSE(iequals("\xc4", "\xe4"));
  EXPECT_FALSE(iequals("k", "\xe2\x84\xaa"));
}

}  // namespace
}  // namespace sallyport::http
