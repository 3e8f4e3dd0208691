// The fields of an HTTP/2 request, gathered as they are decoded and made into the very http::Head that an HTTP/1.1
// request becomes (RFC 9113 s8.3): judged by the same rules, one Host, cookie crumbs joined, the names in lower case.
// An extended CONNECT for a WebSocket (RFC 8441) becomes the handshake that it replaces.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/codec/http1_head.h"
#include "proxy/codec/http2_session.h"
#include "proxy/input_buffer.h"

namespace sallyport::http2 {

class RequestFields {
 public:
  void begin();
  // Takes one field line. What is wrong with it, or over a limit, is remembered for finish(); from then on nothing is
  // stored any more, so that what is held is at most limits.head_bytes_max and one line.
  void add(std::string_view name, std::string_view value, const http::HeadLimits& limits);
  size_t bytes() const { return text_.capacity() + cookies_.capacity(); }
  void shrink();  // gives memory back

  // The head, which lives in `block`.
  // errors: as http::parse_request_head and http::request_framing, 400 for what HTTP/2 does not allow in a request or
  // what has two readings, 501 CONNECT other than for a WebSocket.
  std::expected<http::RequestFraming, http::Refusal> finish(proxy::Block& block, Stream::Follows follows,
                                                            std::string_view known_host = {});

 private:
  struct Line {
    uint32_t at, name_bytes, value_bytes;
    http::FieldId id;
  };
  void pseudo(std::string_view name, std::string_view value);
  void refuse(uint16_t status, const char* what);
  std::string_view store(std::string_view value);

  enum Pseudo : size_t { kMethod, kScheme, kAuthority, kPath, kProtocol, kPseudos };
  struct Place {
    uint32_t at = 0, bytes = 0;
    bool there = false;
  };
  std::string text_;     // names and values, one after the other
  std::string cookies_;  // the crumbs, joined (s8.2.3)
  std::vector<Line> lines_;
  Place pseudos_[kPseudos];
  size_t counted_ = 0;  // bytes, as an HTTP/1.1 head would have
  size_t fields_ = 0;
  http::Refusal refusal_{0, ""};
};

// A trailer section, gathered as "name: value" lines with CRLF each. Pseudo-fields and what frames a message have no
// place in it.
class TrailerFields {
 public:
  void add(std::string_view name, std::string_view value);
  bool good() const { return good_; }
  const std::string& lines() const { return lines_; }

 private:
  std::string lines_;
  bool good_ = true;
};

}  // namespace sallyport::http2
