#include "sso/ldap/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/ip.h"
#include "base/no_passphrase.h"

namespace sallyport::sso::ldap {
namespace {

Result<void> trust(SSL_CTX* context, const std::string& ca_pem) {
  if (ca_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return fail(Code::kUnavailable, Side::kSelf, "the system's certificate authorities cannot be read");
    return {};
  }
  const CHandle<BIO, BIO_free> bio(BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())));
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  bool some = false;
  while (const CHandle<X509, X509_free> one{PEM_read_bio_X509(bio.get(), nullptr, nullptr, no_passphrase())}) {
    X509_STORE_add_cert(store, one.get());
    some = true;
  }
  ERR_clear_error();
  if (!some) return malformed(Side::kSelf, "the provider's ca holds no certificate");
  return {};
}

WallMicros wall(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return WallMicros{0};
  return WallMicros{static_cast<int64_t>(timegm(&parts)) * 1'000'000};
}

}  // namespace

IoResult TlsSession::outcome(int returned, size_t bytes) {
  if (returned > 0) return {IoStep::kDone, bytes};
  const int why = SSL_get_error(ssl_.get(), returned);
  ERR_clear_error();
  switch (why) {
    case SSL_ERROR_WANT_READ:
      return {IoStep::kWantsRead};
    case SSL_ERROR_WANT_WRITE:
      return {IoStep::kWantsWrite};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStep::kEnded};
    default:
      return {IoStep::kFailed};
  }
}

IoResult TlsSession::handshake() {
  ERR_clear_error();
  return outcome(SSL_do_handshake(ssl_.get()), 0);
}

IoResult TlsSession::read(std::span<std::byte> into) {
  ERR_clear_error();
  size_t bytes = 0;
  const int returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
  return outcome(returned, bytes);
}

IoResult TlsSession::write(ByteView bytes) {
  ERR_clear_error();
  size_t written = 0;
  const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  return outcome(returned, written);
}

bool TlsSession::has_bytes() const { return SSL_has_pending(ssl_.get()) == 1; }

const char* TlsSession::refusal() const {
  switch (const long verdict = SSL_get_verify_result(ssl_.get())) {
    case X509_V_OK:
      return "TLS fails";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the server's certificate is for another name";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the server's certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the server's certificate is not valid yet";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "the server's certificate is of an authority that is not trusted";
    default:
      return X509_verify_cert_error_string(verdict);
  }
}

TlsFacts TlsSession::facts() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  return {SSL_get_version(ssl_.get()), certificate == nullptr ? WallMicros{0} : wall(X509_get0_notAfter(certificate))};
}

Result<TlsContext> TlsContext::open(const std::string& ca_pem) {
  TlsContext out(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const raw = out.context_.get();
  if (raw == nullptr) return fail(Code::kInternal, Side::kSelf, "no memory for TLS");
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  CHECKED(trust(raw, ca_pem));
  return out;
}

Result<TlsSession> TlsContext::session(int fd, const std::string& server) const {
  constexpr Error kNone{Code::kInternal, Side::kSelf, "TLS cannot begin"};
  TlsSession out(SSL_new(context_.get()));
  SSL* const ssl = out.ssl_.get();
  if (ssl == nullptr || SSL_set_fd(ssl, fd) != 1) return std::unexpected(kNone);
  SSL_set_connect_state(ssl);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // An address is looked for among the certificate's addresses (RFC 4513 s3.1.3.2), never among its names.
  const bool named = IpAddress::parse(server) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server.c_str()) == 1
                                              : SSL_set1_host(ssl, server.c_str()) == 1 &&
                                                    SSL_set_tlsext_host_name(ssl, server.c_str()) == 1;
  if (!named) return std::unexpected(kNone);
  return out;
}

}  // namespace sallyport::sso::ldap
