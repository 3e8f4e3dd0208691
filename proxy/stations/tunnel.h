// Station 7 for a WebSocket: after the upstream has agreed, frames go both ways at the pace of the slower side, heads
// checked, payloads untouched, until one side closes, is idle for too long, breaks the protocol, or the right to it
// ends.
#pragma once

#include "proxy/stations/forward.h"

namespace sallyport::proxy {

// The upstream has answered 101 to a request that asked for it.
// errors: kMalformed (Side::kUpstream) the answer does not fit; nothing has been told to the client then.
Task<Result<void>> tunnel(RequestContext& context, Forwarded& forwarded, const RenderedCredential* rendered);

}  // namespace sallyport::proxy
