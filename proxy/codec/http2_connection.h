// One HTTP/2 client connection (RFC 9113): reads what comes, hands each request to the server as an Exchange, and sends
// what all of them have to say, once at the end of each turn of the loop. What a client can do at no cost to itself has
// a budget.
#pragma once

#include <memory>
#include <vector>

#include "proxy/client_connection.h"
#include "proxy/codec/http2_budget.h"
#include "proxy/codec/http2_stream.h"
#include "proxy/host_cover.h"

namespace sallyport::proxy {

class Http2Connection final : public ClientConnection,
                              private http2::SessionOwner,
                              private HeldMemory::Holder,
                              private IoHandler,
                              private Deferred,
                              private Timer {
 public:
  // channel: after its handshake.
  Http2Connection(ConnectionHome& home, ConnectionOwner& owner, ExchangeServer& server,
                  std::unique_ptr<ByteChannel> channel, TlsChannel& tls, const Endpoint& peer);
  ~Http2Connection() override;
  void start() override;
  void drain() override;

 private:
  friend class Http2Stream;
  enum class State : uint8_t {
    kOpen,
    kEnding,
    kLinger,
    kOver
  };  // kEnding: nothing more is read, what is queued leaves

  // --- for its streams
  void note(Http2Stream& stream);  // something is to be settled or sent
  void send();                     // everything that windows and socket take, now
  void hold(size_t bytes);         // so many wait in one of them from now on
  void freed(size_t bytes);
  std::string refusal_body(const http::Refusal& refusal);
  // The right to a stream is over. Bytes of it that the client has not taken leave with the connection, unless others
  // live on it: what is encrypted cannot be taken apart any more.
  void cut_behind() { cut_behind_ = cut_behind_ || channel_->queued() > 0; }

  // --- http2::SessionOwner
  http2::Stream* on_stream(http2::StreamId id) override;
  void on_frame(const http2::FrameHead& frame) override;
  void on_violation(http2::StreamId id, const char* why) override;
  void on_settings() override { greeted_ = true; }
  void on_data_sent() override { budget_.data_sent(); }
  void on_goaway() override {}

  // --- HeldMemory::Holder
  size_t held() const override { return held_bytes_; }
  void let_go() override { flood("holds too much memory"); }

  void on_io(IoReady ready) override;
  void expired() override;
  void run_deferred() override;
  void receive();
  void settle_streams();
  void remove(Http2Stream& stream);
  void cancel_streams();
  void spend(http2::Spending kind);
  void flood(const char* why);
  void end(http2::ErrorCode code);  // GOAWAY, and what is queued, and no more
  void lost();                      // the channel is of no use any more
  void reset();                     // and what it holds must not leave
  void linger();
  void discard();
  void watch();  // what the client has to do next, and until when

  ConnectionHome& home_;
  ConnectionOwner& owner_;
  ExchangeServer& server_;
  std::unique_ptr<ByteChannel> channel_;
  IoEvent io_;
  ConnectionFacts facts_;
  HostCover cover_;
  http2::RequestFields fields_;
  http2::FieldBlock response_;
  http2::FrameBudget budget_;
  std::vector<std::unique_ptr<Http2Stream>> streams_;
  std::vector<Http2Stream*> to_settle_;
  std::vector<Http2Stream*> settling_;  // empty between calls
  http2::Session session_;              // the last: it tells its owner nothing while it is taken down
  State state_ = State::kOpen;
  enum class Watch : uint8_t { kNone, kIdle, kHead, kWrite, kEnd } watch_ = Watch::kNone;
  uint64_t sends_ = 0;
  size_t held_bytes_ = 0;
  size_t head_bytes_ = 0;  // of that, by a head that has not ended
  size_t linger_left_ = 0;
  bool greeted_ = false;    // the client's preface and settings have come
  bool head_open_ = false;  // a field section has begun and not ended
  bool draining_ = false;
  bool cut_behind_ = false;
  Monotonic drain_began_{};
};

}  // namespace sallyport::proxy
