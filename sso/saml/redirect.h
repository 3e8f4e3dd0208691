// The Redirect binding's detached signature (Bindings s3.4.4.1): over the query's own bytes, as they were sent.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sso/checks.h"
#include "sso/saml/keys.h"

namespace sallyport::sso::saml {

enum class MessageKind : uint8_t { kRequest, kResponse };

constexpr size_t kQueryBytesMax = size_t{64} << 10;
constexpr size_t kRedirectedBytesMax = size_t{64} << 10;  // what it inflates to
constexpr size_t kRelayStateBytesMax = 1024;              // 80 by the specification; some send more

struct RedirectMessage {
  MessageKind kind;
  std::string xml;
  std::string relay_state;
};

// SAMLRequest or SAMLResponse, RelayState unless it is empty, and with a key SigAlg and Signature: a query without '?'.
Result<std::string> redirect_query(MessageKind kind, std::string_view xml, std::string_view relay_state,
                                   const SpKey* key);

// query: as it stood in the request target. Exactly one message, nothing twice, nothing else by the binding's names but
// SAMLEncoding=DEFLATE; signed by one of `keys`.
// errors: kTooLarge, kMalformed, kUnsupported, kUnauthenticated.
Result<RedirectMessage> read_redirect(std::string_view query, std::span<const VerifyKey> keys, Checks& checks);

}  // namespace sallyport::sso::saml
