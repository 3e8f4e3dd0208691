// The fields of an upstream's response on their way to the client.
#pragma once

#include "proxy/exchange.h"

namespace sallyport::proxy {

// May this field of an upstream's response reach the client? (DESIGN section 7, "To the upstream", last sentence)
bool response_field_allowed(const http::Field& field);

// Writes those that may, and our own Strict-Transport-Security; framing is the exchange's.
void write_response_fields(Exchange& exchange, const http::Head& head);

}  // namespace sallyport::proxy
