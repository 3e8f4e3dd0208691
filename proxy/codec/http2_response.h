// The fields of an HTTP/2 response, gathered as they are decoded and made into the very http::Head that an HTTP/1.1
// response becomes (RFC 9113 s8.3.2), judged as strictly.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/codec/http1_head.h"
#include "proxy/codec/http2_session.h"
#include "proxy/input_buffer.h"

namespace sallyport::http2 {

class ResponseFields {
 public:
  void begin();
  // Takes one field line. What is wrong with it, or over a limit (kFieldsMax lines, a block of bytes), is remembered
  // for finish(); from then on nothing is stored any more.
  void add(std::string_view name, std::string_view value);
  void shrink();  // gives memory back

  enum class To : uint8_t { kHead, kOther };  // the request's method
  // The head, which lives in `block`. A body without a length that is said is kChunked; one that has ended with the
  // head is kNone where there is none by rule (HEAD, 204, 304), else kLength of 0. errors: 502 and what is wrong: no
  // status or a bad one, two, pseudo-fields other than that or after a field, names that are no token in lower case,
  // control bytes, white space around a value, fields of the connection (s8.2.2), a Content-Length that is no number or
  // said twice, a 1xx that ends the stream.
  std::expected<http::ResponseFraming, http::Refusal> finish(proxy::Block& block, Stream::Follows follows, To to);

 private:
  struct Line {
    uint32_t at, name_bytes, value_bytes;
    http::FieldId id;
  };
  void status(std::string_view value);
  void refuse(const char* what);

  std::string text_;  // names and values, one after the other
  std::vector<Line> lines_;
  size_t counted_ = 0;  // bytes, as an HTTP/1.1 head would have
  int status_ = 0;
  const char* refusal_ = nullptr;
};

}  // namespace sallyport::http2
