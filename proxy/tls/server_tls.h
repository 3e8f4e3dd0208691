// TLS towards clients: one value per listener and worker. Certificates are chosen by SNI, the first one when no name
// fits. TLS 1.2 with forward secrecy and AEAD only, TLS 1.3; no renegotiation, no compression, no early data. Clients
// are asked for a certificate in the first handshake or never (proxy/tls/client_authorities.h). Connections keep what
// they need of it: it may be replaced by a newer one at any time.
#pragma once

#include <expected>
#include <memory>
#include <vector>

#include "base/mistake.h"
#include "conf/node_config.h"
#include "proxy/tls/ticket_keys.h"
#include "proxy/tls/tls_channel.h"

namespace sallyport::proxy {

class ServerTls {
 public:
  // errors: every certificate or key that cannot be read, does not parse, or does not fit its other half; path is
  // "listeners[INDEX].tls.certificates[I]"; or "listeners[INDEX].tls.client_ca", for the authorities of clients.
  static std::expected<ServerTls, Mistakes> open(const conf::ListenerTls& config, size_t listener_index,
                                                 TicketKeys& tickets);
  std::unique_ptr<TlsChannel> accept(Fd fd) const;  // null when out of memory

 private:
  struct Inside;
  explicit ServerTls(std::shared_ptr<const Inside> inside) : inside_(std::move(inside)) {}
  std::shared_ptr<const Inside> inside_;  // shared with the connections in their handshake
};

}  // namespace sallyport::proxy
