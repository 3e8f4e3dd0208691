// One request on an HTTP/2 connection and its response: an Exchange, as the stations see every one. What is to be sent
// waits in a queue here until windows and socket take it; what has come waits until somebody reads it.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"
#include "base/recycled.h"
#include "proxy/codec/http2_request.h"
#include "proxy/codec/http2_session.h"
#include "proxy/exchange.h"

namespace sallyport::proxy {

class Http2Connection;

class Http2Stream final : public Exchange, public http2::Stream, public Recycled, private TaskOwner, private Timer {
 public:
  Http2Stream(Http2Connection& connection, http2::StreamId id) : connection_(connection), id_(id) {}

  http2::StreamId id() const { return id_; }
  // --- for its connection, when nothing of the session is on the stack
  void settle();           // what has come is acted upon: it is served, who waits is woken, what is done is ended
  bool over() const;       // it can be destroyed
  void connection_lost();  // whatever runs on it is cancelled
  size_t held() const { return in_.size() + waiting(); }  // bytes that wait for one side or the other
  size_t unread() const { return in_.size(); }
  bool settling = false;  // it stands in the connection's list
  size_t place = 0;       // among the connection's streams

  // --- Exchange
  const ConnectionFacts& connection() const override;
  bool covers_host(std::string_view host) override;
  std::string_view host_covered() const override;
  const http::Head& head() const override { return block_->head; }
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
  bool blocked() const override;
  WaitSlot& writable_slot() override { return writable_slot_; }
  bool gone() const override { return gone_; }
  bool begun() const override { return begun_; }
  uint64_t response_bytes() const override { return response_bytes_; }
  void abort() override;
  void close_after() override {}
  void cut(Cut how) override;
  void hurry() override;

 private:
  // --- http2::Stream
  void on_head() override;
  void on_field(std::string_view name, std::string_view value) override;
  void on_head_end(Follows follows) override;
  void on_data(std::string_view bytes) override;
  void on_end() override;
  void on_closed(http2::ErrorCode code) override;
  Offer on_room(size_t room) override;
  void take(size_t bytes, std::string& out) override;

  void expired() override;
  void task_done() noexcept override;
  void refuse(const http::Refusal& refusal);
  size_t waiting() const { return out_.size() - sent_; }
  void tidy();
  void end(http2::ErrorCode code);
  void drop_queue();
  void await_client();  // it has something to take

  Http2Connection& connection_;
  const http2::StreamId id_;
  std::unique_ptr<Block> block_;  // while the head is looked at
  http::RequestFraming framing_;
  std::unique_ptr<http2::TrailerFields> trailers_in_;
  std::unique_ptr<http2::FieldBlock> trailers_out_;
  Task<void> serving_;
  WaitSlot body_slot_;
  WaitSlot writable_slot_;
  std::string in_;      // of the request's body
  size_t read_ = 0;     // of that, given to the reader; owed to the client's window until he asks for more
  RecycledString out_;  // of the response's body
  size_t sent_ = 0;
  uint64_t request_bytes_ = 0;
  uint64_t response_bytes_ = 0;
  uint64_t response_left_ = 0;
  http::Body response_body_ = http::Body::kNone;
  uint64_t queued_at_ = 0;  // the connection's count of sends when the oldest byte in `out_` came
  bool head_read_ = false;
  bool head_open_ = false;  // a field section of it has begun and not ended
  bool start_wanted_ = false;
  bool to_head_ = false;     // the request is HEAD
  bool body_ended_ = false;  // the client has sent its last byte
  bool body_bad_ = false;
  bool body_timed_out_ = false;
  bool continue_wanted_ = false;
  bool begun_ = false;
  bool finished_ = false;
  bool has_body_ = false;  // of the response
  bool end_sent_ = false;  // the last byte of the response is with the session
  bool closed_ = false;    // the session has forgotten it
  bool gone_ = false;
  bool tunnel_ = false;
  bool hurried_ = false;  // the right to what was written is over
};

}  // namespace sallyport::proxy
