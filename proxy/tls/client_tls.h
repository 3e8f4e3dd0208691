// TLS towards one upstream: chain and name verified always, SNI sent, sessions reused. One per resource and worker.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "proxy/tls/tls_channel.h"

namespace sallyport::proxy {

enum class AlpnOffer : uint8_t { kHttp1, kHttp2First };

class ClientTls {
 public:
  // ca_pem: trusted authorities as PEM text; empty: the system's. server_name: a name (also sent as SNI) or an address.
  // errors: kMalformed the PEM holds no certificate.
  static Result<std::unique_ptr<ClientTls>> open(const std::string& ca_pem, const std::string& server_name);
  ~ClientTls();
  std::unique_ptr<TlsChannel> connect(Fd fd, AlpnOffer offer);  // null when out of memory

 private:
  ClientTls();
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport::proxy
