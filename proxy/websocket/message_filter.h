// What a client may say on a WebSocket where it may only listen. Its messages are unmasked, read whole and written anew
// from what was read; the others are dropped, and the connection goes on (a page that announces itself must not be
// thrown out).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/resource.h"
#include "proxy/websocket/frames.h"

namespace sallyport::proxy {

constexpr size_t kInspectedMessageBytesMax = 64 * 1024;

class MessageFilter {
 public:
  // rule: not kAny, which needs no filter.
  explicit MessageFilter(policy::MessageRule rule) : rule_(rule) {}
  // bytes: frames of a client that a FrameChecker has passed, cut anywhere; appends what may go on to `out`, masked
  // anew. errors: kTooBig a message over kInspectedMessageBytesMax.
  std::optional<websocket::Violation> filter(std::string_view bytes, std::string& out);
  uint64_t dropped() const { return dropped_; }

 private:
  void judge(std::string& out);

  policy::MessageRule rule_;
  std::string pending_;  // a frame that is not whole yet
  std::string message_;
  websocket::Opcode opcode_ = websocket::Opcode::kText;
  uint64_t dropped_ = 0;
};

// What of a message may be said under the rule, rewritten; nothing when it may not.
std::optional<std::string> said_under(policy::MessageRule rule, std::string_view message);

}  // namespace sallyport::proxy
