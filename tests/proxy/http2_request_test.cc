// Requests of HTTP/2 clients: what is taken, and beside each what is not (RFC 9113 s8.3.1, RFC 8441).
#include <gtest/gtest.h>

#include "tests/proxy/http2_fields.h"

namespace sallyport::http2 {
namespace {

using http::Body;

// The four pseudo-fields, and then `more`.
Fields with(const Fields& more, const std::string& method = "GET", const std::string& path = "/") {
  Fields out{{":method", method}, {":scheme", "https"}, {":authority", "a.test"}, {":path", path}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

Fields websocket(const Fields& more = {}) {
  Fields out{{":method", "CONNECT"},   {":protocol", "websocket"}, {":scheme", "https"},
             {":authority", "a.test"}, {":path", "/ws"},           {"sec-websocket-version", "13"}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

TEST(Http2Request, becomes_the_head_of_a_request) {
  const auto got =
      request_of(with({{"accept", "*/*"}, {"x-a", ""}, {"te", "trailers"}}, "POST", "/a?b"), Follows::kMore);
  ASSERT_TRUE(got.framing) << got.what();
  EXPECT_EQ(got.head().method, "POST");
  EXPECT_EQ(got.head().target, "/a?b");
  EXPECT_EQ(got.lines(), "host: a.test\naccept: */*\nx-a: \nte: trailers\n");
  EXPECT_EQ(got.framing->host, "a.test");
  EXPECT_EQ(got.framing->body, Body::kChunked);
  EXPECT_TRUE(got.framing->keep_alive);
  EXPECT_FALSE(got.framing->upgrade);
}

TEST(Http2Request, has_one_host) {
  EXPECT_EQ(request_of(with({{"host", "A.TEST"}})).lines(), "host: a.test\n");
  Fields only_host{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "a.test"}};
  EXPECT_EQ(request_of(only_host).lines(), "host: a.test\n");
  only_host.emplace_back("host", "a.test");
  EXPECT_EQ(request_of(only_host).status(), 400);
  EXPECT_EQ(request_of(with({{"host", "b.test"}})).what(), "Host is not :authority");
  EXPECT_EQ(request_of({{":method", "GET"}, {":scheme", "https"}, {":path", "/"}}).status(), 400);
  EXPECT_EQ(request_of({{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "u@a.test"}}).status(),
            400);
}

TEST(Http2Request, joins_the_crumbs_of_cookies) {
  const auto got = request_of(with({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}));
  EXPECT_EQ(got.lines(), "host: a.test\nx: y\ncookie: a=1; b=2\n");
}

TEST(Http2Request, is_framed_by_what_it_says_and_by_its_end) {
  EXPECT_EQ(request_of(with({{"content-length", "5"}}, "POST"), Follows::kMore).framing->body, Body::kLength);
  EXPECT_EQ(request_of(with({{"content-length", "5"}}, "POST"), Follows::kMore).framing->length, 5u);
  EXPECT_EQ(request_of(with({}, "POST"), Follows::kMore).framing->body, Body::kChunked);
  EXPECT_EQ(request_of(with({}, "POST"), Follows::kNothing).framing->body, Body::kNone);
  EXPECT_EQ(request_of(with({{"content-length", "0"}}, "POST"), Follows::kNothing).framing->body, Body::kNone);
  EXPECT_TRUE(request_of(with({{"expect", "100-continue"}}, "PUT"), Follows::kMore).framing->expect_continue);
  EXPECT_FALSE(request_of(with({{"expect", "100-continue"}}, "PUT"), Follows::kNothing).framing->expect_continue);
}

TEST(Http2Request, refuses_what_is_none) {
  const std::pair<const char*, Fields> rows[] = {
      {"request without its pseudo-fields", {}},
      {"request without its pseudo-fields", {{":scheme", "https"}, {":authority", "a"}, {":path", "/"}}},
      {"request without its pseudo-fields", {{":method", "GET"}, {":authority", "a"}, {":path", "/"}}},
      {"request without its pseudo-fields", {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}}},
      {"unknown scheme", {{":method", "GET"}, {":scheme", "ftp"}, {":authority", "a"}, {":path", "/"}}},
      {"unknown pseudo-field", with({{":status", "200"}})},
      {"pseudo-field twice", with({{":path", "/"}})},
      {"pseudo-field after a field", {{"x", "y"}, {":method", "GET"}}},
      {"pseudo-field after a field", {{"cookie", "y"}, {":method", "GET"}}},
      {"bad method", with({}, "G T")},
      {"bad method", with({}, std::string(33, 'G'))},
      {"bad byte in a pseudo-field", with({}, "GET", "/a b")},
      {"bad byte in a pseudo-field", with({}, "GET", "/a\r\nX: y")},
      {"bad byte in a pseudo-field", with({}, "GET", "")},
      {"bad byte in a field name", with({{"", "y"}})},
      {"bad byte in a field name", with({{"x y", "z"}})},
      {"bad byte in a field name", with({{"x\ny", "z"}})},
      {"control byte in a field value", with({{"x", "a\r\nb: c"}})},
      {"control byte in a field value", with({{"x", std::string("a\0b", 3)}})},
      {"control byte in a field value", with({{"cookie", "a\nb"}})},
      {"field of the connection in HTTP/2", with({{"connection", "close"}})},
      {"field of the connection in HTTP/2", with({{"keep-alive", "1"}})},
      {"field of the connection in HTTP/2", with({{"proxy-connection", "1"}})},
      {"field of the connection in HTTP/2", with({{"transfer-encoding", "chunked"}})},
      {"field of the connection in HTTP/2", with({{"upgrade", "websocket"}})},
      {"TE other than trailers in HTTP/2", with({{"te", "gzip"}})},
      {"TE other than trailers in HTTP/2", with({{"te", "trailers, gzip"}})},
      {"two Content-Length fields", with({{"content-length", "1"}, {"content-length", "1"}})},
      {"bad Content-Length", with({{"content-length", "1x"}})},
  };
  for (const auto& [what, fields] : rows) {
    const auto got = request_of(fields, Follows::kMore);
    EXPECT_EQ(got.status(), 400) << what;
    EXPECT_EQ(got.what(), what);
  }
  EXPECT_EQ(request_of(with({{"expect", "200-ok"}}), Follows::kMore).status(), 417);
}

TEST(Http2Request, knows_no_tunnel_but_a_websocket) {
  const auto good = request_of(websocket({{"sec-websocket-key", "mine"}}), Follows::kMore);
  ASSERT_TRUE(good.framing) << good.what();
  EXPECT_EQ(good.head().method, "GET");
  EXPECT_TRUE(good.framing->upgrade);
  ASSERT_NE(good.head().find(http::FieldId::kSecWebSocketKey), nullptr);
  EXPECT_EQ(good.head().find(http::FieldId::kSecWebSocketKey)->value.size(), 24u);  // ours, not the client's
  EXPECT_EQ(request_of(websocket(), Follows::kNothing).status(), 400);
  EXPECT_EQ(request_of(websocket({{"content-length", "0"}}), Follows::kMore).status(), 400);
  EXPECT_EQ(request_of({{":method", "CONNECT"}, {":authority", "a.test:443"}}, Follows::kMore).status(), 501);
  EXPECT_EQ(request_of(with({{":protocol", "websocket"}}), Follows::kMore).status(), 501);
  Fields other = websocket();
  other[1].second = "connect-udp";
  EXPECT_EQ(request_of(other, Follows::kMore).status(), 501);
}

TEST(Http2Request, has_limits) {
  http::HeadLimits limits;
  limits.fields_max = 3;
  EXPECT_TRUE(request_of(with({{"a", "1"}, {"b", "2"}, {"c", "3"}}), Follows::kNothing, limits).framing);
  EXPECT_EQ(request_of(with({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}), Follows::kNothing, limits).status(),
            431);
  limits = {};
  limits.target_bytes_max = 10;
  EXPECT_TRUE(request_of(with({}, "GET", "/234567890"), Follows::kNothing, limits).framing);
  EXPECT_EQ(request_of(with({}, "GET", "/2345678901"), Follows::kNothing, limits).status(), 414);
  limits = {};
  limits.head_bytes_max = 200;
  EXPECT_TRUE(request_of(with({{"a", std::string(80, 'x')}}), Follows::kNothing, limits).framing);
  EXPECT_EQ(request_of(with({{"a", std::string(200, 'x')}}), Follows::kNothing, limits).status(), 431);
  EXPECT_EQ(request_of(with({{"cookie", std::string(100, 'x')}, {"cookie", std::string(100, 'x')}}), Follows::kNothing,
                       limits)
                .status(),
            431);
}

TEST(Http2Request, names_that_upstreams_fold) {
  http::HeadLimits limits;
  EXPECT_EQ(request_of(with({{"x_a", "1"}, {"b.c", "2"}, {"d", "3"}}), Follows::kNothing, limits).lines(),
            "host: a.test\nd: 3\n");
  limits.underscores = http::Underscores::kRefuse;
  EXPECT_EQ(request_of(with({{"x_a", "1"}}), Follows::kNothing, limits).status(), 400);
}

}  // namespace
}  // namespace sallyport::http2
