// The one place where an Error becomes HTTP: a status, and the body {error, message, details, request_id} as JSON, or
// the same as a small page for a browser's page load.
#pragma once

#include "base/result.h"
#include "proxy/request_context.h"

namespace sallyport::proxy {

int status_of(const Error& error);

// Answers the exchange, unless a response has begun: then it is aborted. Sets context.status.
void reply_error(RequestContext& context, const Error& error);

// Strict-Transport-Security on every answer under TLS.
void add_transport_security(Exchange& exchange);
// The fields of every answer that is the gateway's own: that, and Date (RFC 9110 s6.6.1).
void add_own_fields(Exchange& exchange, WallMicros now);

}  // namespace sallyport::proxy
