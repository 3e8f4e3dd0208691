#include "policy/texts.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

TEST(Texts, host_names) {
  for (const char* good : {"a", "a.b", "a-b.c1", "1a.test", "0x.test", "xn--p1ai", "a.1x"})
    EXPECT_TRUE(is_host_name(good)) << good;
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "A", "1.2.3.4", "127.1", "12", "a.0x1f",
                          "a.0x", "a b", "a/b", "*.a", "größe"})
    EXPECT_FALSE(is_host_name(bad)) << bad;
  EXPECT_TRUE(is_host_name(std::string(63, 'a') + ".test"));
  EXPECT_FALSE(is_host_name(std::string(64, 'a') + ".test"));
  std::string longest;
  while (longest.size() < 250) longest += "a.";
  EXPECT_TRUE(is_host_name(longest + "abc"));
  EXPECT_FALSE(is_host_name(longest + "abcd"));
}

TEST(Texts, injected_headers) {
  for (const char* good : {"Authorization", "Cookie", "X-Api-Key", "X-Forward", "PRIVATE-TOKEN", "X_Key", "Accept"})
    EXPECT_TRUE(check_injected_header(good)) << good;
  for (const char* bad : {"Host",
                          "HOST",
                          "Content-Length",
                          "content_length",
                          "Content.Length",
                          "Transfer-Encoding",
                          "TE",
                          "Trailer",
                          "Connection",
                          "Keep-Alive",
                          "Proxy-Connection",
                          "Upgrade",
                          "Expect",
                          "HTTP2-Settings",
                          "X-Forwarded-For",
                          "x_forwarded_proto",
                          "X.Forwarded.Host",
                          "X-Forwarded-Anything",
                          "Forwarded",
                          "X-Real-IP",
                          "x_real_ip",
                          "X-Request-Id",
                          "X-Sallyport-User",
                          "X_SALLYPORT_ROLES",
                          "X-Sallyport-Jwt-Assertion",
                          "Sec-WebSocket-Key"})
    EXPECT_EQ(check_injected_header(bad).error().code, Code::kDenied) << bad;
  for (const std::string_view bad : {"", " X", "X ", "X:", "X\r\n", "X(Y)", "Größe", "a,b"})
    EXPECT_EQ(check_injected_header(bad).error().code, Code::kMalformed) << bad;
  EXPECT_FALSE(check_injected_header(std::string(129, 'a')));
}

TEST(Texts, methods_and_secret_names) {
  for (const char* good : {"GET", "M-SEARCH", "PROPFIND"}) EXPECT_TRUE(is_method(good)) << good;
  for (const char* bad : {"", "get", "Get", "GET ", "-A", "G3T", "GET,POST"}) EXPECT_FALSE(is_method(bad)) << bad;
  for (const char* good : {"a", "_", "Token2"}) EXPECT_TRUE(is_secret_name(good)) << good;
  for (const char* bad : {"", "2a", "a-b", "a.b", "a b", "ä"}) EXPECT_FALSE(is_secret_name(bad)) << bad;
}

TEST(Texts, emails) {
  for (const char* good : {"a@b", "alice@example.test", "a+b@x.test", "ä@x.test", "A@X.TEST"})
    EXPECT_TRUE(is_email(good)) << good;
  for (const char* bad :
       {"", "@", "a@", "@a", "a", "a@b@c", "a b@c", "a@b.", "a@[1.2.3.4]", "<a@b>", "a\"@b", "a@b,c@d"})
    EXPECT_FALSE(is_email(bad)) << bad;
  EXPECT_FALSE(is_email(std::string(65, 'a') + "@b"));
}

TEST(Texts, rule_paths_are_canonical) {
  EXPECT_EQ(parse_rule_path("/"), "/");
  EXPECT_EQ(parse_rule_path("/%7euser/%61"), "/~user/a");
  EXPECT_EQ(parse_rule_path("/a%3ab"), "/a%3Ab");
  for (const char* bad :
       {"",      "a",    "//",     "/a/",   "/a//b", "/.",   "/..", "/a/./b", "/a/%2E%2e", "/a%2Fb", "/a%5cb",
        "/a\\b", "/a;b", "/a%3Bb", "/a%00", "/a?b",  "/a#b", "/*",  "/%",     "/%g0",      "/ä"})
    EXPECT_FALSE(parse_rule_path(bad)) << bad;
  EXPECT_FALSE(parse_rule_path("/" + std::string(kPathBytesMax, 'a')));
}

TEST(Texts, certificates) {
  const std::string one = "-----BEGIN CERTIFICATE-----\nAAAA\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_TRUE(check_ca_pem(one));
  EXPECT_TRUE(check_ca_pem("# a comment\n" + one + one));
  EXPECT_FALSE(check_ca_pem(""));
  EXPECT_FALSE(check_ca_pem("/etc/ssl/ca.pem"));
  EXPECT_FALSE(check_ca_pem(one + "-----BEGIN CERTIFICATE-----\nAAAA\n"));
  EXPECT_FALSE(check_ca_pem("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(check_ca_pem(one + "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"));
}

}  // namespace
}  // namespace sallyport::policy
