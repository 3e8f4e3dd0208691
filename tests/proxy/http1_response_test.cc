// The upstream's answers: the strict reader and RFC 9112 s6.3 from the receiving side.
#include <gtest/gtest.h>

#include <string>

#include "proxy/codec/http1_head.h"

namespace sallyport::http {
namespace {

using std::string;
using namespace std::string_literals;

string with(const string& fields, const string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\n" + fields + "\r\n";
}

struct Case {
  string bytes;
  int status;  // 0 taken
};

int verdict(const string& bytes) {
  Head head;
  const auto length = parse_response_head(bytes, {}, head);
  if (!length) return length.error().status;
  if (*length == 0) return -1;
  EXPECT_EQ(*length, bytes.size());
  const auto framing = response_framing(head, false);
  return framing ? 0 : framing.error().status;
}

void expect_verdicts(const std::vector<Case>& table) {
  for (const Case& c : table) {
    EXPECT_EQ(verdict(c.bytes), c.status) << testing::PrintToString(c.bytes);
    Head head;
    const auto whole = parse_response_head(c.bytes, {}, head);
    for (size_t n = 0; n < c.bytes.size(); ++n) {
      const auto part = parse_response_head(std::string_view(c.bytes).substr(0, n), {}, head);
      if (part && *part == 0) continue;
      ASSERT_FALSE(part.has_value()) << n << testing::PrintToString(c.bytes);
      ASSERT_FALSE(whole.has_value()) << n << testing::PrintToString(c.bytes);
      EXPECT_STREQ(part.error().what, whole.error().what) << n << testing::PrintToString(c.bytes);
    }
  }
}

TEST(http1_response, has_one_verdict_on_each_status_line) {
  expect_verdicts({
      {with(""), 0},
      {with("", "200 "), 0},
      {with("", "200"), 0},
      {with("", "404 Not  Found\tat all \x80"), 0},
      {with("", "100 Continue"), 0},
      {with("", "599 x"), 0},
      {"HTTP/1.0 200 OK\r\n\r\n", 0},
      {with("", "099 x"), 400},
      {with("", "600 x"), 400},
      {with("", "000 x"), 400},
      {with("", "20 x"), 400},
      {with("", "2000 x"), 400},
      {with("", "2x0 x"), 400},
      {with("", "-20 x"), 400},
      {with("", " 200 OK"), 400},
      {with("", "200\tOK"), 400},
      {with("", "200-OK"), 400},
      {with("", "200 O\0K"s), 400},
      {with("", "200 O\x7fK"), 400},
      {with("", "200 OK\nA: b"), 400},
      {with("", "200 OK\rA: b"), 400},
      {with("", "200\nA: b"), 400},
      {"HTTP/1.1  200 OK\r\n\r\n", 400},
      {"HTTP/1.1\t200 OK\r\n\r\n", 400},
      {"HTTP/1.1200 OK\r\n\r\n", 400},
      {"HTTP/1.2 200 OK\r\n\r\n", 505},
      {"HTTP/2.0 200 OK\r\n\r\n", 505},
      {"HTTP/2 200 OK\r\n\r\n", 400},
      {"http/1.1 200 OK\r\n\r\n", 400},
      {"ICY 200 OK\r\n\r\n", 400},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", 400},
      {" HTTP/1.1 200 OK\r\n\r\n", 400},
      {"HTTP/1.1 200 OK\n\n", 400},
      {"HTTP/1.1 200 OK\r\n\n", 400},
      {"<html>", 400},
      {"\x15\x03\x01", 400},
      {"HTTP/1.1 200 OK\r\n", -1},
  });
}

TEST(http1_response, refuses_every_doubt_about_the_length) {
  expect_verdicts({
      {with("Content-Length: 5\r\n"), 0},
      {with("Transfer-Encoding: chunked\r\n"), 0},
      {with("Content-Length: 5\r\nContent-Length: 5\r\n"), 502},
      {with("Content-Length: 5\r\nContent-Length: 6\r\n"), 502},
      {with("Content-Length: 5, 5\r\n"), 502},
      {with("Content-Length: +5\r\n"), 502},
      {with("Content-Length: -1\r\n"), 502},
      {with("Content-Length:\r\n"), 502},
      {with("Content-Length: 18446744073709551617\r\n"), 502},
      {with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 502},
      {with("Transfer-Encoding: gzip, chunked\r\n"), 502},
      {with("Transfer-Encoding: identity\r\n"), 502},
      {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 502},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 502},
      {with("A : b\r\n"), 400},
      {with("A: b\r\n c\r\n"), 400},
      {with("A: b\nB: c\r\n"), 400},
      {with("A: b\0\r\n"s), 400},
      {with("no colon\r\n"), 400},
  });
}

TEST(http1_response, tells_body_length_and_reuse) {
  enum class To { kGet, kHead };
  struct {
    string bytes;
    To to;
    Body body;
    uint64_t length;
    bool keep_alive;
  } const table[] = {
      {with("Content-Length: 5\r\n"), To::kGet, Body::kLength, 5, true},
      {with("Content-Length: 0\r\n"), To::kGet, Body::kNone, 0, true},
      {with("Content-Length: 5\r\nConnection: close\r\n"), To::kGet, Body::kLength, 5, false},
      {with("Transfer-Encoding: chunked\r\n"), To::kGet, Body::kChunked, 0, true},
      {with(""), To::kGet, Body::kUntilClose, 0, false},
      {with("Connection: keep-alive\r\n"), To::kGet, Body::kUntilClose, 0, false},
      {with("Content-Length: 5\r\n"), To::kHead, Body::kNone, 5, true},
      {with("Transfer-Encoding: chunked\r\n"), To::kHead, Body::kNone, 0, true},
      {with(""), To::kHead, Body::kNone, 0, true},
      {with("Content-Length: 5\r\n", "304 Not Modified"), To::kGet, Body::kNone, 5, true},
      {with("", "304 Not Modified"), To::kGet, Body::kNone, 0, true},
      {with("", "204 No Content"), To::kGet, Body::kNone, 0, true},
      {with("Content-Length: 0\r\n", "204 No Content"), To::kGet, Body::kNone, 0, true},
      {with("Content-Length: 5\r\n", "204 No Content"), To::kGet, Body::kNone, 0, false},
      {with("Transfer-Encoding: chunked\r\n", "204 No Content"), To::kGet, Body::kNone, 0, false},
      {with("", "100 Continue"), To::kGet, Body::kNone, 0, true},
      {with("Content-Length: 5\r\n", "103 Early Hints"), To::kGet, Body::kNone, 0, false},
      {with("Upgrade: x\r\nConnection: upgrade\r\n", "101 Switching"), To::kGet, Body::kNone, 0, true},
      {with("Content-Length: 7\r\n", "205 Reset Content"), To::kGet, Body::kLength, 7, true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", To::kGet, Body::kLength, 5, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", To::kGet, Body::kLength, 5, true},
      {"HTTP/1.0 200 OK\r\n\r\n", To::kGet, Body::kUntilClose, 0, false},
  };
  for (const auto& c : table) {
    Head head;
    ASSERT_EQ(parse_response_head(c.bytes, {}, head), c.bytes.size());
    const auto framing = response_framing(head, c.to == To::kHead);
    ASSERT_TRUE(framing.has_value()) << c.bytes;
    EXPECT_EQ(framing->body, c.body) << c.bytes;
    EXPECT_EQ(framing->length, c.length) << c.bytes;
    EXPECT_EQ(framing->keep_alive, c.keep_alive) << c.bytes;
  }
}

TEST(http1_response, keeps_names_with_underscores_when_asked) {
  const string bytes = with("x_y: 1\r\n");
  HeadLimits limits;
  limits.underscores = Underscores::kKeep;
  Head head;
  ASSERT_EQ(parse_response_head(bytes, limits, head), bytes.size());
  ASSERT_EQ(head.count, 1u);
  EXPECT_EQ(head.fields()[0].name, "x_y");
  EXPECT_EQ(head.reason, "OK");
  EXPECT_EQ(head.status, 200);
  ASSERT_EQ(parse_response_head(bytes, {}, head), bytes.size());
  EXPECT_EQ(head.count, 0u);
}

}  // namespace
}  // namespace sallyport::http
