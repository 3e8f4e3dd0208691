// TLS over a socket with OpenSSL: a BIO of our own that reads ahead, remembers when the socket is drained, and gathers
// the records of one write into one send. OpenSSL's headers stay inside proxy/tls.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/client_certificate.h"
#include "proxy/byte_channel.h"

struct ssl_st;

namespace sallyport::proxy {

struct TlsFacts {
  std::string_view version;  // "TLSv1.3"
  std::string_view cipher;
  std::string_view server_name;  // SNI, lower case; empty when none was sent
  bool resumed = false;
};

class TlsChannel final : public ByteChannel {
 public:
  // Takes over a new SSL of a context made by proxy/tls (server or client side is the context's). `asked`: what the
  // handshake's callbacks look at; let go once it is over.
  TlsChannel(Fd fd, ssl_st* ssl, std::shared_ptr<const void> asked = nullptr);
  ~TlsChannel() override;

  Io handshake() override;
  IoResult read(std::span<char> into) override;
  Io write(std::string_view data) override;
  size_t queued() const override;
  Io flush() override;
  bool readable_now() const override;
  bool peer_broken() override;
  void end_write() override;

  TlsFacts facts() const;
  // HTTP/2 was agreed on in the handshake (ALPN).
  bool speaks_http2() const;
  // May this host be asked on this connection? True when our own certificate covers it (RFC 9110 s7.4).
  bool certificate_covers(const std::string& host) const;
  // What the client has proven in the handshake; null: nothing, or it is not the client who is at the other side. Lives
  // as long as the channel.
  const ClientCertificate* client_certificate() const { return certificate_.get(); }
  // After a failed handshake: a literal for the log ("certificate is not trusted", "host name does not match", ...).
  const char* failure() const { return failure_; }
  ssl_st* ssl() const { return ssl_; }

 private:
  friend struct TlsBio;
  Io judge(int result);
  Io push();  // hands gathered records to the socket

  ssl_st* ssl_;
  std::shared_ptr<const void> asked_;
  std::unique_ptr<const ClientCertificate> certificate_;
  std::string queue_;  // ciphertext the socket did not take
  size_t sent_ = 0;
  bool handshaken_ = false;
  bool broken_ = false;
  const char* failure_ = "";
};

}  // namespace sallyport::proxy
