// One HTTP/1.1 connection to an upstream: connects, verifies, sends one request at a time and reads its response,
// strictly. Used by one coroutine (the response) and, while a request has a body, a second one (the upload).
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/ip.h"
#include "base/loop.h"
#include "policy/resource.h"
#include "proxy/codec/http1_chunked.h"
#include "proxy/exchange.h"
#include "proxy/input_buffer.h"
#include "proxy/tls/client_tls.h"

namespace sallyport::proxy {

class UpstreamConnection final : private IoHandler, private Timer {
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
                                                          const policy::Timeouts& timeouts);
  ~UpstreamConnection();

  State state() const { return state_; }
  const char* failure() const { return failure_; }  // a literal, once kOver
  bool timed_out() const { return timed_out_; }
  const Endpoint& endpoint() const { return endpoint_; }
  WaitSlot& changed() { return changed_; }    // readable, connected, failed or timed out
  WaitSlot& writable() { return writable_; }  // nothing waits to be sent any more, or failed

  // --- the request
  void begin_request(bool to_head);                  // a new request on this connection
  void expect_upgrade() { upgrade_wanted_ = true; }  // 101 is an answer to it; then the body goes both ways until close
  void write(std::string_view bytes);
  bool blocked() const { return channel_ && channel_->queued() > 0; }
  void expect_writable();  // while blocked(): not taking anything for too long is a failure
  void request_sent();     // from here on the response timer runs
  void stay_awake();       // something went the other way: the idle timer begins anew
  bool reused() const { return requests_ > 1; }

  // --- the response
  enum class HeadStep : uint8_t { kWait, kHead, kBad, kGone };
  HeadStep read_head();  // on kHead: head() and framing() are valid until read_body()
  const http::Head& head() { return input_.head(); }
  const http::ResponseFraming& framing() const { return framing_; }
  const char* bad() const { return bad_; }     // after kBad: what was wrong
  bool answered() const { return answered_; }  // any byte of the response has come
  BodyPiece read_body();
  bool body_ended() const { return body_ended_; }  // the piece just read was the last
  std::string_view trailers() const { return chunks_ ? std::string_view(chunks_->trailers()) : std::string_view(); }
  // The response was read to its end and the connection may carry another request.
  bool reusable() const;

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
  uint64_t body_left_ = 0;
  uint64_t requests_ = 0;
  const char* failure_ = "";
  const char* bad_ = "";
  State state_ = State::kConnecting;
  bool to_head_ = false;
  bool upgrade_wanted_ = false;
  bool sent_ = false;
  bool answered_ = false;
  bool body_ended_ = false;
  bool timed_out_ = false;
  int interim_left_ = 0;
};

}  // namespace sallyport::proxy
