// Which requests are streams by what their media type says.
#include "proxy/lasting.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

bool lasting(const std::string& field) {
  const std::string bytes = "HTTP/1.1 200 OK\r\n" + field + "\r\n";
  http::Head head;
  EXPECT_TRUE(http::parse_response_head(bytes, {}, head).has_value()) << field;
  return is_lasting(head);
}

TEST(Lasting, streams_say_so_in_their_media_type) {
  for (const char* const type :
       {"text/event-stream", "Text/Event-Stream; charset=utf-8", "application/grpc", "application/grpc+proto",
        "application/grpc-web", "multipart/x-mixed-replace;boundary=x", "application/x-ndjson"})
    EXPECT_TRUE(lasting(std::string("Content-Type: ") + type + "\r\n")) << type;
}

TEST(Lasting, everything_else_ends_by_itself) {
  EXPECT_FALSE(lasting(""));
  for (const char* const type : {"text/html", "application/json", "application/octet-stream", "text/event", "x"})
    EXPECT_FALSE(lasting(std::string("Content-Type: ") + type + "\r\n")) << type;
}

}  // namespace
}  // namespace sallyport::proxy
