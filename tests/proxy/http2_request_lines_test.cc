// Our own request head as HTTP/2 field lines.
#include "proxy/codec/http2_request_lines.h"

#include <gtest/gtest.h>

#include <array>

namespace sallyport::http2 {
namespace {

using Indexing = FieldBlock::Indexing;

std::string shown(const FieldBlock& block) {
  std::string out;
  for (size_t i = 0; i < block.size(); ++i) {
    if (block.indexing(i) == Indexing::kNever) out += '!';
    out.append(block.name(i)).append("=").append(block.value(i)) += '\n';
  }
  return out;
}

constexpr std::string_view kHead =
    "POST /a?b HTTP/1.1\r\nHost: api.test:8443\r\nAccept: */*\r\nX-Empty: \r\ncookie: a=b\r\nAuthorization: Bearer "
    "x\r\n"
    "X-Key:  k: v \r\nX-Sallyport-Jwt-Assertion: ey\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nKeep-Alive: 1\r\n"
    "TE: gzip\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n";

TEST(Http2RequestLines, cuts_a_head_into_lines) {
  FieldBlock block;
  const std::array<std::string, 1> secret{"x-key"};
  append_request_lines(kHead, {.scheme = "https", .secret_names = secret}, block);
  EXPECT_EQ(shown(block),
            ":method=POST\n:scheme=https\n:authority=api.test:8443\n:path=/a?b\nAccept=*/*\nX-Empty=\n!cookie=a=b\n"
            "!Authorization=Bearer x\n!X-Key=k: v\n!X-Sallyport-Jwt-Assertion=ey\nContent-Length=3\n");
}

TEST(Http2RequestLines, says_te_where_the_client_did_and_hides_a_target_with_a_credential) {
  FieldBlock block;
  append_request_lines("GET /?k=v HTTP/1.1\r\nHost: a\r\n\r\n",
                       {.scheme = "http", .secret_names = {}, .secret_target = true, .takes_trailers = true}, block);
  EXPECT_EQ(shown(block), ":method=GET\n:scheme=http\n:authority=a\n!:path=/?k=v\nte=trailers\n");
  append_request_lines("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n", {.scheme = "http", .secret_names = {}},
                       block);
  EXPECT_EQ(shown(block), ":method=GET\n:scheme=http\n:authority=a\n:path=/\n");
}

TEST(Http2RequestLines, a_wiped_block_holds_nothing) {
  FieldBlock block;
  block.reserve(64);
  block.add("x-key", "sk-secret");
  const char* const at = block.value(0).data();
  block.wipe();
  EXPECT_TRUE(block.empty());
  EXPECT_EQ(std::string(at, 9), std::string(9, '\0'));
}

}  // namespace
}  // namespace sallyport::http2
