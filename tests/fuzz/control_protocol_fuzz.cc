// The lines of the control socket: what is understood is written back as one line that means the same.
#include "cli/control_protocol.h"
#include "tests/fuzz/require.h"

using namespace sallyport;
using namespace sallyport::cli;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line = fuzz_text(data, size);
  if (const auto request = parse_control_request(line)) {
    require(size <= kControlLineBytesMax);
    std::string again = to_line(*request);
    require(again.ends_with('\n'));
    again.pop_back();
    const auto second = parse_control_request(again);
    require(second && second->op == request->op && second->generation == request->generation);
  }
  if (const auto generation = parse_follow_answer(line)) {
    std::string again = control_in_force(*generation);
    again.pop_back();
    require(parse_follow_answer(again) == *generation);
  }
  return 0;
}
