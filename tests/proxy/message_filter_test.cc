#include "proxy/websocket/message_filter.h"

#include <gmock/gmock.h>

namespace sallyport::proxy {
namespace {

using policy::MessageRule;
using websocket::Opcode;
using websocket::Sender;

// The messages that come out for the frames that go in, cut into pieces of `piece` bytes.
std::vector<std::string> heard(const std::string& frames, size_t piece = 1 << 20) {
  MessageFilter filter(MessageRule::kNodeRedListening);
  std::string out;
  for (size_t at = 0; at < frames.size(); at += piece)
    EXPECT_FALSE(filter.filter(std::string_view(frames).substr(at, piece), out));
  std::vector<std::string> messages;
  while (!out.empty()) {
    const auto head = **websocket::read_frame_head(out);
    std::string payload = out.substr(head.size, head.length);
    websocket::apply_mask(payload, head.mask);
    messages.push_back(payload);
    out.erase(0, head.size + head.length);
  }
  return messages;
}

std::string text(std::string_view message) {
  std::string out;
  websocket::write_frame(out, Sender::kClient, Opcode::kText, message);
  return out;
}

TEST(message_filter, who_listens_may_subscribe) {
  for (const char* const message : {R"({"subscribe":"debug"})", R"({ "subscribe" : "notification/#" })"})
    EXPECT_TRUE(said_under(MessageRule::kNodeRedListening, message)) << message;
}

TEST(message_filter, and_nothing_else) {
  for (const char* const message : {
           R"({"auth":"token"})",
           R"({"topic":"x","data":1})",
           R"({"subscribe":"a","topic":"b"})",
           R"({"subscribe":"a","\u0074opic":"b"})",
           R"({"subscribe":1})",
           R"({"subscribe":["a"]})",
           R"([{"subscribe":"a"}])",
           R"("subscribe")",
           R"({"Subscribe":"a"})",
           R"({})",
           "",
           "{",
           "nonsense",
           R"({"subscribe":"a"} {"topic":"b"})",
           "{\"subscribe\":\"\xff\"}",
       })
    EXPECT_FALSE(said_under(MessageRule::kNodeRedListening, message)) << message;
}

TEST(message_filter, what_is_sent_on_is_what_was_read) {
  EXPECT_EQ(said_under(MessageRule::kNodeRedListening, R"({"subscribe":"a","subscribe":"b"})"), R"({"subscribe":"b"})");
}

TEST(message_filter, drops_what_acts_and_keeps_what_listens_however_it_is_cut) {
  std::string frames = text(R"({"topic":"deploy"})") + text(R"({"subscribe":"debug"})");
  websocket::write_frame(frames, Sender::kClient, Opcode::kPing, "p");
  websocket::write_frame(frames, Sender::kClient, Opcode::kBinary, R"({"subscribe":"binary"})");
  frames += text(R"({"subscribe":"status/#"})");
  for (const size_t piece : {1u, 2u, 3u, 7u, 1000u})
    EXPECT_THAT(heard(frames, piece),
                testing::ElementsAre(R"({"subscribe":"debug"})", "p", R"({"subscribe":"status/#"})"));
}

TEST(message_filter, a_message_in_pieces_is_judged_whole) {
  std::string first = text(R"({"subscribe":"a")");
  first[0] = static_cast<char>(static_cast<unsigned char>(first[0]) & 0x7f);  // not the last
  std::string rest = text(R"(,"topic":"b"})");
  rest[0] = static_cast<char>(0x80);  // a continuation, the last
  EXPECT_THAT(heard(first + rest), testing::IsEmpty());
}

TEST(message_filter, what_is_too_big_to_be_looked_at_is_a_violation) {
  MessageFilter filter(MessageRule::kNodeRedListening);
  std::string out;
  const auto found = filter.filter(text(std::string(kInspectedMessageBytesMax + 1, ' ')), out);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code, websocket::CloseCode::kTooBig);
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace sallyport::proxy
