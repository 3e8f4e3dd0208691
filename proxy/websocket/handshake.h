// The opening handshake of a WebSocket over HTTP/1.1 (RFC 6455 s4), both ways.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/exchange.h"

namespace sallyport::websocket {

// Is this request, which asks for an upgrade, the opening handshake of a WebSocket and nothing else?
// errors (Side::kClient): kDenied another protocol, or another beside it; kMalformed not GET, with a body, another
// version than 13, no or two keys, a key that is not 16 bytes in base64.
Result<void> check_request(const http::Head& head, const http::RequestFraming& framing);

// The key of a request that check_request() has passed.
std::string_view key_of(const http::Head& head);

// What the server must answer to this key (s4.2.2).
std::string accept_of(std::string_view key);

// What was agreed on.
struct Agreement {
  bool compression = false;  // permessage-deflate (RFC 7692)
};

// The answer to a handshake, status 101. errors: kMalformed (Side::kUpstream) not an answer to this key, or it agrees
// on an extension that was not offered or that is not known here.
Result<Agreement> read_answer(const http::Head& answer, std::string_view key, bool extensions_offered);

}  // namespace sallyport::websocket
