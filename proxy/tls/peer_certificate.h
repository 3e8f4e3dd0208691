// The certificate that the client of a connection has shown, after the handshake that verified it, and what a session
// ticket has to remember of it. A ticket carries the certificate but not those that vouched for it (RFC 5077 s4 leaves
// that to us), so the time at which the first of them ends travels in the ticket as well.
#pragma once

#include <memory>

#include "base/client_certificate.h"
#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace sallyport::proxy {

// Null: the listener asks for none, or the client had none and may do without.
// errors: kDenied it must not go on: nothing was shown where something must be, or what was shown is not verified;
// kMalformed it does not read.
Result<std::unique_ptr<const ClientCertificate>> read_peer_certificate(ssl_st* ssl);

// Has tickets of this context remember until when they may count, and refuses those that are over: such a client
// makes a full handshake, in which its certificate is looked at again.
void bind_tickets_to_certificates(ssl_ctx_st* context);

}  // namespace sallyport::proxy
