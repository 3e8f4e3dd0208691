// Between the stations: is this more than the platform or the resource lets anybody ask? Two questions, since `user`
// and `token` are known only later. On the gate's own paths the first alone is asked, of the platform's limits; and the
// handshake of a WebSocket counts, its messages do not.
#pragma once

#include "base/result.h"
#include "proxy/request_context.h"

namespace sallyport::proxy {

// Limits by address, then those of all, so that what an address has too much of is not taken from everybody.
// Sets context.retry_after.   errors: kLimit.   cost: two compares where no limit is configured; else as
// RateTable::take for each.
Result<void> limit_arrival(RequestContext& context);
// Limits by user and token, once it is known who asks; nobody counts by address.
Result<void> limit_identified(RequestContext& context);

}  // namespace sallyport::proxy
