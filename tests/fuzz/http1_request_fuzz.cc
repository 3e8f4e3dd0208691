// Request heads: what is taken says the same when it is written anew, and leaves no doubt about its length.
#include "base/http/url.h"
#include "tests/fuzz/http1_fuzz.h"

using namespace sallyport::http;

namespace {

void require_framing(const Head& head, std::string_view bytes) {
  const auto framing = request_framing(head);
  if (!framing) {
    require(framing.error().status >= 400 && framing.error().status <= 501);
    return;
  }
  const size_t lengths = naive_count(bytes, "Content-Length");
  const size_t codings = naive_count(bytes, "Transfer-Encoding");
  require(lengths + codings <= 1);
  require(naive_count(bytes, "Host") == 1 || head.minor == 0);
  require((framing->body == Body::kChunked) == (codings == 1));
  if (framing->body == Body::kChunked)
    require(head.minor == 1 && iequals(head.find(FieldId::kTransferEncoding)->value, "chunked"));
  if (framing->body == Body::kLength)
    require(std::to_string(framing->length) == head.find(FieldId::kContentLength)->value);
  require(framing->body != Body::kUntilClose);
  require(head.method != "CONNECT");
  require(head.target.starts_with('/') || parse_target(head.target).has_value());
  if (!framing->host.empty()) require(parse_authority(framing->host).has_value());
  const ConnectionOptions options(head);
  for (const Field& field : head.fields())
    if (field.id == FieldId::kConnection || field.id == FieldId::kTe) require(options.hop_by_hop(field));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  HeadLimits limits;
  require_steady(parse_request_head, input, limits);
  limits.head_bytes_max = 128;
  limits.target_bytes_max = 32;
  limits.fields_max = 4;
  limits.underscores = Underscores::kRefuse;
  require_steady(parse_request_head, input, limits);

  limits = {};
  limits.underscores = Underscores::kKeep;
  Head head;
  const auto length = parse_request_head(input, limits, head);
  if (!length || *length == 0) return 0;
  require(*length <= input.size() && input.substr(0, *length).ends_with("\r\n\r\n"));
  require_clean(head, limits);
  require_framing(head, input.substr(0, *length));

  const std::string line =
      std::string(head.method) + " " + std::string(head.target) + " HTTP/1." + std::to_string(head.minor);
  const std::string again = line + "\r\n" + written(head);
  Head second;
  require(parse_request_head(again, limits, second) == again.size());
  require(same_head(head, second));

  Head dropped;
  limits.underscores = Underscores::kDrop;
  require(parse_request_head(input, limits, dropped) == *length);
  require_clean(dropped, limits);
  return 0;
}
