// What framing says about messages that are taken: body, length, the connection's life, hop-by-hop fields.
#include <gtest/gtest.h>

#include <string>

#include "proxy/codec/http1_head.h"

namespace sallyport::http {
namespace {

using std::string;

struct Parsed {
  string bytes;
  Head head;
};
void parse_request(Parsed& out, const string& bytes) {
  out.bytes = bytes;
  ASSERT_EQ(parse_request_head(out.bytes, {}, out.head), out.bytes.size()) << bytes;
}

std::expected<RequestFraming, Refusal> request(const string& method, const string& minor, const string& fields,
                                               const string& target = "/") {
  static Parsed parsed;
  parse_request(parsed, method + " " + target + " HTTP/1." + minor + "\r\nHost: a.test:81\r\n" + fields + "\r\n");
  return request_framing(parsed.head);
}

TEST(request_framing, tells_the_body) {
  EXPECT_EQ(request("GET", "1", "")->body, Body::kNone);
  EXPECT_EQ(request("POST", "1", "")->body, Body::kNone);
  EXPECT_EQ(request("POST", "1", "Content-Length: 0\r\n")->body, Body::kNone);
  const auto length = request("POST", "1", "Content-Length: 999999999999999999\r\n");
  EXPECT_EQ(length->body, Body::kLength);
  EXPECT_EQ(length->length, 999999999999999999u);
  EXPECT_EQ(request("GET", "1", "Content-Length: 3\r\n")->body, Body::kLength);
  EXPECT_EQ(request("POST", "1", "Transfer-Encoding: Chunked\r\n")->body, Body::kChunked);
}

TEST(request_framing, tells_whether_the_connection_lives_on) {
  struct {
    const char* minor;
    const char* fields;
    bool keep_alive;
  } const table[] = {
      {"1", "", true},
      {"1", "Connection: close\r\n", false},
      {"1", "Connection: CLOSE\r\n", false},
      {"1", "Connection: keep-alive\r\n", true},
      {"1", "Connection: keep-alive, close\r\n", false},
      {"1", "Connection: keep-alive\r\nConnection: \t close\t,x\r\n", false},
      {"1", "Connection: closed\r\n", true},
      {"1", "Connection: x-close\r\n", true},
      {"1", "Connection:\r\n", true},
      {"1", "Connection: ,,\r\n", true},
      {"0", "", false},
      {"0", "Connection: keep-alive\r\n", true},
      {"0", "Connection: Keep-Alive, x\r\n", true},
      {"0", "Connection: keep-alive, close\r\n", false},
      {"0", "Keep-Alive: 300\r\n", false},
      {"0", "Proxy-Connection: keep-alive\r\n", false},
  };
  for (const auto& c : table) EXPECT_EQ(request("GET", c.minor, c.fields)->keep_alive, c.keep_alive) << c.fields;
}

TEST(request_framing, tells_expectations_and_upgrades) {
  EXPECT_TRUE(request("POST", "1", "Expect: 100-continue\r\nContent-Length: 1\r\n")->expect_continue);
  EXPECT_TRUE(request("POST", "1", "Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n")->expect_continue);
  EXPECT_FALSE(request("POST", "1", "Expect: 100-continue\r\n")->expect_continue);  // no body to wait for
  EXPECT_FALSE(request("POST", "0", "Expect: 100-continue\r\nContent-Length: 1\r\n")->expect_continue);
  EXPECT_FALSE(request("POST", "1", "Content-Length: 1\r\n")->expect_continue);

  EXPECT_TRUE(request("GET", "1", "Connection: Upgrade\r\nUpgrade: websocket\r\n")->upgrade);
  EXPECT_TRUE(request("GET", "1", "Upgrade: websocket\r\nConnection: keep-alive, upgrade\r\n")->upgrade);
  EXPECT_FALSE(request("GET", "1", "Upgrade: websocket\r\n")->upgrade);
  EXPECT_FALSE(request("GET", "1", "Connection: upgrade\r\n")->upgrade);
  EXPECT_FALSE(request("GET", "0", "Connection: upgrade\r\nUpgrade: websocket\r\n")->upgrade);
}

TEST(request_framing, tells_the_host) {
  EXPECT_EQ(request("GET", "1", "")->host, "a.test:81");
  EXPECT_EQ(request("GET", "1", "", "http://A.TEST:81/x")->host, "a.test:81");
  EXPECT_EQ(request("OPTIONS", "1", "", "*")->host, "a.test:81");
  Parsed old;
  parse_request(old, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(request_framing(old.head)->host, "");
  Parsed absolute;
  parse_request(absolute, "GET http://b.test/ HTTP/1.0\r\n\r\n");
  EXPECT_EQ(request_framing(absolute.head)->host, "b.test");
}

TEST(connection_options, knows_what_ends_here) {
  Parsed parsed;
  parse_request(parsed,
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Foo, upgrade\r\nConnection: te ,x-bar\r\nKeep-Alive: 1\r\n"
                "Proxy-Connection: x\r\nTE: trailers\r\nTrailer: x\r\nUpgrade: x\r\nProxy-Authorization: x\r\n"
                "Proxy-Authenticate: x\r\nX-FOO: 1\r\nx-bar: 1\r\nX-Fo: 1\r\nX-Foox: 1\r\nAccept: x\r\n\r\n");
  const ConnectionOptions options(parsed.head);
  string kept;
  for (const Field& field : parsed.head.fields())
    if (!options.hop_by_hop(field)) kept += string(field.name) + " ";
  EXPECT_EQ(kept, "Host X-Fo X-Foox Accept ");
}

TEST(connection_options, names_nothing_in_the_usual_case) {
  Parsed parsed;
  parse_request(parsed, "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nX: 1\r\nkeep-alive: x\r\n\r\n");
  const ConnectionOptions options(parsed.head);
  EXPECT_FALSE(options.hop_by_hop(parsed.head.fields()[0]));
  EXPECT_TRUE(options.hop_by_hop(parsed.head.fields()[1]));
  EXPECT_FALSE(options.hop_by_hop(parsed.head.fields()[2]));
  EXPECT_TRUE(options.hop_by_hop(parsed.head.fields()[3]));
}

}  // namespace
}  // namespace sallyport::http
