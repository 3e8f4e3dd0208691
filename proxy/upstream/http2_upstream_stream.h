// One request on a shared HTTP/2 connection to an upstream. What is to be sent waits in a queue here until windows and
// socket take it; what has come waits until the client's side has taken it, and only then may the upstream send as much
// again.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"
#include "policy/resource.h"
#include "proxy/codec/http2_request.h"
#include "proxy/codec/http2_session.h"
#include "proxy/input_buffer.h"
#include "proxy/upstream/upstream_exchange.h"

namespace sallyport::proxy {

class Http2UpstreamConnection;
struct Http2UpstreamParts;

constexpr uint32_t kStreamWindowFirst = 32 * 1024;
constexpr uint32_t kStreamWindowMost = 256 * 1024;

class Http2UpstreamStream final : public UpstreamExchange, public http2::Stream, private Timer {
 public:
  enum class Reuse : uint8_t { kFirst, kLater };  // of its connection
  Http2UpstreamStream(Http2UpstreamConnection& connection, const policy::Timeouts& timeouts, Reuse reuse);
  ~Http2UpstreamStream() override;

  // --- for its connection, when nothing of the session is on the stack
  void settle();  // who waits is woken, if there is something for them
  void connection_lost(const char* why);
  http2::StreamId id() const { return id_; }
  void begun_as(http2::StreamId id) { id_ = id; }
  bool closed() const { return closed_; }
  size_t held() const { return in_.size() - at_ + waiting(); }  // bytes that wait for one side or the other
  void refuse(const char* why);                                 // the upstream has not looked at it
  void broken(const char* why);                                 // it broke the protocol
  void let_go();                                                // it holds too much
  bool settling = false;                                        // it stands in the connection's list
  size_t place = 0;                                             // among the connection's streams

  // --- UpstreamExchange
  const Endpoint& endpoint() const override { return endpoint_; }
  WaitSlot& changed() override { return changed_; }
  WaitSlot& writable() override { return writable_; }
  bool lost() const override { return closed_ || gone_; }
  const char* failure() const override { return failure_; }
  bool timed_out() const override { return timed_out_; }
  void send_head(std::string_view head, const Request& request) override;
  void send_body(std::string_view bytes) override;
  void end_request(std::string_view trailers) override;
  bool blocked() const override;
  void expect_writable() override;
  void stay_awake() override;
  bool reused() const override { return reuse_ == Reuse::kLater; }
  bool refused() const override { return refused_; }
  HeadStep read_head() override;
  const http::Head& head() override { return block_->head; }
  const http::ResponseFraming& framing() const override { return framing_; }
  const char* bad() const override { return bad_; }
  bool answered() const override { return answered_; }
  BodyPiece read_body() override;
  bool body_ended() const override;
  std::string_view trailers() const override;
  UpstreamConnection* reusable() override { return nullptr; }

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
  size_t waiting() const { return out_.size() - sent_; }
  void news();  // for who reads the response
  void end(http2::ErrorCode code);
  void drop_queue();
  void release_head();
  void give_window_back();
  void widen_window();

  Http2UpstreamConnection* connection_;  // null: lost
  Http2UpstreamParts& parts_;
  const Endpoint endpoint_;
  const policy::Timeouts timeouts_;
  const Reuse reuse_;
  http2::StreamId id_ = 0;  // 0: not begun
  WaitSlot changed_;
  WaitSlot writable_;
  std::unique_ptr<Block> block_;  // while the head is looked at
  http::ResponseFraming framing_;
  std::unique_ptr<http2::TrailerFields> trailers_in_;
  std::unique_ptr<http2::FieldBlock> trailers_out_;
  std::string in_;            // of the response's body
  size_t at_ = 0;             // of that, read and done with
  uint32_t window_;           // bytes that may come before they are read
  uint64_t window_used_ = 0;  // read since it was that
  size_t given_ = 0;          // behind it: with the reader, who owes it to the upstream's window until he asks for more
  std::string out_;           // of the request's body
  size_t sent_ = 0;
  uint64_t queued_at_ = 0;  // the connection's count of sends when the oldest byte in `out_` came
  const char* failure_ = "";
  const char* bad_ = "";
  int interim_left_;
  bool to_head_ = false;
  bool has_body_ = false;  // of the request
  bool finished_ = false;  // the request is whole
  bool head_read_ = false;
  bool answered_ = false;
  bool news_ = false;
  bool ended_ = false;   // the upstream has sent its last byte
  bool closed_ = false;  // the session has forgotten it
  bool gone_ = false;    // broken off
  bool refused_ = false;
  bool timed_out_ = false;
};

}  // namespace sallyport::proxy
