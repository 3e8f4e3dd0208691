// The way of a request, read this first: the stations in their fixed order (docs/LIFE_OF_A_REQUEST.md).
#pragma once

#include "base/task.h"
#include "proxy/exchange.h"

namespace sallyport::proxy {

class Worker;

// Answers one exchange, whatever happens. Destroying the task (the client has gone) cancels what it waits for; the
// audit entry is written all the same.
Task<void> serve(Exchange& exchange, Worker& worker);

}  // namespace sallyport::proxy
