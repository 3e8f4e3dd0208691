// The strict request reader: line ends, request lines, field lines, limits. See http1_verdicts.h for how the tables
// work.
#include <string>

#include "tests/proxy/http1_verdicts.h"

namespace sallyport::http {
namespace {

using std::string;
using namespace std::string_literals;
using namespace table;

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
      {with("Transfer%Encoding: chunked\r\n"), 400},
      {with("X~Real~Ip: 1\r\n"), 400},
      {with("X-Y!: 1\r\n"), 400},
      {with("Content_Length: 5\r\n"), 400},
      {with(string(20, 'n') + "_" + string(20, 'n') + ": 1\r\n"), 400},
      {with("X-Y: _.\r\n"), 0},
  };
  HeadLimits limits;
  limits.underscores = Underscores::kRefuse;
  expect_verdicts(named, limits);

  Head head;
  const string bytes = with("x_y: 1\r\nTransfer_Encoding: chunked\r\nContent~Length: 5\r\nHo.st: b\r\nx-y: 2\r\n");
  ASSERT_EQ(parse_request_head(bytes, {}, head), bytes.size());
  ASSERT_EQ(head.count, 2u);
  EXPECT_EQ(head.fields()[1].name, "x-y");
  limits.underscores = Underscores::kKeep;
  ASSERT_EQ(parse_request_head(bytes, limits, head), bytes.size());
  EXPECT_EQ(head.count, 6u);
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
      string inside(2 * pad + 1, 'x');
      inside[pad] = byte;
      if (c != ':') EXPECT_EQ(verdict(with("n" + inside + ": v\r\n")), token ? 0 : 400) << c;
      EXPECT_EQ(verdict(with("n: v" + inside + "v\r\n")), value ? 0 : 400) << c;
      if (c != ' ') EXPECT_EQ(verdict(target("/" + inside)), visible ? 0 : 400) << c;
    }
  }
}

}  // namespace
}  // namespace sallyport::http
