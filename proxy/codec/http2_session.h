// HTTP/2 (RFC 9113) on one connection, as values: nghttp2 behind a door of our own. It knows frames, HPACK and flow
// control; sockets, requests and who may do what are its owner's business. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct nghttp2_session;

namespace sallyport::http2 {

using StreamId = int32_t;

enum class Role : uint8_t { kServer, kClient };

enum class ErrorCode : uint32_t {  // RFC 9113 s7
  kNone = 0,
  kProtocol = 1,
  kInternal = 2,
  kRefusedStream = 7,
  kCancel = 8,
  kEnhanceYourCalm = 11,
};

// Field lines that are about to be sent: pseudo-fields first. Names are sent in lower case.
class FieldBlock {
 public:
  enum class Indexing : uint8_t {
    kAllowed,
    kNever
  };  // never: a secret, which no later hop may index (RFC 7541 s7.1.3)
  void clear();
  void wipe();                 // clears, and nothing of the text is left in memory
  void reserve(size_t bytes);  // of names and values: up to so many, no copy of them is left behind by growing
  void add(std::string_view name, std::string_view value, Indexing indexing = Indexing::kAllowed);
  bool empty() const { return lines_.empty(); }
  size_t size() const { return lines_.size(); }
  std::string_view name(size_t place) const { return {text_.data() + lines_[place].at, lines_[place].name_bytes}; }
  std::string_view value(size_t place) const {
    return {text_.data() + lines_[place].at + lines_[place].name_bytes, lines_[place].value_bytes};
  }
  Indexing indexing(size_t place) const { return lines_[place].indexing; }

 private:
  friend struct Callbacks;
  struct Line {
    uint32_t at, name_bytes, value_bytes;
    Indexing indexing;
  };
  std::string text_;
  std::vector<Line> lines_;
};

// One stream, as the session tells of it. Called from inside Session::receive() and send(): nothing here may call
// either of them.
class Stream {
 public:
  virtual void on_head() = 0;  // a field section begins: the first, after 1xx the next, then trailers
  virtual void on_field(std::string_view name, std::string_view value) = 0;
  enum class Follows : uint8_t { kMore, kNothing };
  virtual void on_head_end(Follows follows) = 0;
  virtual void on_data(std::string_view bytes) = 0;  // owed to the flow control until Session::consume()
  virtual void on_end() = 0;                         // the other side has sent its last byte
  virtual void on_closed(ErrorCode code) = 0;        // the session does not know it any more
  // There is room for `room` bytes: how many of them can be sent now, and are they the last?
  struct Offer {
    size_t bytes = 0;
    bool last = false;
    const FieldBlock* trailers = nullptr;  // with the last: a trailer section follows
  };
  virtual Offer on_room(size_t room) = 0;
  virtual void take(size_t bytes, std::string& out) = 0;  // appends the bytes that were offered

 protected:
  ~Stream() = default;
};

enum class FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kReset = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
  kUnknown = 255,
};

struct FrameHead {
  FrameType type;
  size_t bytes;
  bool end_stream;  // DATA and HEADERS: the flag
};

class SessionOwner {
 public:
  // Role::kServer: the other side opens a stream. Null: it is refused.
  virtual Stream* on_stream(StreamId id) = 0;
  virtual void on_frame(const FrameHead& frame) = 0;  // one begins to arrive
  // A frame that breaks the protocol was answered with a reset or the connection's end. why: a literal.
  virtual void on_violation(StreamId id, const char* why) = 0;
  virtual void on_settings() = 0;  // the other side's were read
  virtual void on_data_sent() = 0;
  virtual void on_goaway() = 0;  // the other side takes no new streams

 protected:
  ~SessionOwner() = default;
};

struct SessionLimits {
  uint32_t streams = 100;                    // at once, opened by the other side
  uint32_t stream_window = 256 * 1024;       // bytes that may come before they are consumed
  uint32_t connection_window = 1024 * 1024;  // the same of all streams together
  uint32_t header_bytes = 32 * 1024;         // told to the other side; its owner counts
};

class Session {
 public:
  Session(Role role, SessionOwner& owner, const SessionLimits& limits);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes all of it. False: the session is broken beyond a GOAWAY.
  bool receive(std::string_view bytes);
  // Appends what is to be sent to `out` until that has `most` bytes or nothing is left. False: as receive().
  bool send(std::string& out, size_t most);
  bool wants_to_send() const;
  bool over() const;  // neither side has anything to say any more

  // --- streams. All of it only queues: send() sends.
  // Role::kClient. errors: 0 when no stream can be opened any more.
  StreamId request(const FieldBlock& head, Stream& stream, bool with_body);
  void respond(StreamId id, const FieldBlock& head, bool with_body);
  void interim(StreamId id, const FieldBlock& head);  // 1xx
  void resume(StreamId id);                           // on_room() is worth asking again
  void reset(StreamId id, ErrorCode code);
  void consume(StreamId id, size_t bytes);         // received bytes are used: the other side may send as many more
  void consume_connection(size_t bytes);           // of a stream that is closed
  void consume_stream(StreamId id, size_t bytes);  // what consume_connection() has been told of already
  void widen(StreamId id, uint32_t window);        // so many bytes may come before they are consumed, of this stream
  bool knows(StreamId id) const;                   // false: closed, or its head has not left yet
  void forget(StreamId id);                        // its Stream is told nothing any more

  // --- the connection
  void announce_end();                       // GOAWAY: no new streams, please (s6.8)
  void end(ErrorCode code);                  // GOAWAY; nothing more is received
  StreamId last_stream() const;              // the newest that was looked at
  uint32_t peer_streams_max() const;         // how many we may open at once
  bool peer_takes_connect_protocol() const;  // RFC 8441

 private:
  friend struct Callbacks;
  nghttp2_session* session_ = nullptr;
  SessionOwner& owner_;
  std::string* out_ = nullptr;  // while send() runs
  size_t most_ = 0;
};

}  // namespace sallyport::http2
