#include "proxy/websocket/frames.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/random.h"

namespace sallyport::websocket {
namespace {

constexpr uint64_t kTwoBytes = 126;
constexpr uint64_t kEightBytes = 127;

uint64_t read_number(std::string_view bytes) {
  uint64_t out = 0;
  for (const char byte : bytes) out = out << 8 | static_cast<unsigned char>(byte);
  return out;
}

void append_number(std::string& out, uint64_t number, size_t bytes) {
  for (size_t i = bytes; i > 0; --i) out += static_cast<char>(number >> (8 * (i - 1)) & 0xff);
}

bool is_known(uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

std::unexpected<Violation> violation(const char* what) {
  return std::unexpected(Violation{CloseCode::kProtocolError, what});
}

}  // namespace

std::expected<std::optional<FrameHead>, Violation> read_frame_head(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[0]);
  FrameHead out;
  out.fin = (first & 0x80) != 0;
  out.reserved = first >> 4 & 7;
  if (!is_known(first & 15)) return violation("unknown opcode");
  out.opcode = static_cast<Opcode>(first & 15);
  if (out.is_control() && !out.fin) return violation("a control frame in pieces");
  if (bytes.size() < 2) return std::nullopt;
  const auto second = static_cast<unsigned char>(bytes[1]);
  out.masked = (second & 0x80) != 0;
  out.length = second & 0x7f;
  if (out.is_control() && out.length > kControlPayloadMax) return violation("a control frame over 125 bytes");
  const size_t more = out.length == kTwoBytes ? 2 : out.length == kEightBytes ? 8 : 0;
  out.size = 2 + more + (out.masked ? 4 : 0);
  if (bytes.size() < out.size) return std::nullopt;
  if (more > 0) {
    const uint64_t shorter = more == 2 ? kTwoBytes : uint64_t{1} << 16;
    out.length = read_number(bytes.substr(2, more));
    if (out.length < shorter) return violation("a length that is not in its shortest form");
    if (out.length >> 63 != 0) return violation("a length over 2^63");
  }
  if (out.masked) std::ranges::copy(bytes.substr(2 + more, 4), out.mask.begin());
  return out;
}

void apply_mask(std::string& payload, const std::array<char, 4>& mask, uint64_t offset) {
  for (size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[(offset + i) % 4]);
}

void write_frame(std::string& out, Sender sender, Opcode opcode, std::string_view payload) {
  const char masked = sender == Sender::kClient ? static_cast<char>(0x80) : '\0';
  out += static_cast<char>(0x80 | static_cast<uint8_t>(opcode));
  if (payload.size() < kTwoBytes) {
    out += static_cast<char>(masked | static_cast<char>(payload.size()));
  } else if (payload.size() < 1 << 16) {
    out += static_cast<char>(masked | static_cast<char>(kTwoBytes));
    append_number(out, payload.size(), 2);
  } else {
    out += static_cast<char>(masked | static_cast<char>(kEightBytes));
    append_number(out, payload.size(), 8);
  }
  if (sender == Sender::kServer) {
    out.append(payload);
    return;
  }
  std::array<char, 4> mask;
  fill_random(std::as_writable_bytes(std::span(mask)));
  out.append(mask.data(), mask.size());
  const size_t begin = out.size();
  out.append(payload);
  for (size_t i = begin; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ mask[(i - begin) % 4]);
}

void write_close(std::string& out, Sender sender, CloseCode code, std::string_view reason) {
  std::string payload;
  append_number(payload, static_cast<uint16_t>(code), 2);
  payload.append(reason.substr(0, kControlPayloadMax - payload.size()));
  write_frame(out, sender, Opcode::kClose, payload);
}

std::optional<Violation> FrameChecker::judge(const FrameHead& head) {
  const auto broken = [](const char* what) { return Violation{CloseCode::kProtocolError, what}; };
  if (closed_) return broken("a frame after the close frame");
  if (head.masked != (rules_.sender == Sender::kClient))
    return broken(head.masked ? "a masked frame from the server" : "an unmasked frame from the client");
  const bool begins = head.opcode == Opcode::kText || head.opcode == Opcode::kBinary;
  constexpr uint8_t kCompressed = 4;
  if ((head.reserved & ~(rules_.compression && begins ? kCompressed : 0)) != 0) return broken("reserved bits");
  if (head.is_control()) {
    const bool close = head.opcode == Opcode::kClose;
    if (close && head.length == 1) return broken("a close frame of one byte");
    closed_ = close;
    return std::nullopt;
  }
  if (begins == in_message_) return broken(begins ? "a message inside a message" : "a continuation of nothing");
  if (begins) message_bytes_ = 0;
  in_message_ = !head.fin;
  if (head.length > rules_.message_bytes_max - message_bytes_)
    return Violation{CloseCode::kTooBig, "the message is too big"};
  message_bytes_ += head.length;
  return std::nullopt;
}

FrameChecker::Checked FrameChecker::check(std::string_view bytes) {
  Checked out;
  size_t at = 0;
  if (held_size_ > 0) {  // the rest of a head that began earlier
    const size_t taken = std::min(bytes.size(), kFrameHeadBytesMax - held_size_);
    std::memcpy(held_.data() + held_size_, bytes.data(), taken);
    const auto head = read_frame_head({held_.data(), held_size_ + taken});
    if (!head) return {.violation = head.error()};
    if (!*head) {
      held_size_ += taken;
      return out;
    }
    if (auto found = judge(**head)) return {.violation = found};
    at = (*head)->size - held_size_;
    out_ = held_;
    out.before = {out_.data(), held_size_};
    held_size_ = 0;
    left_ = (*head)->length;
  }
  for (;;) {
    const uint64_t payload = std::min<uint64_t>(left_, bytes.size() - at);
    at += payload;
    left_ -= payload;
    out.pass = at;
    if (at == bytes.size()) return out;
    const auto head = read_frame_head(bytes.substr(at));
    if (!head) {
      out.violation = head.error();
      return out;
    }
    if (!*head) {
      held_size_ = bytes.size() - at;
      std::memcpy(held_.data(), bytes.data() + at, held_size_);
      return out;
    }
    if (auto found = judge(**head)) {
      out.violation = found;
      return out;
    }
    at += (*head)->size;
    left_ = (*head)->length;
  }
}

}  // namespace sallyport::websocket
