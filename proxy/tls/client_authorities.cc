#include "proxy/tls/client_authorities.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>

#include "base/no_passphrase.h"
#include "proxy/tls/file_trouble.h"
#include "proxy/tls/peer_certificate.h"

namespace sallyport::proxy {
namespace {

// 112 bits, so that no chain hangs on SHA-1 or RSA of 1024 bits (SSL_CTX_set_security_level(3)).
constexpr int kSecurityLevel = 2;

Sha256 digest_of(const x509_st* certificate) {
  Sha256 out{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), reinterpret_cast<unsigned char*>(out.data()), &size) != 1) std::abort();
  return out;
}

}  // namespace

void ClientAuthorities::free_certificate(x509_st* certificate) { X509_free(certificate); }

std::expected<ClientAuthorities, std::string> ClientAuthorities::read(const conf::ListenerTls& config) {
  ClientAuthorities out;
  if (config.client_auth == conf::ClientAuth::kNone) {
    static constexpr std::string_view kNobodyAsked = "sallyport";
    out.demands_ = sha256(as_bytes(kNobodyAsked));
    return out;
  }
  const std::string& path = config.client_ca_path;
  const auto wrong = [&path](std::string_view what) { return std::unexpected(path + ": " + std::string(what)); };
  out.required_ = config.client_auth == conf::ClientAuth::kRequired;
  std::string bound = out.required_ ? "required" : "optional";
  ERR_clear_error();
  const CHandle<BIO, BIO_free> file(BIO_new_file(path.c_str(), "r"));
  if (!file) return wrong("cannot be read: " + words_of_tls_trouble());
  while (Certificate one{PEM_read_bio_X509(file.get(), nullptr, nullptr, no_passphrase())}) {
    const std::string number = std::to_string(out.certificates_.size() + 1);
    if (X509_check_ca(one.get()) == 0) return wrong("certificate " + number + " in it is no authority's");
    if (out.certificates_.size() == kAuthoritiesMax) return wrong("holds more than 100 certificates");
    bound += as_text(digest_of(one.get()));
    out.certificates_.push_back(std::move(one));
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return wrong("certificate " + std::to_string(out.certificates_.size() + 1) +
                 " in it does not read: " + words_of_tls_trouble());
  ERR_clear_error();
  if (out.certificates_.empty()) return wrong("holds no certificate");
  out.demands_ = sha256(as_bytes(bound));
  return out;
}

void ClientAuthorities::demand(ssl_ctx_st* context) const {
  static_assert(sizeof demands_ <= SSL_MAX_SID_CTX_LENGTH);
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(demands_.data()), sizeof demands_);
  if (certificates_.empty()) return;
  // A store of its own: the context's would be searched for the gateway's own chain as well.
  X509_STORE* const store = X509_STORE_new();
  STACK_OF(X509_NAME)* const names = sk_X509_NAME_new_null();
  if (store == nullptr || names == nullptr) std::abort();
  for (const Certificate& one : certificates_) {
    if (X509_STORE_add_cert(store, one.get()) != 1) std::abort();
    X509_NAME* const name = X509_NAME_dup(X509_get_subject_name(one.get()));
    if (name == nullptr || sk_X509_NAME_push(names, name) == 0) std::abort();
  }
  SSL_CTX_set0_verify_cert_store(context, store);
  SSL_CTX_set_client_CA_list(context, names);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required_ ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  SSL_CTX_set_verify_depth(context, kChainDepthMax);
  SSL_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT);
  SSL_CTX_set_max_cert_list(context, kClientChainBytesMax);
  SSL_CTX_set_security_level(context, std::max(kSecurityLevel, SSL_CTX_get_security_level(context)));
  bind_tickets_to_certificates(context);
}

}  // namespace sallyport::proxy
