// Requests of HTTP/2 clients: whatever list of fields comes, what is taken has one reading, as an HTTP/1.1 head has.
#include <memory>

#include "proxy/codec/http2_request.h"
#include "tests/fuzz/http2_fields_fuzz.h"

using namespace sallyport;
using Follows = http2::Stream::Follows;

namespace {

void run(std::string_view input, const HeadLimits& limits, Follows follows) {
  static const auto block = std::make_unique<proxy::Block>();
  static http2::RequestFields fields;
  fields.begin();
  for_each_fuzzed_field(input, [&](std::string_view name, std::string_view value) { fields.add(name, value, limits); });
  require(fields.bytes() <= 4 * (limits.head_bytes_max + input.size()) + 4096);
  const auto framing = fields.finish(*block, follows);
  if (!framing) {
    require(framing.error().status >= 400 && framing.error().status <= 505 && framing.error().what[0] != '\0');
    return;
  }
  const Head& head = block->head;
  require_clean_pieces(head);
  require(http::is_method(head.method) && http::is_target(head.target) && head.method != "CONNECT");
  require(count_of(head, FieldId::kHost) == 1 && count_of(head, FieldId::kCookie) <= 1);
  require(framing->host == head.find(FieldId::kHost)->value);
  require(head.count <= limits.fields_max + 5);
  require(head.has(FieldId::kUpgrade) == framing->upgrade);
  if (limits.underscores != http::Underscores::kKeep)
    for (const Field& field : head.fields()) require(!http::has_folded_byte(field.name));
  if (framing->upgrade) {
    require(head.method == "GET" && framing->body == http::Body::kNone && follows == Follows::kMore);
    require(count_of(head, FieldId::kSecWebSocketKey) == 1 && count_of(head, FieldId::kContentLength) == 0);
    return;
  }
  const Field* const length = head.find(FieldId::kContentLength);
  require(count_of(head, FieldId::kContentLength) <= 1);
  if (follows == Follows::kNothing) require(framing->body == http::Body::kNone && framing->length == 0);
  if (framing->body == http::Body::kLength)
    require(length != nullptr && length->value == std::to_string(framing->length));
  if (framing->body == http::Body::kChunked) require(length == nullptr);
  require(framing->body != http::Body::kUntilClose);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  HeadLimits limits;
  for (const Follows follows : {Follows::kMore, Follows::kNothing}) {
    run(input, limits, follows);
    limits.underscores = http::Underscores::kRefuse;
    limits.head_bytes_max = 200;
    limits.fields_max = 3;
  }
  http2::TrailerFields trailers;
  for_each_fuzzed_field(input, [&](std::string_view name, std::string_view value) { trailers.add(name, value); });
  if (!trailers.good()) return 0;
  Head head;
  HeadLimits whole;
  whole.underscores = http::Underscores::kKeep;
  const std::string raw = trailers.lines() + "\r\n";
  const auto read = http::parse_trailers(raw, whole, head);
  require(read ? *read == raw.size() : read.error().status == 431);
  return 0;
}
