// The examples that RFC 9112 itself gives, by section, read as it says they are to be read.
#include <gtest/gtest.h>

#include <string>

#include "base/http/url.h"
#include "proxy/codec/http1_chunked.h"
#include "proxy/codec/http1_head.h"

namespace sallyport::http {
namespace {

using std::string;

int request_status(const string& bytes) {
  Head head;
  const auto length = parse_request_head(bytes, {}, head);
  if (!length) return length.error().status;
  EXPECT_NE(*length, 0u);
  const auto framing = request_framing(head);
  return framing ? 0 : framing.error().status;
}

TEST(rfc9112, s2_1_typical_message) {  // after RFC 9110 s3.9
  const string request =
      "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\nAccept-Language: en, mi\r\n\r\n";
  Head head;
  ASSERT_EQ(parse_request_head(request, {}, head), request.size());
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/hello.txt");
  EXPECT_EQ(head.fields()[2].value, "en, mi");
  EXPECT_EQ(request_framing(head)->host, "www.example.com");

  const string response =
      "HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\nServer: Apache\r\n"
      "Last-Modified: Wed, 22 Jul 2009 19:15:56 GMT\r\nETag: \"34aa387-d-1568eb00\"\r\nAccept-Ranges: bytes\r\n"
      "Content-Length: 51\r\nVary: Accept-Encoding\r\nContent-Type: text/plain\r\n\r\n";
  const string with_body = response + "Hello World! My content includes a trailing CRLF.\r\n";
  ASSERT_EQ(parse_response_head(with_body, {}, head), response.size());
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(response_framing(head, false)->length, 51u);
}

TEST(rfc9112, s2_2_white_space_before_the_first_field) {  // "MUST either reject the message or consume each line"
  EXPECT_EQ(request_status("GET / HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n"), 400);
}

TEST(rfc9112, s3_2_host) {  // "MUST respond with a 400 ... lacks a Host ..., more than one ..., or an invalid value"
  EXPECT_EQ(request_status("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(request_status("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(request_status("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
}

TEST(rfc9112, s3_2_forms_of_the_target) {
  const string origin = "GET /where?q=now HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
  Head head;
  ASSERT_EQ(parse_request_head(origin, {}, head), origin.size());
  const auto target = parse_target(head.target);
  EXPECT_EQ(target->path, "/where");
  EXPECT_EQ(target->query, "q=now");

  const string absolute =
      "GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
  ASSERT_EQ(parse_request_head(absolute, {}, head), absolute.size());
  ASSERT_TRUE(request_framing(head).has_value());
  EXPECT_EQ(parse_target(head.target)->path, "/pub/WWW/TheProject.html");
  EXPECT_EQ(parse_target(head.target)->authority, "www.example.org");

  EXPECT_EQ(request_status("CONNECT www.example.com:80 HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), 501);
  EXPECT_EQ(request_status("OPTIONS * HTTP/1.1\r\nHost: www.example.org:8001\r\n\r\n"), 0);
  EXPECT_EQ(request_status("OPTIONS http://www.example.org:8001 HTTP/1.1\r\nHost: www.example.org:8001\r\n\r\n"), 0);
}

TEST(rfc9112, s3_3_effective_uri) {
  EXPECT_EQ(request_status("GET /pub/WWW/TheProject.html HTTP/1.1\r\nHost: www.example.org:8080\r\n\r\n"), 0);
  EXPECT_EQ(request_status("GET * HTTP/1.1\r\nHost: www.example.org\r\n\r\n"), 400);
}

TEST(rfc9112, s5_1_white_space_before_the_colon) {  // "MUST reject ... with a response status code of 400"
  EXPECT_EQ(request_status("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400);
  EXPECT_EQ(request_status("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n"), 400);
}

TEST(rfc9112, s5_2_folding) {  // "MUST either reject the message ... or replace"
  EXPECT_EQ(request_status("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n"), 400);
}

TEST(rfc9112, s6_1_codings) {
  EXPECT_EQ(request_status("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501);
  EXPECT_EQ(request_status("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"), 400);
  EXPECT_EQ(request_status("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(rfc9112, s7_1_3_decoding_of_chunks) {
  const string body =
      "4\r\nWiki\r\n7;ext=\"x;y\"\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\nExpires: Wed, 21 Oct 2015 07:28:00 "
      "GMT\r\n\r\n";
  ChunkedReader reader;
  string data;
  std::string_view rest = body;
  for (;;) {
    const auto step = reader.read(rest);
    ASSERT_TRUE(step.has_value());
    data += step->data;
    rest.remove_prefix(step->consumed);
    if (step->end) break;
    ASSERT_NE(step->consumed, 0u);
  }
  EXPECT_EQ(data, "Wikipedia in \r\nchunks.");
  EXPECT_EQ(reader.trailers(), "Expires: Wed, 21 Oct 2015 07:28:00 GMT\r\n");
  EXPECT_TRUE(rest.empty());
}

TEST(rfc9112, s7_4_te) {  // TE is of this connection alone
  const string request = "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers, deflate;q=0.5\r\nConnection: TE\r\n\r\n";
  Head head;
  ASSERT_EQ(parse_request_head(request, {}, head), request.size());
  EXPECT_TRUE(ConnectionOptions(head).hop_by_hop(head.fields()[1]));
}

TEST(rfc9112, s9_6_tear_down) {
  const string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  Head head;
  ASSERT_EQ(parse_request_head(request, {}, head), request.size());
  EXPECT_FALSE(request_framing(head)->keep_alive);
}

}  // namespace
}  // namespace sallyport::http
