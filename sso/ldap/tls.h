// TLS towards an LDAP server, over OpenSSL and a socket that does not block: chain and name verified always, TLS 1.2 at
// least. libldap's own (Debian's is GnuTLS) is not used: it replaces `localhost` by the machine's name in its check and
// reads authorities from files alone (docs/decisions/0024).
#pragma once

#include <openssl/types.h>

#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/c_handle.h"
#include "base/clock.h"
#include "base/result.h"

extern "C" void SSL_free(SSL* ssl);
extern "C" void SSL_CTX_free(SSL_CTX* context);

namespace sallyport::sso::ldap {

struct TlsFacts {
  std::string version;          // "TLSv1.3"
  WallMicros certificate_ends;  // of the server's own
};

// What became of one attempt, and what to wait for before the next.
enum class IoStep : uint8_t { kDone, kWantsRead, kWantsWrite, kEnded, kFailed };
struct IoResult {
  IoStep step;
  size_t bytes = 0;  // of kDone
};

// Used by one thread at a time.
class TlsSession {
 public:
  IoResult handshake();
  IoResult read(std::span<std::byte> into);
  IoResult write(ByteView bytes);
  bool has_bytes() const;       // decrypted, not read yet
  const char* refusal() const;  // why handshake() failed, a literal
  TlsFacts facts() const;       // after handshake()

 private:
  friend class TlsContext;
  explicit TlsSession(SSL* ssl) : ssl_(ssl) {}
  IoResult outcome(int returned, size_t bytes);
  CHandle<SSL, SSL_free> ssl_;
};

// The authorities. Any thread, several at once.
class TlsContext {
 public:
  // ca_pem: certificates; empty: the system's.   errors: kMalformed no certificate in it, kUnavailable
  static Result<TlsContext> open(const std::string& ca_pem);
  // server: a name (sent as SNI, too) or an address, which the certificate has to name.   errors: kInternal
  Result<TlsSession> session(int fd, const std::string& server) const;

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  CHandle<SSL_CTX, SSL_CTX_free> context_;
};

}  // namespace sallyport::sso::ldap
