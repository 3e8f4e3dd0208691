#include "proxy/websocket/message_filter.h"

#include <nlohmann/json.hpp>

namespace sallyport::proxy {
namespace {

using nlohmann::json;
using websocket::Opcode;

// Node-RED's /comms: {"subscribe": TOPIC} asks for what happens; {"auth": ...} and {"topic": ..., "data": ...} act.
std::optional<std::string> listening_to_node_red(std::string_view message) {
  const json said = json::parse(message, nullptr, false);
  if (!said.is_object() || said.size() != 1) return std::nullopt;
  const auto topic = said.find("subscribe");
  if (topic == said.end() || !topic->is_string()) return std::nullopt;
  return said.dump();  // it has been parsed, so it is UTF-8
}

}  // namespace

std::optional<std::string> said_under(policy::MessageRule rule, std::string_view message) {
  switch (rule) {
    case policy::MessageRule::kAny:
      return std::string(message);
    case policy::MessageRule::kNodeRedListening:
      return listening_to_node_red(message);
  }
  return std::nullopt;
}

void MessageFilter::judge(std::string& out) {
  const auto said = opcode_ == Opcode::kText ? said_under(rule_, message_) : std::nullopt;
  if (said)
    websocket::write_frame(out, websocket::Sender::kClient, Opcode::kText, *said);
  else
    ++dropped_;
  message_.clear();
}

std::optional<websocket::Violation> MessageFilter::filter(std::string_view bytes, std::string& out) {
  pending_.append(bytes);
  size_t at = 0;
  for (;;) {
    const std::string_view rest = std::string_view(pending_).substr(at);
    const auto read = websocket::read_frame_head(rest);
    if (!read) return read.error();
    if (!*read) break;
    const websocket::FrameHead& head = **read;
    if (head.length > kInspectedMessageBytesMax - message_.size())
      return websocket::Violation{websocket::CloseCode::kTooBig, "the message is too big to be looked at"};
    if (rest.size() < head.size + head.length) break;
    std::string payload(rest.substr(head.size, head.length));
    websocket::apply_mask(payload, head.mask);
    at += head.size + head.length;
    if (head.is_control()) {
      websocket::write_frame(out, websocket::Sender::kClient, head.opcode, payload);
      continue;
    }
    if (head.opcode != Opcode::kContinuation) opcode_ = head.opcode;
    message_.append(payload);
    if (head.fin) judge(out);
  }
  pending_.erase(0, at);
  return std::nullopt;
}

}  // namespace sallyport::proxy
