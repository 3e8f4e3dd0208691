// Forwarded: what is read can be written again and reads the same, and whatever a client wrote, the element that a
// proxy puts behind it is the last one or the field is refused.
#include <string>

#include "base/http/forwarded.h"
#include "tests/fuzz/require.h"

using namespace sallyport;
using http::ForwardedElement;

namespace {

std::optional<std::vector<ForwardedElement>> read(std::string_view field) {
  std::vector<ForwardedElement> out;
  if (!http::parse_forwarded(field, out)) return std::nullopt;
  return out;
}

bool same(const ForwardedElement& a, const ForwardedElement& b) { return a.client == b.client && a.proto == b.proto; }

std::string written(const std::vector<ForwardedElement>& elements) {
  std::string out;
  for (const ForwardedElement& element : elements) {
    if (!out.empty()) out += ", ";
    out += "for=";
    if (!element.client)
      out += "unknown";
    else
      out += element.client->is_v4() ? element.client->to_string() : "\"[" + element.client->to_string() + "]\"";
    if (!element.proto.empty()) out += ";proto=" + std::string(element.proto);
  }
  return out;
}

void expect_last(std::string_view client_wrote, std::string_view proxy_adds) {
  const std::string field = std::string(client_wrote) + ", " + std::string(proxy_adds);
  const auto own = read(proxy_adds);
  require(own && own->size() == 1);
  if (const auto all = read(field)) require(same(all->back(), own->front()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  expect_last(input, "for=192.0.2.1;proto=http");
  expect_last(input, "proto=http;for=\"[2001:db8::1]:80\"");
  const auto elements = read(input);
  if (!elements) return 0;
  require(!elements->empty() && elements->size() <= http::kForwardedElementsMax);
  const std::string text = written(*elements);
  const auto again = read(text);
  require(again && again->size() == elements->size());
  for (size_t i = 0; i < elements->size(); ++i) require(same((*again)[i], (*elements)[i]));
  if (elements->size() == http::kForwardedElementsMax) return 0;
  const std::string longer_text = std::string(input) + ", for=192.0.2.1";
  const auto longer = read(longer_text);
  require(longer && longer->size() == elements->size() + 1 && longer->back().client.has_value());
  return 0;
}
