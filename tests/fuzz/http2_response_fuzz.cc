// Answers of HTTP/2 upstreams: as for requests, and nothing that could be two lengths is ever framed.
#include <memory>

#include "proxy/codec/http2_response.h"
#include "tests/fuzz/http2_fields_fuzz.h"

using namespace sallyport;
using Follows = http2::Stream::Follows;
using To = http2::ResponseFields::To;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  static const auto block = std::make_unique<proxy::Block>();
  static http2::ResponseFields fields;
  fields.begin();
  for_each_fuzzed_field(input, [&](std::string_view name, std::string_view value) { fields.add(name, value); });
  for (const Follows follows : {Follows::kMore, Follows::kNothing}) {
    for (const To to : {To::kHead, To::kOther}) {
      const auto framing = fields.finish(*block, follows, to);
      if (!framing) {
        require(framing.error().status == 502 && framing.error().what[0] != '\0');
        continue;
      }
      const Head& head = block->head;
      require(head.status >= 100 && head.status <= 599);
      HeadLimits limits;
      limits.fields_max = http::kFieldsMax;
      limits.underscores = http::Underscores::kKeep;
      require_clean(head, limits);
      require_clean_pieces(head);
      for (const Field& field : head.fields())
        require(std::ranges::none_of(field.name, [](char c) { return c >= 'A' && c <= 'Z'; }));
      require(count_of(head, FieldId::kContentLength) <= 1 && !head.has(FieldId::kUpgrade));
      require(framing->body != http::Body::kUntilClose);
      const Field* const length = head.find(FieldId::kContentLength);
      if (to == To::kHead || head.status == 204 || head.status == 304 || head.status < 200) {
        require(framing->body == http::Body::kNone);
      } else {
        require(framing->body != http::Body::kNone);
        if (framing->body == http::Body::kChunked) require(length == nullptr && follows == Follows::kMore);
        if (length != nullptr) require(length->value == std::to_string(framing->length));
        if (follows == Follows::kNothing) require(framing->length == 0);
      }
      // An HTTP/1.1 reader sees the same fields.
      Head again;
      const std::string text = "HTTP/1.1 " + std::to_string(head.status) + " \r\n" + written(head);
      limits.head_bytes_max = text.size() + 1;
      require(http::parse_response_head(text, limits, again) == text.size());
      require(std::ranges::equal(head.fields(), again.fields(), same_field));
    }
  }
  return 0;
}
