// Which requests are streams by their kind, opened to stay open: a WebSocket, and what its media type says of itself,
// in the request (gRPC) or in the answer. Everything else comes to an end of its own, and may.
#pragma once

#include "proxy/codec/http1_head.h"

namespace sallyport::proxy {

bool is_lasting(const http::Head& head);

}  // namespace sallyport::proxy
