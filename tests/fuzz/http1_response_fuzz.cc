// Answers of upstreams: as for requests, and nothing that could be two lengths is ever framed.
#include "tests/fuzz/http1_fuzz.h"

using namespace sallyport::http;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  HeadLimits limits;
  limits.underscores = Underscores::kKeep;
  require_steady(parse_response_head, input, limits);
  require_steady(parse_trailers, input, limits);
  limits.head_bytes_max = 96;
  limits.fields_max = 3;
  require_steady(parse_response_head, input, limits);

  limits = {};
  limits.underscores = Underscores::kKeep;
  Head head;
  const auto length = parse_response_head(input, limits, head);
  if (!length || *length == 0) return 0;
  const std::string_view bytes = input.substr(0, *length);
  require(head.status >= 100 && head.status <= 599);
  require_clean(head, limits);
  for (const bool to_head : {false, true}) {
    const auto framing = response_framing(head, to_head);
    if (!framing) {
      require(framing.error().status == 502);
      continue;
    }
    require(naive_count(bytes, "Content-Length") + naive_count(bytes, "Transfer-Encoding") <= 1);
    if (to_head || head.status == 204 || head.status == 304 || head.status < 200) require(framing->body == Body::kNone);
    if (framing->body == Body::kUntilClose) require(!framing->keep_alive);
    if (framing->body == Body::kChunked) require(head.minor == 1);
    if (framing->body == Body::kLength) require(framing->length > 0);
  }
  const std::string again = "HTTP/1." + std::to_string(head.minor) + " " + std::to_string(head.status) + " " +
                            std::string(head.reason) + "\r\n" + written(head);
  Head second;
  require(parse_response_head(again, limits, second) == again.size());
  require(same_head(head, second));
  return 0;
}
