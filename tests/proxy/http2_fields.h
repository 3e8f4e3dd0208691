// Lists of fields as an HTTP/2 peer sends them, given to the gatherers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/codec/http2_request.h"
#include "proxy/codec/http2_response.h"

namespace sallyport::http2 {

using Fields = std::vector<std::pair<std::string, std::string>>;
using Follows = Stream::Follows;

// What became of them; the head lives in `block`.
template <class Framing>
struct Gathered {
  std::unique_ptr<proxy::Block> block = std::make_unique<proxy::Block>();
  std::expected<Framing, http::Refusal> framing = std::unexpected(http::Refusal{0, ""});
  const http::Head& head() const { return block->head; }
  int status() const { return framing ? 0 : framing.error().status; }
  std::string what() const { return framing ? "" : framing.error().what; }
  // "name: value" of every field, one a line.
  std::string lines() const {
    std::string out;
    for (const http::Field& field : head().fields()) out.append(field.name).append(": ").append(field.value) += '\n';
    return out;
  }
};

inline Gathered<http::RequestFraming> request_of(const Fields& fields, Follows follows = Follows::kNothing,
                                                 const http::HeadLimits& limits = {}) {
  RequestFields gatherer;
  gatherer.begin();
  for (const auto& [name, value] : fields) gatherer.add(name, value, limits);
  Gathered<http::RequestFraming> out;
  out.framing = gatherer.finish(*out.block, follows);
  return out;
}

inline Gathered<http::ResponseFraming> response_of(const Fields& fields, Follows follows = Follows::kMore,
                                                   ResponseFields::To to = ResponseFields::To::kOther) {
  ResponseFields gatherer;
  gatherer.begin();
  for (const auto& [name, value] : fields) gatherer.add(name, value);
  Gathered<http::ResponseFraming> out;
  out.framing = gatherer.finish(*out.block, follows, to);
  return out;
}

}  // namespace sallyport::http2
