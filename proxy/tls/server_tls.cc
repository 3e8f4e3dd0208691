#include "proxy/tls/server_tls.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <optional>

#include "base/c_handle.h"
#include "base/random.h"
#include "proxy/tls/client_authorities.h"
#include "proxy/tls/file_trouble.h"

namespace sallyport::proxy {

using SslCtxPtr = CHandle<SSL_CTX, SSL_CTX_free>;

struct ServerTls::Inside {
  explicit Inside(std::vector<SslCtxPtr> made);
  const std::vector<SslCtxPtr> contexts;
};

namespace {

constexpr char kCiphers12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr char kCiphers13[] = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::string_view kHttp2First = "\x02h2\x08http/1.1";
constexpr std::string_view kHttp1Alone = "\x08http/1.1";
constexpr char kGroups[] = "X25519:P-256:P-384";

int on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                  int encrypt) {
  auto& tickets = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  std::optional<TicketKeys::Key> key;
  if (encrypt == 1) {
    key = tickets.current();
    if (!key) return 0;  // no ticket
    std::memcpy(name, key->name.data(), key->name.size());
    fill_random(std::as_writable_bytes(std::span(iv, EVP_MAX_IV_LENGTH)));
  } else {
    TicketKeys::Name wanted;
    std::memcpy(wanted.data(), name, wanted.size());
    key = tickets.find(wanted);
    if (!key) return 0;  // a full handshake
  }
  OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->hmac.data(), key->hmac.size()),
                         OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
                         OSSL_PARAM_construct_end()};
  const bool good = EVP_MAC_CTX_set_params(mac, params) == 1 &&
                    EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr,
                                      reinterpret_cast<const unsigned char*>(key->aes.data()), iv, encrypt) == 1;
  wipe(key->aes);
  wipe(key->hmac);
  if (!good) return -1;
  if (encrypt == 1) return 1;
  // 2: opened, but give a new one. In TLS 1.3 always: a client uses a ticket once (RFC 8446 appendix C.4), and who gets
  // none pays for a full handshake every other time.
  return key->current && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
}

int on_server_name(SSL* ssl, int*, void* argument) {
  const auto& contexts = *static_cast<const std::vector<SslCtxPtr>*>(argument);
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  for (const SslCtxPtr& context : contexts) {
    X509* const certificate = SSL_CTX_get0_certificate(context.get());
    if (X509_check_host(certificate, name, 0, 0, nullptr) != 1) continue;
    SSL_set_SSL_CTX(ssl, context.get());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;  // the first certificate; the request then meets 421 or 404
}

// offers: what we speak, the best first (RFC 7301).
int on_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in, unsigned in_length,
            void* offers) {
  const auto& ours = *static_cast<const std::string_view*>(offers);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), in, in_length) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// Nobody is there to type a passphrase; that one is wanted says what is wrong.
int on_passphrase(char*, int, int, void* wanted) {
  *static_cast<bool*>(wanted) = true;
  return -1;
}

// what: "certificate" or "key"; read: the call that reads the file, which gives 1.
template <class Read>
std::optional<Mistake> read_file(SSL_CTX* context, const std::string& path, const std::string& what,
                                 const std::string& file, Read read) {
  bool is_encrypted = false;
  SSL_CTX_set_default_passwd_cb(context, on_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(context, &is_encrypted);
  ERR_clear_error();
  const bool good = read() == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (good) return std::nullopt;
  if (is_encrypted)
    return Mistake{
        path,
        "the " + what + " " + file +
            " is encrypted: nobody is there to type its passphrase; give it without one, in a file that only "
            "its owner may read (`openssl pkey -in FILE -out NEW`)",
        "encrypted"};
  return Mistake{path, "cannot use the " + what + " " + file + ": " + words_of_tls_trouble(), "unreadable"};
}

Mistake mismatch(const std::string& path, const conf::TlsCertificate& files) {
  return {path, "the key " + files.key_path + " does not belong to the certificate " + files.cert_path, "mismatch"};
}

SslCtxPtr make_context(const conf::ListenerTls& config, const conf::TlsCertificate& files, const std::string& path,
                       const ClientAuthorities* clients, TicketKeys& tickets, Mistakes& mistakes) {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, config.min_version == conf::TlsVersion::k13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 1);
  SSL_CTX_set_app_data(raw, &tickets);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(raw, on_ticket_key);
  const std::string_view& offers = config.http2 ? kHttp2First : kHttp1Alone;
  SSL_CTX_set_alpn_select_cb(raw, on_alpn, const_cast<std::string_view*>(&offers));
  if (clients != nullptr) clients->demand(raw);  // else nothing comes of the context
  if (SSL_CTX_set_cipher_list(raw, kCiphers12) != 1 || SSL_CTX_set_ciphersuites(raw, kCiphers13) != 1 ||
      SSL_CTX_set1_groups_list(raw, kGroups) != 1)
    std::abort();
  auto wrong = read_file(raw, path + ".cert", "certificate", files.cert_path,
                         [&] { return SSL_CTX_use_certificate_chain_file(raw, files.cert_path.c_str()); });
  if (!wrong) {
    wrong = read_file(raw, path + ".key", "key", files.key_path,
                      [&] { return SSL_CTX_use_PrivateKey_file(raw, files.key_path.c_str(), SSL_FILETYPE_PEM); });
    if (wrong && ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
      wrong = mismatch(path + ".key", files);
  }
  if (!wrong && SSL_CTX_check_private_key(raw) != 1) wrong = mismatch(path + ".key", files);
  if (wrong) {
    mistakes.push_back(*std::move(wrong));
    return nullptr;
  }
  return context;
}

}  // namespace

ServerTls::Inside::Inside(std::vector<SslCtxPtr> made) : contexts(std::move(made)) {
  for (const SslCtxPtr& context : contexts) {
    SSL_CTX_set_tlsext_servername_callback(context.get(), on_server_name);
    SSL_CTX_set_tlsext_servername_arg(context.get(), const_cast<std::vector<SslCtxPtr>*>(&contexts));
  }
}

std::expected<ServerTls, Mistakes> ServerTls::open(const conf::ListenerTls& config, size_t listener_index,
                                                   TicketKeys& tickets) {
  std::vector<SslCtxPtr> contexts;
  Mistakes mistakes;
  const std::string tls = "listeners[" + std::to_string(listener_index) + "].tls";
  const auto clients = ClientAuthorities::read(config);
  if (!clients) mistakes.push_back({tls + ".client_ca", clients.error(), "unreadable"});
  for (size_t i = 0; i < config.certificates.size(); ++i) {
    auto context = make_context(config, config.certificates[i], tls + ".certificates[" + std::to_string(i) + "]",
                                clients ? &*clients : nullptr, tickets, mistakes);
    if (context) contexts.push_back(std::move(context));
  }
  ERR_clear_error();
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  return ServerTls(std::make_shared<const Inside>(std::move(contexts)));
}

std::unique_ptr<TlsChannel> ServerTls::accept(Fd fd) const {
  SSL* const ssl = SSL_new(inside_->contexts.front().get());
  if (ssl == nullptr) return nullptr;
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsChannel>(std::move(fd), ssl, inside_);
}

}  // namespace sallyport::proxy
