// The strict request reader, as tables: every line is a head and the one verdict on it (0 = taken, else the status).
// One property holds for all of them: a prefix is "incomplete" or has the verdict of the whole, never another.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "proxy/codec/http1_head.h"

namespace sallyport::http {
namespace {

using std::string;
using namespace std::string_literals;

struct Case {
  string bytes;
  int status;
};
using Table = std::vector<Case>;

string request(const string& line, const string& fields) { return line + "\r\n" + fields + "\r\n"; }
string with(const string& fields) { return request("GET / HTTP/1.1", "Host: a\r\n" + fields); }
string post(const string& fields) { return request("POST / HTTP/1.1", "Host: a\r\n" + fields); }
string target(const string& target, const string& host = "a") {
  return request("GET " + target + " HTTP/1.1", "Host: " + host + "\r\n");
}

// What the reader and the framing pass say: -1 more bytes needed, 0 taken, else the status.
int verdict(std::string_view bytes, const HeadLimits& limits = {}) {
  const std::unique_ptr<char[]> exact(new char[bytes.size()]);  // so that the sanitizer sees a byte read too far
  std::copy(bytes.begin(), bytes.end(), exact.get());
  Head head;
  const auto length = parse_request_head({exact.get(), bytes.size()}, limits, head);
  if (!length) return length.error().status;
  if (*length == 0) return -1;
  EXPECT_EQ(*length, bytes.size());
  const auto framing = request_framing(head);
  return framing ? 0 : framing.error().status;
}

string shown(const string& bytes) { return testing::PrintToString(bytes.substr(0, 300)); }

void expect_verdicts(const Table& table, const HeadLimits& limits = {}) {
  for (const Case& c : table) {
    EXPECT_EQ(verdict(c.bytes, limits), c.status) << shown(c.bytes);
    Head head;
    const auto whole = parse_request_head(c.bytes, limits, head);
    bool decided = false;
    for (size_t n = 0; n < c.bytes.size(); ++n) {
      const auto part = parse_request_head(std::string_view(c.bytes).substr(0, n), limits, head);
      if (part && *part == 0) {
        EXPECT_FALSE(decided) << "undecided again at " << n << ": " << shown(c.bytes);
        continue;
      }
      decided = true;
      ASSERT_FALSE(part.has_value()) << "taken at " << n << ": " << shown(c.bytes);
      ASSERT_FALSE(whole.has_value()) << "refused at " << n << ": " << shown(c.bytes);
      EXPECT_EQ(part.error().status, whole.error().status) << n << ": " << shown(c.bytes);
      EXPECT_STREQ(part.error().what, whole.error().what) << n << ": " << shown(c.bytes);
    }
  }
}

TEST(http1_request, takes_the_ordinary) {
  expect_verdicts({
      {with(""), 0},
      {with("A: b\r\n"), 0},
      {with("A:b\r\n"), 0},
      {with("A:\r\n"), 0},
      {with("A: \t \r\n"), 0},
      {with("A:\tb\t\r\n"), 0},
      {with("A: b\x80\xff\r\n"), 0},
      {with("!#$%&'*+-^`|~09azAZ: b\r\n"), 0},
      {request("get / HTTP/1.1", "Host: a\r\n"), 0},
      {request("FOOBAR / HTTP/1.1", "Host: a\r\n"), 0},
      {request("GET / HTTP/1.0", ""), 0},
      {request("GET / HTTP/1.0", "Host:\r\n"), 0},
      {request("OPTIONS * HTTP/1.1", "Host: a\r\n"), 0},
      {target("http://a/"), 0},
      {target("HTTP://A/", "a"), 0},
      {target("https://a:8443/x?y", "a:8443"), 0},
      {target("http://a"), 0},
      {target("http://a?q"), 0},
      {target("/x?http://b/"), 0},
      {target("//x"), 0},  // one path, refused later where paths are strict
      {target("/", "A.Example.TEST"), 0},
      {target("/", "a."), 0},
      {target("/", "a_b.c-d"), 0},
      {target("/", "a:65535"), 0},
      {target("/", "127.0.0.1:80"), 0},
      {target("/", "[::1]:80"), 0},
      {post("Content-Length: 0\r\n"), 0},
      {post("content-LENGTH: 999999999999999999\r\n"), 0},
      {post("Transfer-Encoding: chunked\r\n"), 0},
      {post("transfer-encoding:\tCHUNKED \r\n"), 0},
      {post("Expect: 100-continue\r\nContent-Length: 1\r\n"), 0},
      {post("Expect: 100-Continue\r\n"), 0},
      {with("Connection: close, X-Foo,,keep-alive\r\nX-Foo: 1\r\n"), 0},
  });
}

TEST(http1_request, refuses_other_line_ends) {
  expect_verdicts({
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"GET / HTTP/1.1\n\n", 400},
      {"GET /\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n\rX", 400},
      {with("A: b\nB: c\r\n"), 400},
      {with("A: b\rB: c\r\n"), 400},
      {with("A: b\r\r\n"), 400},
      {with("A\n: b\r\n"), 400},
      {with("A\r\n"), 400},
      {with("\nA: b\r\n"), 400},
      {with("A: b\r\n\r"), 400},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET\r\n", 400},
      {"\x16\x03\x01\x02\x00\x01"s, 400},  // TLS where HTTP was meant
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
  });
}

TEST(http1_request, refuses_bad_request_lines) {
  expect_verdicts({
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\t\r\nHost: a\r\n\r\n", 400},
      {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\ta HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
      {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET\0 / HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
      {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"G\xc9T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {" / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET HTTP/1.1\r\nHost: a\r\n\r\n", 505},  // a target "HTTP/1.1" without a version
      {"GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\r\n\r\n", 505},
      {"GET / \r\n\r\n", 400},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/1.9\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/3.1\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/2\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/11.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1,1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/01.1\r\nHost: a\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / Http/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTPS/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / ICY/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1" + "\x0b"s + "\r\nHost: a\r\n\r\n", 400},
      {request(string(33, 'M') + " / HTTP/1.1", "Host: a\r\n"), 501},
      {request(string(32, 'M') + " / HTTP/1.1", "Host: a\r\n"), 0},
      {string(33, 'M'), 501},
  });
}

TEST(http1_request, refuses_bad_field_lines) {
  expect_verdicts({
      {with("A: b\r\n c\r\n"), 400},
      {with("A: b\r\n\tc\r\n"), 400},
      {with("A: b\r\n \r\n"), 400},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", 400},
      {with(" A: b\r\n"), 400},
      {with("A : b\r\n"), 400},
      {with("A\t: b\r\n"), 400},
      {with("Content-Length : 5\r\n"), 400},
      {with("Transfer-Encoding : chunked\r\n"), 400},
      {with(": b\r\n"), 400},
      {with(":\r\n"), 400},
      {with("Abc\r\n"), 400},
      {with("A b: c\r\n"), 400},
      {with("A(b: c\r\n"), 400},
      {with("A)b: c\r\n"), 400},
      {with("A/b: c\r\n"), 400},
      {with("A\"b: c\r\n"), 400},
      {with("A@b: c\r\n"), 400},
      {with("A[b: c\r\n"), 400},
      {with("A{b: c\r\n"), 400},
      {with("A;b: c\r\n"), 400},
      {with("A,b: c\r\n"), 400},
      {with("A=b: c\r\n"), 400},
      {with("A\x80: c\r\n"), 400},
      {with("A\xe2\x84\xaa: c\r\n"), 400},  // the Kelvin sign, which folds to k
      {with("A\0B: c\r\n"s), 400},
      {with("A\x7f: c\r\n"), 400},
      {with("A: b\0c\r\n"s), 400},
      {with("A: \0\r\n"s), 400},
      {with("A: b\x01\r\n"), 400},
      {with("A: b\x08\r\n"), 400},
      {with("A: b\x0b\r\n"), 400},
      {with("A: b\x0c\r\n"), 400},
      {with("A: b\x1f\r\n"), 400},
      {with("A: b\x7f\r\n"), 400},
      {with("A: b\x1b[2J\r\n"), 400},
      {with("A:" + string(15, ' ') + "b\x01" + string(20, 'c') + "\r\n"), 400},
      {with("A:" + string(40, 'b') + "\0"s + string(40, 'c') + "\r\n"), 400},
      {with("A:" + string(40, 'b') + "\n" + string(40, 'c') + "\r\n"), 400},
      {with(string(40, 'n') + " : c\r\n"), 400},
      {with(string(40, 'n') + "\n: c\r\n"), 400},
  });
}

TEST(http1_request, refuses_every_doubt_about_the_length) {
  expect_verdicts({
      {post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {post("Content-Length: 5\r\ncontent-length: 5\r\n"), 400},
      {post("Content-Length: 5\r\nA: b\r\nCONTENT-LENGTH: 0\r\n"), 400},
      {post("Content-Length: 0\r\nContent-Length: 0\r\n"), 400},
      {post("Content-Length: 5, 5\r\n"), 400},
      {post("Content-Length: 5,5\r\n"), 400},
      {post("Content-Length: 5,\r\n"), 400},
      {post("Content-Length: ,5\r\n"), 400},
      {post("Content-Length: 5 5\r\n"), 400},
      {post("Content-Length: +5\r\n"), 400},
      {post("Content-Length: -5\r\n"), 400},
      {post("Content-Length: -0\r\n"), 400},
      {post("Content-Length: 0x5\r\n"), 400},
      {post("Content-Length: 05\r\n"), 400},
      {post("Content-Length: 00\r\n"), 400},
      {post("Content-Length: 5.0\r\n"), 400},
      {post("Content-Length: 5e1\r\n"), 400},
      {post("Content-Length: 5a\r\n"), 400},
      {post("Content-Length: \"5\"\r\n"), 400},
      {post("Content-Length: 5;q=1\r\n"), 400},
      {post("Content-Length: 1_000\r\n"), 400},
      {post("Content-Length: \xc2\xb2\r\n"), 400},
      {post("Content-Length:\r\n"), 400},
      {post("Content-Length: \r\n"), 400},
      {post("Content-Length: 1000000000000000000\r\n"), 400},
      {post("Content-Length: 18446744073709551616\r\n"), 400},
      {post("Content-Length: 18446744073709551621\r\n"), 400},
      {post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400},
      {post("Content-Length: 5\r\nTransfer-Encoding: identity\r\n"), 400},
      {post("Content-Length: x\r\nTransfer-Encoding: y\r\n"), 400},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
      {post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 501},
      {post("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {post("Transfer-Encoding: chunked, gzip\r\n"), 400},
      {post("Transfer-Encoding: chunked;q=1\r\n"), 400},
      {post("Transfer-Encoding: chunked;\r\n"), 400},
      {post("Transfer-Encoding: chunked,\r\n"), 400},
      {post("Transfer-Encoding: ,chunked\r\n"), 400},
      {post("Transfer-Encoding: \"chunked\"\r\n"), 400},
      {post("Transfer-Encoding: chunked \"\r\n"), 400},
      {post("Transfer-Encoding: ch unked\r\n"), 400},
      {post("Transfer-Encoding: chunk\xe9"
            "d\r\n"),
       400},
      {post("Transfer-Encoding: \xc2\xa0"
            "chunked\r\n"),
       400},
      {post("Transfer-Encoding:\r\n"), 400},
      {post("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       400},
      {post("Transfer-Encoding: chunked\r\n , identity\r\n"), 400},
      {post("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {post("Transfer-Encoding: identity, chunked\r\n"), 501},
      {post("Transfer-Encoding: identity\r\n"), 501},
      {post("Transfer-Encoding: xchunked\r\n"), 501},
      {post("Transfer-Encoding: chunkedx\r\n"), 501},
      {post("Transfer-Encoding: chunked-\r\n"), 501},
      {post("Transfer-Encoding: gzip\r\n"), 501},
      {post("Transfer-Encoding: gzip;level=9, chunked\r\n"), 501},
      {request("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n"), 400},
      {request("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n"), 400},
      {request("POST / HTTP/1.0", "Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
  });
}

TEST(http1_request, refuses_every_doubt_about_the_host) {
  expect_verdicts({
      {request("GET / HTTP/1.1", ""), 400},
      {request("GET / HTTP/1.1", "A: b\r\n"), 400},
      {request("GET / HTTP/1.1", "Host:\r\n"), 400},
      {with("Host: b\r\n"), 400},
      {with("Host: a\r\n"), 400},
      {with("host: a\r\n"), 400},
      {with("HOST:\r\n"), 400},
      {request("GET / HTTP/1.0", "Host: a\r\nHost: a\r\n"), 400},
      {request("GET / HTTP/1.0", "Host: a b\r\n"), 400},
      {target("/", "a b"), 400},
      {target("/", "a/b"), 400},
      {target("/", "a\\b"), 400},
      {target("/", "a?b"), 400},
      {target("/", "a#b"), 400},
      {target("/", "u@a"), 400},
      {target("/", "u:p@a"), 400},
      {target("/", "a,b"), 400},
      {target("/", "a, a"), 400},
      {target("/", "a:b"), 400},
      {target("/", "a:"), 400},
      {target("/", ":80"), 400},
      {target("/", "a:0"), 400},
      {target("/", "a:080"), 400},
      {target("/", "a:+80"), 400},
      {target("/", "a:65536"), 400},
      {target("/", "a:99999999999"), 400},
      {target("/", "a:80:80"), 400},
      {target("/", "a..b"), 400},
      {target("/", ".a"), 400},
      {target("/", "a.."), 400},
      {target("/", "."), 400},
      {target("/", "-a"), 400},
      {target("/", "a-.b"), 400},
      {target("/", "a%2eb"), 400},
      {target("/", "a\xc3\xa9"), 400},
      {target("/", "http://a"), 400},
      {target("/", "<a>"), 400},
      {target("/", "a*"), 400},
      {target("/", "2130706433"), 400},
      {target("/", "0x7f000001"), 400},
      {target("/", "0x7f.1"), 400},
      {target("/", "127.1"), 400},
      {target("/", "0177.0.0.1"), 400},
      {target("/", "1.2.3.4.5"), 400},
      {target("/", "1.2.3.256"), 400},
      {target("/", "::1"), 400},
      {target("/", "[::1"), 400},
      {target("/", "[::1]x"), 400},
      {target("/", "[::1]80"), 400},
      {target("/", "[::1%25eth0]"), 400},
      {target("/", "[127.0.0.1]"), 400},
      {target("/", "[v1.x]"), 400},
      {target("/", "[]"), 400},
      {target("/", string(64, 'a')), 400},
      {target("/", string(63, 'a')), 0},
  });
}

TEST(http1_request, refuses_other_targets) {
  expect_verdicts({
      {target("http://b/", "a"), 400},
      {target("http://a:81/", "a"), 400},
      {target("http://a/", "a:80"), 400},
      {target("http://a.b/", "a"), 400},
      {target("http://u@a/", "a"), 400},
      {target("http://a@b/", "b"), 400},
      {target("http:///x", "a"), 400},
      {target("http://", "a"), 400},
      {target("http:/a/", "a"), 400},
      {target("http:a", "a"), 400},
      {target("http://a#x", "a"), 400},
      {target("http://a\\b/", "a"), 400},
      {target("http://a b/", "a"), 400},
      {target("ftp://a/", "a"), 400},
      {target("ws://a/", "a"), 400},
      {target("file:///etc/passwd", "a"), 400},
      {target("a:443", "a:443"), 400},
      {target("a/b"), 400},
      {target("?a"), 400},
      {target("*"), 400},
      {target("*/"), 400},
      {target("/#frag"), 0},  // '#' is refused where the path is read
      {target("\\a"), 400},
      {target("%2f"), 400},
      {request("CONNECT a:443 HTTP/1.1", "Host: a:443\r\n"), 501},
      {request("CONNECT / HTTP/1.1", "Host: a\r\n"), 501},
      {request("OPTIONS *x HTTP/1.1", "Host: a\r\n"), 400},
      {request("GET http://b/ HTTP/1.0", "Host: a\r\n"), 400},
      {request("GET http://b/ HTTP/1.0", ""), 0},
  });
}

TEST(http1_request, refuses_other_expectations_and_too_many_options) {
  string many = "Connection: a";
  for (size_t i = 1; i < kConnectionOptionsMax; ++i) many += ",a";
  expect_verdicts({
      {post("Expect: 200-ok\r\n"), 417},
      {post("Expect: 100-continue, x\r\n"), 417},
      {post("Expect:\r\n"), 417},
      {post("Expect: 100-continue\r\nExpect: x\r\n"), 417},
      {with(many + "\r\n"), 0},
      {with(many + ",a\r\n"), 400},
      {with(many + "\r\nConnection: a\r\n"), 400},
  });
}

TEST(http1_request, has_a_verdict_for_each_limit) {
  HeadLimits limits;
  limits.head_bytes_max = 200;
  limits.target_bytes_max = 20;
  limits.fields_max = 3;
  const string base = with("A: \r\n");
  const auto of_length = [&](size_t n) { return with("A: " + string(n - base.size(), 'x') + "\r\n"); };
  expect_verdicts(
      {
          {of_length(200), 0},
          {of_length(201), 431},
          {of_length(201).substr(0, 199), -1},
          {of_length(201).substr(0, 200), 431},  // no more bytes could help, and a full buffer would wait for ever
          {of_length(5000), 431},
          {target("/" + string(19, 'x')), 0},
          {target("/" + string(20, 'x')), 414},
          {target("/" + string(20, 'x') + "\x01"), 414},
          {target("/" + string(5000, 'x')), 414},
          {with("A: 1\r\nB: 2\r\n"), 0},
          {with("A: 1\r\nB: 2\r\nC: 3\r\n"), 431},
          {with("A: 1\r\nB: 2\r\nC\x01"), 431},
          {with("a_b: 1\r\na_b: 1\r\n"), 0},  // those left out count too
          {with("a_b: 1\r\na_b: 1\r\na_b: 1\r\n"), 431},
          {with("A: " + string(300, 'x') + "\x01\r\n"), 431},
          {with("A: \x01" + string(300, 'x') + "\r\n"), 400},
      },
      limits);
  limits = {};
  limits.fields_max = 100000;  // the storage's size holds all the same
  string lines;
  for (size_t i = 0; i < kFieldsMax - 1; ++i) lines += "A: b\r\n";
  expect_verdicts({{with(lines), 0}, {with(lines + "A: b\r\n"), 431}}, limits);
}

TEST(http1_request, refuses_or_drops_names_that_upstreams_fold) {
  const Table named = {
      {with("x_y: 1\r\n"), 400},
      {with("X.Y: 1\r\n"), 400},
      {with("_: 1\r\n"), 400},
      {with("Content_Length: 5\r\n"), 400},
      {with(string(20, 'n') + "_" + string(20, 'n') + ": 1\r\n"), 400},
      {with("X-Y: _.\r\n"), 0},
  };
  HeadLimits limits;
  limits.underscores = Underscores::kRefuse;
  expect_verdicts(named, limits);

  Head head;
  const string bytes = with("x_y: 1\r\nTransfer_Encoding: chunked\r\nHo.st: b\r\nx-y: 2\r\n");
  ASSERT_EQ(parse_request_head(bytes, {}, head), bytes.size());
  ASSERT_EQ(head.count, 2u);
  EXPECT_EQ(head.fields()[1].name, "x-y");
  limits.underscores = Underscores::kKeep;
  ASSERT_EQ(parse_request_head(bytes, limits, head), bytes.size());
  EXPECT_EQ(head.count, 5u);
}

TEST(http1_request, gives_what_was_sent) {
  Head head;
  const string bytes = "PUT /a?b=c HTTP/1.0\r\nHost: a\r\nX-Foo:  one two \t\r\ncookie: a=b\r\nX-Empty:\r\n\r\nbody";
  ASSERT_EQ(parse_request_head(bytes, {}, head), bytes.size() - 4);
  EXPECT_EQ(head.method, "PUT");
  EXPECT_EQ(head.target, "/a?b=c");
  EXPECT_EQ(head.minor, 0);
  ASSERT_EQ(head.count, 4u);
  EXPECT_EQ(head.fields()[1].name, "X-Foo");
  EXPECT_EQ(head.fields()[1].value, "one two");
  EXPECT_EQ(head.fields()[1].id, FieldId::kOther);
  EXPECT_EQ(head.fields()[3].value, "");
  ASSERT_NE(head.find(FieldId::kCookie), nullptr);
  EXPECT_EQ(head.find(FieldId::kCookie)->value, "a=b");
  EXPECT_EQ(head.find(FieldId::kExpect), nullptr);
  EXPECT_FALSE(head.has(FieldId::kOther));

  const string next = with("");  // the same head again: nothing of the last message stays
  ASSERT_EQ(parse_request_head(next, {}, head), next.size());
  EXPECT_EQ(head.count, 1u);
  EXPECT_EQ(head.minor, 1);
  EXPECT_FALSE(head.has(FieldId::kCookie));
}

TEST(http1_request, finds_a_bad_byte_at_every_place) {  // around the wide steps of the scans
  for (size_t n = 1; n < 70; ++n) {
    for (const char bad : {'\0', '\n', '\x01', '\x1f', '\x7f'}) {
      for (size_t at = 0; at < n; ++at) {
        string value(n, 'v');
        value[at] = bad;
        ASSERT_EQ(verdict(with("A: " + value + "\r\n")), 400) << n << " " << at;
        string name(n, 'n');
        name[at] = bad;
        ASSERT_EQ(verdict(with(name + ": v\r\n")), 400) << n << " " << at;
        string path(n, 'p');
        path[at] = bad;
        ASSERT_EQ(verdict(target("/" + path)), 400) << n << " " << at;
      }
    }
  }
}

TEST(http1_request, knows_each_byte_by_its_class) {
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool token = alphanumeric || (c != 0 && string("!#$%&'*+-.^_`|~").find(byte) != string::npos);
    const bool value = c == '\t' || (c >= 0x20 && c != 0x7f);
    const bool visible = c > 0x20 && c < 0x7f;
    for (const size_t pad : {0, 3, 17, 40}) {
      const string around(pad, 'x');
      if (c != ':') EXPECT_EQ(verdict(with("n" + around + byte + around + ": v\r\n")), token ? 0 : 400) << c;
      EXPECT_EQ(verdict(with("n: v" + around + byte + around + "v\r\n")), value ? 0 : 400) << c;
      if (c != ' ') EXPECT_EQ(verdict(target("/" + around + byte + around)), visible ? 0 : 400) << c;
    }
  }
}

}  // namespace
}  // namespace sallyport::http
