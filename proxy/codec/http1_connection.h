// One HTTP/1.1 client connection: reads heads, hands each request to the server as an Exchange, writes the response,
// and lives on for the next one (RFC 9112 s9). One request is worked on at a time; what a client sends ahead waits in
// the socket.
#pragma once

#include <list>
#include <memory>

#include "proxy/client_connection.h"
#include "proxy/codec/http1_chunked.h"
#include "proxy/exchange.h"
#include "proxy/host_cover.h"

namespace sallyport::proxy {

class TlsChannel;

class Http1Connection final : public ClientConnection,
                              private Exchange,
                              private IoHandler,
                              private Deferred,
                              private TaskOwner,
                              private Timer {
 public:
  // channel: after its handshake. tls: the channel, where it is one; null: plain.
  Http1Connection(ConnectionHome& home, ConnectionOwner& owner, ExchangeServer& server,
                  std::unique_ptr<ByteChannel> channel, TlsChannel* tls, const Endpoint& peer);
  ~Http1Connection() override;
  void start() override { become_idle(); }
  void drain() override;

 private:
  enum class State : uint8_t { kIdle, kHead, kServing, kLinger, kOver };

  // --- Exchange
  const ConnectionFacts& connection() const override { return facts_; }
  bool covers_host(std::string_view host) override { return cover_.covers(host); }
  std::string_view host_covered() const override { return cover_.last(); }
  const http::Head& head() const override { return const_cast<InputBuffer&>(input_).head(); }
  const http::RequestFraming& framing() const override { return framing_; }
  void release_head() override;
  BodyPiece read_body() override;
  WaitSlot& body_slot() override { return body_slot_; }
  std::string_view request_trailers() const override;
  uint64_t request_bytes() const override { return request_bytes_; }
  void begin(int status, std::string_view reason) override;
  void field(std::string_view name, std::string_view value) override;
  void end_head(http::Body body, uint64_t length) override;
  void data(std::string_view bytes) override;
  void finish(std::string_view trailers) override;
  void interim_continue() override;
  void switch_protocols() override;
  void flush() override;
  bool blocked() const override { return channel_->queued() > 0; }
  WaitSlot& writable_slot() override { return writable_slot_; }
  bool gone() const override { return gone_; }
  bool begun() const override { return begun_; }
  uint64_t response_bytes() const override { return response_bytes_; }
  void abort() override;
  void close_after() override { keep_alive_ = false; }
  void cut(Cut how) override;
  void hurry() override;

  // --- events
  void on_io(IoReady ready) override;
  void expired() override;
  void run_deferred() override;
  void task_done() noexcept override { home_.loop.defer(*this); }

  void on_readable();
  void read_heads();
  bool take_head();  // false: more bytes are needed
  void refuse(const http::Refusal& refusal);
  void exchange_over();
  void become_idle();
  void linger();
  void discard();
  void patience(std::chrono::milliseconds usual);  // for a client that takes nothing
  void reset_on_close();
  void hurry_over();
  void end_soon();  // the connection ends at the end of this turn; whatever runs on it is cancelled then
  void discard_out() { home_.out.clear(); }
  void become(State state) { state_ = state; }

  ConnectionHome& home_;
  ConnectionOwner& owner_;
  ExchangeServer& server_;
  std::unique_ptr<ByteChannel> channel_;
  IoEvent io_;
  InputBuffer input_;
  ConnectionFacts facts_;
  HostCover cover_;
  http::RequestFraming framing_;
  std::unique_ptr<http::ChunkedReader> chunks_;
  WaitSlot body_slot_;
  WaitSlot writable_slot_;
  Task<void> serving_;
  uint64_t body_left_ = 0;
  uint64_t request_bytes_ = 0;
  uint64_t response_bytes_ = 0;
  uint64_t response_left_ = 0;
  size_t linger_left_ = 0;
  State state_ = State::kIdle;
  http::Body response_body_ = http::Body::kNone;
  bool head_held_ = false;
  bool to_head_ = false;     // the request is HEAD
  bool old_client_ = false;  // HTTP/1.0
  bool body_ended_ = true;
  bool body_timed_out_ = false;
  bool continue_wanted_ = false;
  bool keep_alive_ = true;
  bool begun_ = false;
  bool finished_ = false;
  bool gone_ = false;
  bool read_ended_ = false;  // the client has ended its side in order
  bool aborted_ = false;
  bool tunnel_ = false;    // protocols were switched
  bool hurried_ = false;   // the right to what was written is over
  bool lingered_ = false;  // in a hurry, and all of it had left
};

}  // namespace sallyport::proxy
