// WebSocket frames (RFC 6455 s5) as they pass: heads are checked, payloads are not touched. Nothing is buffered but a
// head that came in two pieces.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::websocket {

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// RFC 6455 s7.4.1
enum class CloseCode : uint16_t {
  kGoingAway = 1001,
  kProtocolError = 1002,
  kPolicyViolation = 1008,
  kTooBig = 1009,
  kInternalError = 1011,
};

enum class Sender : uint8_t { kClient, kServer };  // a client's frames are masked, a server's are not (s5.1)

constexpr size_t kFrameHeadBytesMax = 14;
constexpr size_t kControlPayloadMax = 125;

struct FrameHead {
  bool fin = false;
  uint8_t reserved = 0;  // RSV1..3 as 4, 2, 1
  Opcode opcode = Opcode::kContinuation;
  bool masked = false;
  std::array<char, 4> mask{};
  uint64_t length = 0;  // of the payload
  size_t size = 0;      // of the head itself
  bool is_control() const { return (static_cast<uint8_t>(opcode) & 8) != 0; }
};

struct Violation {
  CloseCode code;
  const char* what;  // a literal
};

// Reads one head from the beginning of `bytes`; nothing when more bytes are needed (at most kFrameHeadBytesMax in all).
// errors: an unknown opcode, a length not in its shortest form or over 2^63, a control frame in pieces or over 125
// bytes.
std::expected<std::optional<FrameHead>, Violation> read_frame_head(std::string_view bytes);

// Appends an unmasked frame, as a server sends it, or one masked with four random bytes, as a client does.
void write_frame(std::string& out, Sender sender, Opcode opcode, std::string_view payload);
void write_close(std::string& out, Sender sender, CloseCode code, std::string_view reason);

// XORs `payload`, whose first byte is number `offset` of its frame's payload, with the mask (s5.3).
void apply_mask(std::string& payload, const std::array<char, 4>& mask, uint64_t offset = 0);

struct FrameRules {
  Sender sender;
  bool compression = false;  // permessage-deflate was agreed on: RSV1 may mark a message's first frame (RFC 7692 s6)
  uint64_t message_bytes_max = 0;
};

// One direction of one WebSocket.
class FrameChecker {
 public:
  explicit FrameChecker(FrameRules rules) : rules_(rules) {}

  struct Checked {
    std::string_view before{};             // what was held back earlier and goes out first; valid until the next call
    size_t pass = 0;                       // so many of the given bytes follow it
    std::optional<Violation> violation{};  // then nothing more goes; the rest of the bytes is of no use
  };
  // All of `bytes` is used up: what does not pass is held back (the beginning of a head) or is in violation.
  // cost: one look per frame, none per byte.
  Checked check(std::string_view bytes);
  // Between two frames: a frame of ours can go in here.
  bool at_boundary() const { return left_ == 0 && held_size_ == 0; }
  bool closed() const { return closed_; }  // a close frame has begun to pass

 private:
  std::optional<Violation> judge(const FrameHead& head);

  FrameRules rules_;
  uint64_t left_ = 0;           // of the payload of the frame under way
  uint64_t message_bytes_ = 0;  // of the message under way
  std::array<char, kFrameHeadBytesMax> held_{};
  std::array<char, kFrameHeadBytesMax> out_{};
  size_t held_size_ = 0;
  bool in_message_ = false;
  bool closed_ = false;
};

}  // namespace sallyport::websocket
