// One HTTP/2 connection to an upstream (RFC 9113), shared by the requests of one resource version: reads what comes,
// gives it to its streams, and sends what all of them have to say, once at the end of each turn of the loop. What an
// upstream can do at no cost to itself has a budget.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "policy/resource.h"
#include "proxy/byte_channel.h"
#include "proxy/codec/held_memory.h"
#include "proxy/codec/http2_budget.h"
#include "proxy/codec/http2_response.h"
#include "proxy/codec/http2_session.h"
#include "proxy/upstream/http2_upstream_stream.h"

namespace sallyport::proxy {

// What the HTTP/2 connections of a worker share. It outlives them and their streams.
struct Http2UpstreamParts {
  Loop& loop;
  BlockPool& blocks;
  HeldMemory& memory;
  size_t& open;     // counts the connections that live
  std::string out;  // scratch; empty between calls
};

class Http2UpstreamConnection final : private http2::SessionOwner,
                                      private HeldMemory::Holder,
                                      private IoHandler,
                                      private Deferred,
                                      private Timer {
 public:
  class Pool {  // where it is kept
   public:
    virtual void room_made() = 0;       // it may have become ready, or a stream has ended
    virtual bool may_idle() = 0;        // no stream is left: shall it be kept? If so it counts as idle
    virtual void idle_no_longer() = 0;  // after that
    // Destroys it, later. failure: what became of it before it was ready; else null.
    struct Failure {
      const char* what;
      bool timed_out;
    };
    virtual void connection_over(Http2UpstreamConnection& connection, const Failure* failure) = 0;

   protected:
    ~Pool() = default;
  };

  // channel: after its handshake.
  Http2UpstreamConnection(Http2UpstreamParts& parts, Pool& pool, const Endpoint& endpoint,
                          std::unique_ptr<ByteChannel> channel, std::string scheme, const policy::Timeouts& timeouts);
  ~Http2UpstreamConnection();

  const Endpoint& endpoint() const { return endpoint_; }
  bool greeting() const { return state_ == State::kGreeting; }  // the upstream's settings are awaited
  size_t room() const;                                          // so many streams more
  std::unique_ptr<Http2UpstreamStream> open_stream();           // only while there is room
  void close_if_idle();

  // --- for its streams
  Http2UpstreamParts& parts() { return parts_; }
  http2::Session& session() { return session_; }
  http2::ResponseFields& fields() { return fields_; }
  uint64_t sends() const { return sends_; }
  void begin(Http2UpstreamStream& stream, std::string_view head, const UpstreamExchange::Request& request);
  void note(Http2UpstreamStream& stream);  // something is to be settled or sent
  void hold(size_t bytes);                 // so many wait in one of them from now on
  void freed(size_t bytes);
  void doubt() { closing_ = true; }  // it did not answer in time: no new streams on it
  void leave(Http2UpstreamStream& stream);

 private:
  enum class State : uint8_t { kGreeting, kOpen, kEnding, kOver };  // kEnding: what is queued leaves, no more

  // --- http2::SessionOwner
  http2::Stream* on_stream(http2::StreamId) override { return nullptr; }
  void on_frame(const http2::FrameHead& frame) override;
  void on_violation(http2::StreamId id, const char* why) override;
  void on_settings() override;
  void on_data_sent() override;
  void on_goaway() override;

  // --- HeldMemory::Holder
  size_t held() const override { return held_bytes_; }
  void let_go() override;

  void on_io(IoReady ready) override;
  void expired() override;
  void run_deferred() override;
  void receive();
  void send();
  void settle_streams();
  void spend(http2::Spending kind);
  void end(http2::ErrorCode code, const char* why);
  void lost(const char* why);
  void over();
  void rest();   // no stream is left: it is kept for a while, or not
  void watch();  // what the upstream has to do next, and until when

  Http2UpstreamParts& parts_;
  Pool& pool_;
  const Endpoint endpoint_;
  const std::string scheme_;
  const policy::Timeouts timeouts_;
  std::unique_ptr<ByteChannel> channel_;
  IoEvent io_;
  http2::ResponseFields fields_;
  http2::FieldBlock head_;
  http2::FrameBudget budget_;
  std::vector<Http2UpstreamStream*> streams_;  // whoever leases one owns it
  std::vector<Http2UpstreamStream*> to_settle_;
  http2::Session session_;  // the last: it tells its owner nothing while it is taken down
  State state_ = State::kGreeting;
  enum class Watch : uint8_t { kNone, kGreeting, kIdle, kWrite } watch_ = Watch::kNone;
  const char* failure_ = "the upstream closed the connection";
  uint64_t sends_ = 0;
  size_t held_bytes_ = 0;
  bool greeted_ = false;    // the upstream's settings have come
  bool started_ = false;    // it was looked at once, without an edge
  bool used_ = false;       // a stream was opened
  bool idle_ = false;       // it counts as such in its pool
  bool closing_ = false;    // no new streams
  bool timed_out_ = false;  // while it was greeted
};

}  // namespace sallyport::proxy
