#include "proxy/tls/peer_certificate.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <optional>

#include "base/bytes.h"
#include "base/c_handle.h"
#include "base/digest.h"

namespace sallyport::proxy {
namespace {

using X509Ptr = CHandle<X509, X509_free>;
using BioPtr = CHandle<BIO, BIO_free>;
using BignumPtr = CHandle<BIGNUM, BN_free>;

void free_names(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }
void free_text(char* text) { OPENSSL_free(text); }

std::optional<int64_t> end_of(const X509* certificate) {
  tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return std::nullopt;
  return int64_t{::timegm(&parts)};
}

// Seconds since 1970 at which the first certificate of the verified chain ends; after a resumption what the ticket
// says.
std::optional<int64_t> end_of_chain(SSL* ssl) {
  if (SSL_session_reused(ssl) == 1) {
    void* data = nullptr;
    size_t size = 0;
    int64_t seconds = 0;
    if (SSL_SESSION_get0_ticket_appdata(SSL_get_session(ssl), &data, &size) != 1 || size != sizeof seconds)
      return std::nullopt;
    std::memcpy(&seconds, data, sizeof seconds);
    return seconds;
  }
  const STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);
  std::optional<int64_t> first;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const auto end = end_of(sk_X509_value(chain, i));
    if (!end) return std::nullopt;
    first = first ? std::min(*first, *end) : *end;
  }
  return first;
}

std::string subject_of(const X509* certificate) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

std::string serial_of(const X509* certificate) {
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  const std::unique_ptr<char, FreeWith<free_text>> hex(BN_bn2hex(number.get()));
  return hex ? std::string(hex.get()) : std::string();
}

std::vector<CertificateName> names_of(const X509* certificate) {
  std::vector<CertificateName> out;
  const CHandle<GENERAL_NAMES, free_names> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const int count = std::min(sk_GENERAL_NAME_num(names.get()), static_cast<int>(kCertificateNamesMax));
  for (int i = 0; i < count; ++i) {
    int type = 0;
    const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    CertificateNameKind kind;
    if (type == GEN_EMAIL)
      kind = CertificateNameKind::kEmail;
    else if (type == GEN_DNS)
      kind = CertificateNameKind::kDns;
    else if (type == GEN_URI)
      kind = CertificateNameKind::kUri;
    else
      continue;
    // All three are IA5String, with its length: a NUL inside is a byte like another, and not one that a name may have.
    const auto* const text = static_cast<const ASN1_STRING*>(value);
    std::string name = canonical_certificate_name(
        kind, {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), size_t(ASN1_STRING_length(text))});
    if (!name.empty()) out.push_back({kind, std::move(name)});
  }
  return out;
}

std::string der_of(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

std::unexpected<Error> not_verified() {
  return fail(Code::kDenied, Side::kClient, "the client's certificate is not verified");
}

int on_ticket_made(SSL* ssl, void*) {
  if (SSL_session_reused(ssl) == 1 || SSL_get0_peer_certificate(ssl) == nullptr) return 1;  // it has it, or needs none
  const auto end = end_of_chain(ssl);
  if (!end) return 0;
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), &*end, sizeof *end);
}

bool is_over(SSL_SESSION* session) {
  if (SSL_SESSION_get0_peer(session) == nullptr) return false;
  void* data = nullptr;
  size_t size = 0;
  int64_t seconds = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1 || size != sizeof seconds) return true;
  std::memcpy(&seconds, data, sizeof seconds);
  return seconds <= int64_t{::time(nullptr)};
}

SSL_TICKET_RETURN on_ticket_opened(SSL*, SSL_SESSION* session, const unsigned char*, size_t, SSL_TICKET_STATUS status,
                                   void*) {
  switch (status) {
    case SSL_TICKET_SUCCESS:
    case SSL_TICKET_SUCCESS_RENEW:
      if (is_over(session)) return SSL_TICKET_RETURN_IGNORE_RENEW;
      return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
    default:
      return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
}

}  // namespace

Result<std::unique_ptr<const ClientCertificate>> read_peer_certificate(ssl_st* ssl) {
  const int mode = SSL_get_verify_mode(ssl);
  if ((mode & SSL_VERIFY_PEER) == 0) return nullptr;
  const bool demanded = (mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) != 0;
  const X509Ptr certificate(SSL_get1_peer_certificate(ssl));
  if (!certificate) {
    if (demanded) return not_verified();
    return nullptr;
  }
  if (SSL_get_verify_result(ssl) != X509_V_OK) return not_verified();
  const auto end = end_of_chain(ssl);
  if (!end) return not_verified();
  auto out = std::make_unique<ClientCertificate>();
  out->der = der_of(certificate.get());
  if (out->der.empty()) return malformed(Side::kClient, "the client's certificate does not read");
  out->fingerprint = hex_encode(sha256(as_bytes(out->der)));
  out->subject = subject_of(certificate.get());
  out->serial = serial_of(certificate.get());
  out->names = names_of(certificate.get());
  out->not_after = WallMicros{*end * 1'000'000};
  out->demanded = demanded;
  return out;
}

void bind_tickets_to_certificates(ssl_ctx_st* context) {
  SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_opened, nullptr);
}

}  // namespace sallyport::proxy
