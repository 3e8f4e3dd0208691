// Where a request is for the gate itself: turned into values for sso::Gate, and its reply into a response.
#pragma once

#include <string>

#include "base/task.h"
#include "proxy/request_context.h"

namespace sallyport::proxy {

enum class GateAsk : uint8_t {
  kHandle,       // a path of the gate
  kBeginSignIn,  // a page load that needs somebody signed in, or a factor of who is
};

// path and query are copied before the first wait. errors: kTooLarge, kMalformed or kTimeout of the request's body.
Task<Result<void>> ask_gate(RequestContext& context, GateAsk ask, std::string path, std::string query);

}  // namespace sallyport::proxy
