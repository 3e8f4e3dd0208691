#include "proxy/tls/client_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/c_handle.h"
#include "base/ip.h"
#include "base/no_passphrase.h"

namespace sallyport::proxy {

struct ClientTls::Inside {
  CHandle<SSL_CTX, SSL_CTX_free> context;
  std::string server_name;
  bool is_address = false;
  CHandle<SSL_SESSION, SSL_SESSION_free> session;  // the newest the upstream gave
};

namespace {

Result<void> trust(SSL_CTX* context, const std::string& ca_pem) {
  if (ca_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return fail(Code::kUnavailable, Side::kSelf, "the system's certificate authorities cannot be read");
    return {};
  }
  const CHandle<BIO, BIO_free> bio(BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())));
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  int certificates = 0;
  while (const CHandle<X509, X509_free> one{PEM_read_bio_X509(bio.get(), nullptr, nullptr, no_passphrase())}) {
    X509_STORE_add_cert(store, one.get());
    ++certificates;
  }
  ERR_clear_error();
  if (certificates == 0) return malformed(Side::kSelf, "the upstream's ca holds no certificate");
  return {};
}

}  // namespace

ClientTls::ClientTls() = default;
ClientTls::~ClientTls() = default;

Result<std::unique_ptr<ClientTls>> ClientTls::open(const std::string& ca_pem, const std::string& server_name) {
  std::unique_ptr<ClientTls> out(new ClientTls);
  out->inside_ = std::make_unique<Inside>();
  Inside& inside = *out->inside_;
  inside.server_name = server_name;
  inside.is_address = IpAddress::parse(server_name).has_value();
  inside.context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const raw = inside.context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_app_data(raw, &inside);
  SSL_CTX_sess_set_new_cb(raw, [](SSL* ssl, SSL_SESSION* session) {
    static_cast<Inside*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->session.reset(session);
    return 1;  // kept
  });
  CHECKED(trust(raw, ca_pem));
  return out;
}

std::unique_ptr<TlsChannel> ClientTls::connect(Fd fd, AlpnOffer offer) {
  static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
  constexpr unsigned kHttp2Bytes = 3;  // of that, when it is not offered
  const unsigned left_out = offer == AlpnOffer::kHttp1 ? kHttp2Bytes : 0;
  const CHandle<SSL, SSL_free> fresh(SSL_new(inside_->context.get()));
  if (!fresh) return nullptr;
  SSL* const ssl = fresh.get();
  SSL_set_connect_state(ssl);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set_alpn_protos(ssl, kProtocols + left_out, sizeof kProtocols - 1 - left_out) != 0) return nullptr;
  if (inside_->is_address) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), inside_->server_name.c_str()) != 1) return nullptr;
  } else if (SSL_set1_host(ssl, inside_->server_name.c_str()) != 1 ||
             SSL_set_tlsext_host_name(ssl, inside_->server_name.c_str()) != 1) {
    return nullptr;
  }
  if (inside_->session) SSL_set_session(ssl, inside_->session.get());
  SSL_up_ref(ssl);
  return std::make_unique<TlsChannel>(std::move(fd), ssl);
}

}  // namespace sallyport::proxy
