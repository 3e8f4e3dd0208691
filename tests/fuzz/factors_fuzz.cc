// Whatever bytes stand in the store as a person's second factors: they are refused, or they are the one text of what
// was read.
#include "sso/factors.h"
#include "tests/fuzz/require.h"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = SecretBytes::copy_of(fuzz_text(data, size));
  if (!text) return 0;
  const auto factors = sso::read_factors(*text);
  if (!factors) return 0;
  const auto again = sso::to_json(*factors);
  require(again.has_value() && again->reveal() == text->reveal());
  return 0;
}
