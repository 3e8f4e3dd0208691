// One request on its way to an upstream, and the response to it, whatever is spoken there: a connection of its own
// (HTTP/1.1) or a stream of a shared one (HTTP/2). Used by one coroutine (the response) and, while a request has a
// body, by a second one (the upload).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/task.h"
#include "proxy/exchange.h"

namespace sallyport::proxy {

class UpstreamConnection;

class UpstreamExchange {
 public:
  virtual ~UpstreamExchange() = default;

  virtual const Endpoint& endpoint() const = 0;
  virtual WaitSlot& changed() = 0;          // readable, failed or timed out
  virtual WaitSlot& writable() = 0;         // not blocked() any more, or failed
  virtual bool lost() const = 0;            // nothing more can be sent; what has come can still be read
  virtual const char* failure() const = 0;  // a literal
  virtual bool timed_out() const = 0;

  // --- the request
  struct Request {
    http::Body body = http::Body::kNone;
    bool to_head = false;                       // the method is HEAD
    bool upgrade = false;                       // 101 is an answer to it; then bytes go both ways until one side closes
    bool takes_trailers = false;                // the client has said TE: trailers
    bool secret_target = false;                 // a credential stands in the target
    std::span<const std::string> secret_names;  // of the injected fields, lower case
  };
  // head: as write_request_head() makes it, the injected lines included.
  virtual void send_head(std::string_view head, const Request& request) = 0;
  virtual void send_body(std::string_view bytes) = 0;
  // Nothing of it follows; from here on the response timer runs. trailers: lines with CRLF each, or "".
  virtual void end_request(std::string_view trailers) = 0;
  virtual bool blocked() const = 0;    // bytes wait for a slow upstream
  virtual void expect_writable() = 0;  // while blocked(): not taking anything for too long is a failure
  virtual void stay_awake() = 0;       // something went the other way: the idle timer begins anew
  virtual bool reused() const = 0;     // its connection carried other requests before
  virtual bool refused() const = 0;    // the upstream has not looked at it: it may be sent again, whatever it is

  // --- the response
  enum class HeadStep : uint8_t { kWait, kHead, kBad, kGone };
  virtual HeadStep read_head() = 0;  // on kHead: head() and framing() are valid until read_body()
  virtual const http::Head& head() = 0;
  virtual const http::ResponseFraming& framing() const = 0;
  virtual const char* bad() const = 0;  // after kBad: what was wrong
  virtual bool answered() const = 0;    // any byte of the response has come
  virtual BodyPiece read_body() = 0;
  virtual bool body_ended() const = 0;  // the piece just read was the last
  virtual std::string_view trailers() const = 0;
  // The HTTP/1.1 connection that it is, when that may carry another request; else null.
  virtual UpstreamConnection* reusable() = 0;
};

}  // namespace sallyport::proxy
