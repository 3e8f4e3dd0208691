// Station 3: may this be done? The policy's decision over the facts, then the same-origin rule for what a cookie alone
// proves.
#pragma once

#include "base/result.h"
#include "proxy/request_context.h"

namespace sallyport::proxy {

// Sets context.decision. errors: kUnauthenticated nobody is signed in, or a factor is lacking (Outcome::kStepUp);
// kDenied.
Result<void> authorise(RequestContext& context, std::string_view path);

// A cross-origin pre-flight (Fetch standard, CORS): answered by the gateway from `origins`, never by the upstream.
bool is_preflight(const http::Head& head);
void answer_preflight(RequestContext& context);

}  // namespace sallyport::proxy
