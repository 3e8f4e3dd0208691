// One HTTP/1.1 connection to an upstream: connects, verifies, sends one request at a time and reads its response,
// strictly. What turns out to speak HTTP/2 begins as one, too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/loop.h"
#include "policy/resource.h"
#include "proxy/codec/http1_chunked.h"
#include "proxy/input_buffer.h"
#include "proxy/tls/client_tls.h"
#include "proxy/upstream/upstream_exchange.h"

namespace sallyport::proxy {

class UpstreamConnection final : public UpstreamExchange, private IoHandler, private Timer {
 public:
  class Pool {  // where an idle connection is kept
   public:
    virtual void idle_connection_over(UpstreamConnection& connection) = 0;  // destroys it, later

   protected:
    ~Pool() = default;
  };
  enum class State : uint8_t { kConnecting, kHandshaking, kReady, kIdle, kOver };

  // Begins to connect. tls null: plain. open: what counts it for as long as it lives; it outlives it.
  // errors: kUnavailable no descriptor, or the address is not reachable at once.
  static Result<std::unique_ptr<UpstreamConnection>> open(Loop& loop, BlockPool& blocks, size_t& open,
                                                          const Endpoint& endpoint,
                                                          const std::optional<IpAddress>& source, ClientTls* tls,
                                                          AlpnOffer offer, const policy::Timeouts& timeouts);
  ~UpstreamConnection() override;

  State state() const { return state_; }
  // Once kReady: HTTP/2 was agreed on (ALPN), and whoever goes on with that takes the channel.
  bool speaks_http2() const { return tls_ != nullptr && tls_->speaks_http2(); }
  std::unique_ptr<ByteChannel> take_channel();

  // --- UpstreamExchange
  const Endpoint& endpoint() const override { return endpoint_; }
  WaitSlot& changed() override { return changed_; }  // connected, too
  WaitSlot& writable() override { return writable_; }
  bool lost() const override { return state_ != State::kReady || *failure_ != '\0'; }
  const char* failure() const override { return failure_; }
  bool timed_out() const override { return timed_out_; }
  void send_head(std::string_view head, const Request& request) override;
  void send_body(std::string_view bytes) override;
  void end_request(std::string_view trailers) override;
  bool blocked() const override { return channel_ && channel_->queued() > 0; }
  void expect_writable() override;
  void stay_awake() override;
  bool reused() const override { return requests_ > 1; }
  bool refused() const override { return false; }
  HeadStep read_head() override;
  const http::Head& head() override { return input_.head(); }
  const http::ResponseFraming& framing() const override { return framing_; }
  const char* bad() const override { return bad_; }
  bool answered() const override { return answered_; }
  BodyPiece read_body() override;
  bool body_ended() const override { return body_ended_; }
  std::string_view trailers() const override {
    return chunks_ ? std::string_view(chunks_->trailers()) : std::string_view();
  }
  UpstreamConnection* reusable() override;

  // --- between requests
  void become_idle(Pool& pool, std::chrono::milliseconds keep);
  void leave_idle();

 private:
  UpstreamConnection(Loop& loop, BlockPool& blocks, size_t& open, const Endpoint& endpoint,
                     std::unique_ptr<ByteChannel> channel, TlsChannel* tls, const policy::Timeouts& timeouts);
  void on_io(IoReady ready) override;
  void expired() override;
  void connected();
  void failed(const char* why);
  void write(std::string_view bytes);

  Loop& loop_;
  size_t& open_;
  Endpoint endpoint_;
  policy::Timeouts timeouts_;
  std::unique_ptr<ByteChannel> channel_;
  TlsChannel* tls_;
  InputBuffer input_;
  std::optional<IoEvent> io_;
  Pool* pool_ = nullptr;
  WaitSlot changed_;
  WaitSlot writable_;
  http::ResponseFraming framing_;
  std::unique_ptr<http::ChunkedReader> chunks_;
  std::string piece_;  // a chunk of the request's body as it is written
  uint64_t body_left_ = 0;
  uint64_t requests_ = 0;
  const char* failure_ = "";
  const char* bad_ = "";
  State state_ = State::kConnecting;
  bool to_head_ = false;
  bool upgrade_wanted_ = false;
  bool chunked_ = false;  // the request's body
  bool sent_ = false;
  bool answered_ = false;
  bool body_ended_ = false;
  bool timed_out_ = false;
  int interim_left_ = 0;
};

}  // namespace sallyport::proxy
