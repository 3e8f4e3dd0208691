// One request and its response, as the stations see it: parsed values in, values out. A codec (HTTP/1.1 now, HTTP/2
// later) implements it; stations never see the connection, TLS or the codec behind it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/client_certificate.h"
#include "base/ip.h"
#include "base/task.h"
#include "proxy/codec/http1_head.h"

namespace sallyport::proxy {

struct ConnectionFacts {
  PeerAddress peer;
  bool tls = false;
  const ClientCertificate* certificate = nullptr;  // verified in the handshake; null: none. Lives with the connection
};

constexpr uint64_t kNoLength = UINT64_MAX;
constexpr std::chrono::milliseconds kHurry{100};  // of the wheel's ticks: over after 200 at most

struct BodyPiece {
  enum class Kind : uint8_t {
    kData,  // `data` is valid until the next call or suspension
    kWait,  // nothing yet: await the slot
    kEnd,   // whole; trailers() is complete
    kBad,   // the framing is broken
    kGone,  // the sender has gone before the end
  } kind;
  std::string_view data{};
};

class Exchange {
 public:
  virtual const ConnectionFacts& connection() const = 0;
  // May this host be asked on this connection (421 otherwise)? cost: a string compare for the host asked last.
  virtual bool covers_host(std::string_view host) = 0;
  // The host, in its one form, that covers_host() has said yes to last; or "".
  virtual std::string_view host_covered() const = 0;

  // --- the request. Views are valid until release_head().
  virtual const http::Head& head() const = 0;
  virtual const http::RequestFraming& framing() const = 0;
  virtual void release_head() = 0;
  // The body, decoded. Only after release_head(). The first call answers Expect: 100-continue.
  virtual BodyPiece read_body() = 0;
  virtual WaitSlot& body_slot() = 0;
  virtual std::string_view request_trailers() const = 0;
  virtual uint64_t request_bytes() const = 0;  // of the body, so far

  // --- the response. Begin, fields, end_head, data..., finish; flush() before every suspension.
  virtual void begin(int status, std::string_view reason) = 0;
  virtual void field(std::string_view name, std::string_view value) = 0;
  // kLength: exactly `length` bytes follow. kChunked: unknown. kNone: no body (HEAD, 204, 304); a length may still be
  // said, else kNoLength.
  virtual void end_head(http::Body body, uint64_t length) = 0;
  virtual void data(std::string_view bytes) = 0;
  virtual void finish(std::string_view trailers) = 0;  // trailer lines with CRLF each, or ""
  virtual void interim_continue() = 0;
  // In place of end_head(), after begin(101): the exchange is a tunnel from here on. read_body() gives what the client
  // sends and data() takes what it gets, both until one side ends; nothing times out but a client that takes nothing.
  virtual void switch_protocols() = 0;
  virtual void flush() = 0;
  virtual bool blocked() const = 0;             // bytes wait for a slow client
  virtual WaitSlot& writable_slot() = 0;        // woken when nothing waits any more
  virtual bool gone() const = 0;                // the client cannot be reached any more
  virtual bool begun() const = 0;               // a response head was written
  virtual uint64_t response_bytes() const = 0;  // of the body, so far
  // The response cannot be completed: the connection ends without its proper end.
  virtual void abort() = 0;
  virtual void close_after() = 0;  // this exchange is the connection's last
  // The right to it is over. Not for who serves it: the task that does is destroyed before this returns.
  // kNow: what waits for the client is dropped, and a response that is not whole by now ends without its proper end.
  // kAnswered: a refusal was just written in place of the response; it may leave, and the connection may live on.
  enum class Cut : uint8_t { kNow, kAnswered };
  virtual void cut(Cut how) = 0;
  // What has been written has kHurry to leave; then it is cut off, as far as it has not left.
  virtual void hurry() = 0;

 protected:
  ~Exchange() = default;
};

// Who answers exchanges: the data path, or the admin endpoints.
class ExchangeServer {
 public:
  virtual Task<void> serve(Exchange& exchange) = 0;

 protected:
  ~ExchangeServer() = default;
};

}  // namespace sallyport::proxy
