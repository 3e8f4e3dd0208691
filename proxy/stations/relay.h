// Stations 6 and 7: the response's fields are filtered (what could cross hosts or belongs to the gateway goes), then
// its body is relayed as it comes, at the pace of the slower side.
#pragma once

#include "proxy/stations/forward.h"

namespace sallyport::proxy {

// errors: kMalformed, kTimeout or kUnavailable of the upstream in the middle of the body: the client's response is
// aborted.
Task<Result<void>> relay(RequestContext& context, Forwarded& forwarded);

}  // namespace sallyport::proxy
