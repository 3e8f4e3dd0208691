#include <gmock/gmock.h>

#include "proxy/websocket/frames.h"
#include "proxy/websocket/handshake.h"

namespace sallyport::websocket {
namespace {

using testing::HasSubstr;

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

FrameChecker checker(Sender sender = Sender::kServer, uint64_t max = 1 << 20, bool compression = false) {
  return FrameChecker({.sender = sender, .compression = compression, .message_bytes_max = max});
}

// RFC 6455 s5.7, all examples.
TEST(websocket_frames, the_rfcs_examples_pass) {
  struct Example {
    const char* what;
    Sender sender;
    std::string frames;
  };
  const std::string big(256, 'x');
  const std::string huge(65536, 'x');
  for (const auto& [what, sender, frames] : {
           Example{"unmasked text", Sender::kServer, bytes({0x81, 5}) + "Hello"},
           Example{"masked text", Sender::kClient,
                   bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58})},
           Example{"fragments", Sender::kServer, bytes({1, 3}) + "Hel" + bytes({0x80, 2}) + "lo"},
           Example{"ping", Sender::kServer, bytes({0x89, 5}) + "Hello"},
           Example{"masked pong", Sender::kClient,
                   bytes({0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58})},
           Example{"256 bytes", Sender::kServer, bytes({0x82, 0x7e, 1, 0}) + big},
           Example{"64 KiB", Sender::kServer, bytes({0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}) + huge},
       }) {
    FrameChecker whole = checker(sender);
    const auto checked = whole.check(frames);
    EXPECT_FALSE(checked.violation) << what;
    EXPECT_EQ(checked.pass, frames.size()) << what;
    EXPECT_TRUE(whole.at_boundary()) << what;
    FrameChecker cut = checker(sender);
    std::string passed;
    for (const char byte : frames) {
      const auto step = cut.check({&byte, 1});
      ASSERT_FALSE(step.violation) << what;
      passed.append(step.before).append(&byte, step.pass);
    }
    EXPECT_EQ(passed, frames) << what << ", byte by byte";
  }
}

TEST(websocket_frames, what_breaks_the_protocol_is_found) {
  struct Broken {
    std::string frames;
    CloseCode code;
    const char* what;
  };
  const std::string good = bytes({0x81, 1}) + "g";
  for (const auto& [frames, code, what] : {
           Broken{bytes({0x81, 0x81, 1, 2, 3, 4, 5}), CloseCode::kProtocolError, "masked frame from the server"},
           Broken{bytes({0x83, 0}), CloseCode::kProtocolError, "unknown opcode"},
           Broken{bytes({0x8b, 0}), CloseCode::kProtocolError, "unknown opcode"},
           Broken{bytes({0xc1, 0}), CloseCode::kProtocolError, "reserved bits"},
           Broken{bytes({0xa1, 0}), CloseCode::kProtocolError, "reserved bits"},
           Broken{bytes({0x91, 0}), CloseCode::kProtocolError, "reserved bits"},
           Broken{bytes({0x09, 0}), CloseCode::kProtocolError, "control frame in pieces"},
           Broken{bytes({0x89, 0x7e, 0, 126}), CloseCode::kProtocolError, "over 125"},
           Broken{bytes({0x80, 0}), CloseCode::kProtocolError, "continuation of nothing"},
           Broken{bytes({0x01, 0, 0x81, 0}), CloseCode::kProtocolError, "message inside a message"},
           Broken{bytes({0x82, 0x7e, 0, 125}), CloseCode::kProtocolError, "shortest form"},
           Broken{bytes({0x82, 0x7f, 0, 0, 0, 0, 0, 0, 0xff, 0xff}), CloseCode::kProtocolError, "shortest form"},
           Broken{bytes({0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0}), CloseCode::kProtocolError, "over 2^63"},
           Broken{bytes({0x82, 0x7f, 0, 0, 0, 0, 0, 0x10, 0, 1}), CloseCode::kTooBig, "too big"},
           Broken{bytes({0x88, 1, 3}), CloseCode::kProtocolError, "close frame of one byte"},
           Broken{bytes({0x88, 0, 0x81, 0}), CloseCode::kProtocolError, "after the close frame"},
       }) {
    FrameChecker one = checker();
    const auto checked = one.check(good + frames);
    ASSERT_TRUE(checked.violation) << what;
    EXPECT_EQ(checked.violation->code, code) << what;
    EXPECT_THAT(checked.violation->what, HasSubstr(what));
    EXPECT_GE(checked.pass, good.size()) << "what came before passes";
  }
  FrameChecker client = checker(Sender::kClient);
  EXPECT_THAT(client.check(good).violation->what, HasSubstr("unmasked"));
}

TEST(websocket_frames, a_message_in_pieces_counts_as_one) {
  FrameChecker one = checker(Sender::kServer, 10);
  EXPECT_FALSE(one.check(bytes({0x02, 6}) + "123456").violation);
  EXPECT_FALSE(one.check(bytes({0x89, 6}) + "123456").violation) << "a ping between does not count";
  EXPECT_FALSE(one.check(bytes({0x00, 4}) + "7890").violation);
  EXPECT_EQ(one.check(bytes({0x80, 1}) + "x").violation->code, CloseCode::kTooBig);
}

TEST(websocket_frames, rsv1_marks_the_first_frame_of_a_compressed_message_alone) {
  FrameChecker agreed = checker(Sender::kServer, 100, true);
  EXPECT_FALSE(agreed.check(bytes({0x41, 1}) + "x").violation);
  EXPECT_TRUE(agreed.check(bytes({0xc0, 1}) + "x").violation) << "on a continuation";
  FrameChecker ping = checker(Sender::kServer, 100, true);
  EXPECT_TRUE(ping.check(bytes({0xc9, 0})).violation) << "on a ping";
}

TEST(websocket_frames, what_is_written_reads_back) {
  for (const size_t size : {0, 1, 125, 126, 65535, 65536}) {
    for (const Sender sender : {Sender::kClient, Sender::kServer}) {
      const std::string payload(size, 'p');
      std::string out = "before";
      write_frame(out, sender, Opcode::kBinary, payload);
      const std::string frame = out.substr(6);
      FrameChecker reader = checker(sender);
      EXPECT_EQ(reader.check(frame).pass, frame.size()) << size;
      EXPECT_TRUE(reader.at_boundary());
      const auto head = **read_frame_head(frame);
      std::string read = frame.substr(head.size);
      if (head.masked) apply_mask(read, head.mask);
      EXPECT_EQ(read, payload) << size;
    }
  }
}

// RFC 6455 s1.3
TEST(websocket_handshake, the_rfcs_key_has_the_rfcs_answer) {
  EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace sallyport::websocket
