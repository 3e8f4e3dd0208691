// TLS towards clients: one object per listener and worker. Certificates are chosen by SNI, the first one when no name fits.
// TLS 1.2 with forward secrecy and AEAD only, TLS 1.3; no renegotiation, no compression, no early data.
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
  // "listeners[INDEX].tls.certificates[I]".
  static std::expected<std::unique_ptr<ServerTls>, Mistakes> open(const conf::ListenerTls& config, size_t listener_index,
                                                                  TicketKeys& tickets);
  ~ServerTls();
  std::unique_ptr<TlsChannel> accept(Fd fd) const;  // null when out of memory

 private:
  ServerTls();
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport::proxy
