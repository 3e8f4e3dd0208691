#include "proxy/stations/tunnel.h"

#include "proxy/live_tunnel.h"
#include "proxy/stations/response_head.h"
#include "proxy/websocket/frames.h"
#include "proxy/websocket/handshake.h"
#include "proxy/websocket/message_filter.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

using websocket::CloseCode;
using websocket::Sender;

constexpr std::chrono::milliseconds kClosingPatience{5000};  // from the first close frame to the end of the connections
constexpr std::chrono::milliseconds kFirstAnswerPatience{10000};  // for the upstream to say that it knows us
constexpr std::chrono::microseconds kUseNotedEvery{1'000'000};

class Tunnel final : public LiveTunnel, private TaskOwner, private Deferred, private Timer {
 public:
  Tunnel(RequestContext& context, UpstreamExchange& upstream, websocket::Agreement agreed);
  ~Tunnel() { context_.tunnel = nullptr; }

  void say_first(const RenderedCredential* rendered);
  Task<void> run();  // carries down, and up beside it, until the tunnel is over
  void end(uint16_t close_code, const char* reason) override;

 private:
  Task<void> carry_up();
  void start_up();
  void pass_up(std::string_view bytes);
  void pass_down(std::string_view bytes);
  void upstream_gone();
  void note_use();
  void await_end();
  void over(const char* reason);
  void end(CloseCode code, const char* reason) { end(static_cast<uint16_t>(code), reason); }

  void task_done() noexcept override {}
  void run_deferred() override;
  void expired() override {
    if (!closing_) return end(CloseCode::kInternalError, "the upstream did not answer the first message");
    end(CloseCode::kGoingAway, "the other side did not close in time");
  }

  RequestContext& context_;
  Exchange& exchange_;
  UpstreamExchange& upstream_;
  websocket::FrameChecker up_;
  websocket::FrameChecker down_;
  std::optional<MessageFilter> filter_;
  WallMicros use_noted_{};
  bool over_ = false;
  bool closing_ = false;
  bool introduced_ = false;  // a first message was sent, and its answer is awaited
  Task<void> carrying_up_;
};

Tunnel::Tunnel(RequestContext& context, UpstreamExchange& upstream, websocket::Agreement agreed)
    : context_(context),
      exchange_(context.exchange),
      upstream_(upstream),
      up_({Sender::kClient, agreed.compression, context.worker.limits().websocket_message}),
      down_({Sender::kServer, agreed.compression, context.worker.limits().websocket_message}),
      use_noted_(context.at) {
  if (context.decision.messages != policy::MessageRule::kAny) filter_.emplace(context.decision.messages);
  context_.tunnel = this;
}

// --- the end

void Tunnel::over(const char* reason) {
  if (over_) return;
  over_ = true;
  if (context_.outcome == std::string_view("allow")) context_.reason = reason;
  context_.worker.loop().defer(*this);
}

void Tunnel::run_deferred() {
  if (upstream_.changed().waiting()) return upstream_.changed().wake();
  if (exchange_.writable_slot().waiting()) exchange_.writable_slot().wake();
}

void Tunnel::end(uint16_t close_code, const char* reason) {
  if (exchange_.blocked()) exchange_.abort();  // nothing fits in, and what waits must not leave any more
  if (over_) return;
  over(reason);
  const auto code = static_cast<CloseCode>(close_code);
  std::string frame;
  if (down_.at_boundary() && !down_.closed() && !exchange_.gone()) {
    websocket::write_close(frame, Sender::kServer, code, reason);
    exchange_.data(frame);
    exchange_.flush();
  }
  if (up_.at_boundary() && !up_.closed() && !upstream_.lost() && !upstream_.blocked()) {
    frame.clear();
    websocket::write_close(frame, Sender::kClient, CloseCode::kGoingAway, {});
    upstream_.send_body(frame);
  }
}

// Once a close frame has passed, the rest is a matter of seconds (RFC 6455 s7.1.1).
void Tunnel::await_end() {
  if (!std::exchange(closing_, true)) context_.worker.loop().timers().set(*this, kClosingPatience);
}

void Tunnel::upstream_gone() {
  if (upstream_.timed_out()) return end(CloseCode::kGoingAway, "idle for too long");
  over(down_.closed() ? "closed" : "the upstream has gone");
}

// --- both directions

Task<void> Tunnel::run() {
  if (!introduced_) start_up();
  while (!over_) {
    const BodyPiece piece = upstream_.read_body();
    switch (piece.kind) {
      case BodyPiece::Kind::kData:
        pass_down(piece.data);
        if (std::exchange(introduced_, false) && !over_) {
          if (!closing_) TimerWheel::clear(*this);
          start_up();
        }
        break;
      case BodyPiece::Kind::kWait: {
        auto change = upstream_.changed().wait();
        co_await change;
        break;
      }
      case BodyPiece::Kind::kEnd:
      case BodyPiece::Kind::kBad:
      case BodyPiece::Kind::kGone:
        upstream_gone();
        break;
    }
    while (!over_ && exchange_.blocked() && !exchange_.gone()) {
      auto taken = exchange_.writable_slot().wait();
      co_await taken;
    }
  }
}

void Tunnel::start_up() {
  carrying_up_ = carry_up();
  carrying_up_.start(this);
}

void Tunnel::pass_down(std::string_view bytes) {
  const auto checked = down_.check(bytes);
  exchange_.data(checked.before);
  exchange_.data(bytes.substr(0, checked.pass));
  exchange_.flush();
  if (down_.closed()) await_end();
  if (!checked.violation) return;
  if (down_.closed()) return over("closed");
  context_.worker.metrics().websocket_violations.add();
  context_.worker.parts().log.warning("websocket_violation", {{"resource", context_.resource->name},
                                                              {"side", "upstream"},
                                                              {"reason", checked.violation->what},
                                                              {"request_id", context_.request_id.view()}});
  end(CloseCode::kInternalError, "the upstream broke the protocol");
}

Task<void> Tunnel::carry_up() {
  for (;;) {
    const BodyPiece piece = exchange_.read_body();
    switch (piece.kind) {
      case BodyPiece::Kind::kData:
        note_use();
        pass_up(piece.data);
        break;
      case BodyPiece::Kind::kWait: {
        auto more = exchange_.body_slot().wait();
        co_await more;
        break;
      }
      case BodyPiece::Kind::kEnd:
        if (!up_.closed()) over("the client has gone");
        co_return;  // it may still wait for the upstream's close frame
      case BodyPiece::Kind::kBad:
      case BodyPiece::Kind::kGone:
        over("the client has gone");
        co_return;
    }
    while (!over_ && upstream_.blocked() && !upstream_.lost()) {
      upstream_.expect_writable();
      auto room = upstream_.writable().wait();
      co_await room;
    }
    if (over_ || upstream_.lost()) co_return;  // run() finds out
  }
}

void Tunnel::pass_up(std::string_view bytes) {
  const auto checked = up_.check(bytes);
  const std::string_view passed = bytes.substr(0, checked.pass);
  auto violation = checked.violation;
  std::string& out = context_.worker.out();
  if (filter_) {
    const uint64_t dropped = filter_->dropped();
    auto found = filter_->filter(checked.before, out);
    if (!found) found = filter_->filter(passed, out);
    if (found) violation = found;
    context_.worker.metrics().websocket_messages_dropped.add(filter_->dropped() - dropped);
    if (!out.empty()) upstream_.send_body(out);
  } else if (checked.before.empty()) {
    if (!passed.empty()) upstream_.send_body(passed);
  } else {
    upstream_.send_body(out.assign(checked.before).append(passed));
  }
  out.clear();
  upstream_.stay_awake();
  if (up_.closed()) await_end();
  if (!violation || up_.closed()) return;
  context_.worker.metrics().websocket_violations.add();
  end(violation->code, violation->what);
}

// What comes from the client counts as use of its session, like a request (noted once a second at most).
void Tunnel::note_use() {
  const WallMicros now = context_.worker.loop().wall();
  if (now - use_noted_ < kUseNotedEvery || !context_.identity) return;
  use_noted_ = now;
  if (context_.identity->means == policy::Means::kSession)
    context_.worker.parts().sessions.find(context_.proof_hash, context_.host, now);
}

// Node-RED without a `tokens` function and others like it take who it is from the first message alone, and look it up
// for a while: who says more meanwhile is thrown out. So the client is not heard before the upstream has spoken.
void Tunnel::say_first(const RenderedCredential* rendered) {
  if (rendered == nullptr || rendered->first_message.empty()) return;
  std::string frame;
  frame.reserve(rendered->first_message.size() + websocket::kFrameHeadBytesMax);
  websocket::write_frame(frame, Sender::kClient, websocket::Opcode::kText, rendered->first_message.reveal());
  upstream_.send_body(frame);
  wipe(frame);
  introduced_ = true;
  context_.worker.loop().timers().set(*this, kFirstAnswerPatience);
}

}  // namespace

Task<Result<void>> tunnel(RequestContext& context, Forwarded& forwarded, const RenderedCredential* rendered) {
  Exchange& exchange = context.exchange;
  UpstreamExchange& upstream = *forwarded.upstream;
  const auto agreed = websocket::read_answer(upstream.head(), context.websocket_key, context.extensions_offered);
  if (!agreed) {
    note_upstream_failure(context, upstream, agreed.error().what);
    co_return std::unexpected(agreed.error());
  }
  context.status = 101;
  exchange.begin(101, "Switching Protocols");
  write_response_fields(exchange, upstream.head());
  exchange.switch_protocols();
  Metrics& metrics = context.worker.metrics();
  metrics.websockets.add();
  metrics.websockets_open.set(metrics.websockets_open.value() + 1);
  struct Gone {
    Metrics& metrics;
    ~Gone() { metrics.websockets_open.set(metrics.websockets_open.value() - 1); }
  } const counted{metrics};

  Tunnel carrying(context, upstream, *agreed);
  carrying.say_first(rendered);
  auto running = carrying.run();
  co_await running;
  while (exchange.blocked() && !exchange.gone()) {
    auto taken = exchange.writable_slot().wait();
    co_await taken;
  }
  context.record();
  exchange.finish({});
  co_return Result<void>{};
}

}  // namespace sallyport::proxy
