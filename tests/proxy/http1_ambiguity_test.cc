// Requests that two readers could take for two different ones: length, host, target. Each is refused.
#include <string>

#include "tests/proxy/http1_verdicts.h"

namespace sallyport::http {
namespace {

using std::string;
using namespace std::string_literals;
using namespace table;

TEST(http1_ambiguity, refuses_every_doubt_about_the_length) {
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

TEST(http1_ambiguity, refuses_every_doubt_about_the_host) {
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

TEST(http1_ambiguity, refuses_other_targets) {
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
      {request("connect / HTTP/1.1", "Host: a\r\n"), 501},
      {request("connected / HTTP/1.1", "Host: a\r\n"), 0},
      {request("OPTIONS *x HTTP/1.1", "Host: a\r\n"), 400},
      {request("GET http://b/ HTTP/1.0", "Host: a\r\n"), 400},
      {request("GET http://b/ HTTP/1.0", ""), 0},
  });
}

TEST(http1_ambiguity, refuses_other_expectations_and_too_many_options) {
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

}  // namespace
}  // namespace sallyport::http
