// WebSocket frames: however the bytes are cut, the checker passes the same ones and finds the same fault; what it
// passes reads back as whole frames; the message filter lets nothing through that the rule does not allow.
#include <string>
#include <vector>

#include "proxy/websocket/frames.h"
#include "proxy/websocket/message_filter.h"
#include "tests/fuzz/require.h"

namespace {

using namespace sallyport;
using websocket::Opcode;
using websocket::Sender;

struct Passed {
  std::string bytes;
  std::string fault;
  bool closed;
};

Passed pass(std::string_view input, size_t piece, Sender sender) {
  websocket::FrameChecker checker({sender, false, 4096});
  Passed out{};
  for (size_t at = 0; at < input.size() && out.fault.empty(); at += piece) {
    const std::string_view bytes = input.substr(at, piece);
    const auto checked = checker.check(bytes);
    require(checked.pass <= bytes.size());
    out.bytes.append(checked.before).append(bytes.substr(0, checked.pass));
    if (checked.violation) out.fault = checked.violation->what;
  }
  out.closed = checker.closed();
  return out;
}

void filter(std::string_view passed, size_t piece) {
  proxy::MessageFilter filter(policy::MessageRule::kNodeRedListening);
  std::string out;
  for (size_t at = 0; at < passed.size(); at += piece)
    if (filter.filter(passed.substr(at, piece), out)) return;
  websocket::FrameChecker again({Sender::kClient, false, 1 << 20});
  const auto checked = again.check(out);
  require(!checked.violation && checked.pass == out.size() && again.at_boundary());
  while (!out.empty()) {
    const auto head = **websocket::read_frame_head(out);
    std::string payload = out.substr(head.size, head.length);
    websocket::apply_mask(payload, head.mask);
    require(head.is_control() || (head.fin && head.opcode == Opcode::kText &&
                                  proxy::said_under(policy::MessageRule::kNodeRedListening, payload) == payload));
    out.erase(0, head.size + head.length);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Sender sender = (data[0] & 1) != 0 ? Sender::kClient : Sender::kServer;
  const size_t piece = 1 + data[1] % 32;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Passed whole = pass(input, input.size() + 1, sender);
  const Passed cut = pass(input, piece, sender);
  require(whole.bytes == cut.bytes && whole.fault == cut.fault && whole.closed == cut.closed);
  require(input.starts_with(whole.bytes));
  if (sender == Sender::kClient) filter(whole.bytes, piece);
  return 0;
}
