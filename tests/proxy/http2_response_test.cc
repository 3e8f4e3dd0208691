// Responses of HTTP/2 upstreams: what is taken, and beside each what is not.
#include <gtest/gtest.h>

#include "tests/proxy/http2_fields.h"

namespace sallyport::http2 {
namespace {

using http::Body;
using To = ResponseFields::To;

TEST(Http2Response, becomes_the_head_of_a_response) {
  const auto got =
      response_of({{":status", "404"}, {"content-type", "text/plain"}, {"x-a", ""}, {"set-cookie", "a=1"}});
  ASSERT_TRUE(got.framing);
  EXPECT_EQ(got.head().status, 404);
  EXPECT_EQ(got.head().reason, "Not Found");
  EXPECT_EQ(got.lines(), "content-type: text/plain\nx-a: \nset-cookie: a=1\n");
  EXPECT_TRUE(got.head().has(http::FieldId::kSetCookie));
  EXPECT_FALSE(got.head().has(http::FieldId::kContentLength));
}

TEST(Http2Response, is_framed_by_what_it_says_and_by_its_end) {
  struct Row {
    const char* status;
    const char* length;
    Follows follows;
    To to;
    Body body;
    uint64_t bytes;
  };
  const Row rows[] = {
      {"200", "5", Follows::kMore, To::kOther, Body::kLength, 5},
      {"200", nullptr, Follows::kMore, To::kOther, Body::kChunked, 0},
      {"200", "0", Follows::kMore, To::kOther, Body::kLength, 0},
      {"200", "0", Follows::kNothing, To::kOther, Body::kLength, 0},
      {"200", nullptr, Follows::kNothing, To::kOther, Body::kLength, 0},
      {"200", "5", Follows::kNothing, To::kHead, Body::kNone, 5},
      {"200", nullptr, Follows::kMore, To::kHead, Body::kNone, 0},
      {"204", nullptr, Follows::kNothing, To::kOther, Body::kNone, 0},
      {"304", "5", Follows::kNothing, To::kOther, Body::kNone, 5},
      {"103", nullptr, Follows::kMore, To::kOther, Body::kNone, 0},
  };
  for (const Row& row : rows) {
    Fields fields{{":status", row.status}};
    if (row.length != nullptr) fields.emplace_back("content-length", row.length);
    const auto got = response_of(fields, row.follows, row.to);
    const std::string shown = std::string(row.status) + " " + (row.length == nullptr ? "-" : row.length);
    ASSERT_TRUE(got.framing) << shown << ": " << got.what();
    EXPECT_EQ(got.framing->body, row.body) << shown;
    EXPECT_EQ(got.framing->length, row.bytes) << shown;
  }
}

TEST(Http2Response, refuses_what_is_none) {
  const std::pair<const char*, Fields> rows[] = {
      {"response without a status", {{"x", "y"}}},
      {"response without a status", {}},
      {"bad status code", {{":status", "20"}}},
      {"bad status code", {{":status", "2000"}}},
      {"bad status code", {{":status", "099"}}},
      {"bad status code", {{":status", "600"}}},
      {"bad status code", {{":status", "2 0"}}},
      {"bad status code", {{":status", "+20"}}},
      {"bad status code", {{":status", ""}}},
      {"pseudo-field twice", {{":status", "200"}, {":status", "200"}}},
      {"pseudo-field after a field", {{"x", "y"}, {":status", "200"}}},
      {"unknown pseudo-field", {{":status", "200"}, {":path", "/"}}},
      {"unknown pseudo-field", {{":statu", "200"}}},
      {"bad byte in a field name", {{":status", "200"}, {"", "y"}}},
      {"bad byte in a field name", {{":status", "200"}, {"x y", "z"}}},
      {"bad byte in a field name", {{":status", "200"}, {"x:", "z"}}},
      {"bad byte in a field name", {{":status", "200"}, {"x\r\ny", "z"}}},
      {"field name in upper case", {{":status", "200"}, {"X", "z"}}},
      {"control byte in a field value", {{":status", "200"}, {"x", "a\r\nb: c"}}},
      {"control byte in a field value", {{":status", "200"}, {"x", "a\nb"}}},
      {"control byte in a field value", {{":status", "200"}, {"x", std::string("a\0b", 3)}}},
      {"white space around a field value", {{":status", "200"}, {"x", " a"}}},
      {"white space around a field value", {{":status", "200"}, {"x", "a\t"}}},
      {"field of the connection in HTTP/2", {{":status", "200"}, {"connection", "close"}}},
      {"field of the connection in HTTP/2", {{":status", "200"}, {"keep-alive", "1"}}},
      {"field of the connection in HTTP/2", {{":status", "200"}, {"proxy-connection", "close"}}},
      {"field of the connection in HTTP/2", {{":status", "200"}, {"transfer-encoding", "chunked"}}},
      {"field of the connection in HTTP/2", {{":status", "200"}, {"upgrade", "h2c"}}},
      {"two Content-Length fields", {{":status", "200"}, {"content-length", "5"}, {"content-length", "5"}}},
      {"bad Content-Length", {{":status", "200"}, {"content-length", "5, 5"}}},
      {"bad Content-Length", {{":status", "200"}, {"content-length", "-1"}}},
      {"bad Content-Length", {{":status", "200"}, {"content-length", ""}}},
  };
  for (const auto& [what, fields] : rows) {
    const auto got = response_of(fields);
    EXPECT_EQ(got.status(), 502) << what;
    EXPECT_EQ(got.what(), what);
  }
  EXPECT_EQ(response_of({{":status", "100"}}, Follows::kNothing).what(), "interim response that ends the stream");
  EXPECT_EQ(response_of({{":status", "200"}, {"content-length", "5"}}, Follows::kNothing).what(),
            "Content-Length without a body");
}

TEST(Http2Response, has_limits) {
  Fields fields{{":status", "200"}};
  for (size_t i = 0; i < http::kFieldsMax; ++i) fields.emplace_back("x", "y");
  EXPECT_TRUE(response_of(fields).framing);
  fields.emplace_back("x", "y");
  EXPECT_EQ(response_of(fields).what(), "too many fields");
  const std::string large(proxy::kBlockBytes - 100, 'a');
  EXPECT_TRUE(response_of({{":status", "200"}, {"x", large}}).framing);
  EXPECT_EQ(response_of({{":status", "200"}, {"x", large}, {"y", std::string(100, 'b')}}).what(),
            "the response head is too large");
}

TEST(Http2Response, forgets_the_one_before) {
  ResponseFields gatherer;
  proxy::Block block;
  gatherer.begin();
  gatherer.add("X", "broken");
  EXPECT_FALSE(gatherer.finish(block, Follows::kMore, To::kOther));
  gatherer.begin();
  gatherer.add(":status", "200");
  EXPECT_TRUE(gatherer.finish(block, Follows::kMore, To::kOther));
  EXPECT_EQ(block.head.count, 0u);
}

}  // namespace
}  // namespace sallyport::http2
