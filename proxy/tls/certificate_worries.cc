#include "proxy/tls/certificate_worries.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "base/c_handle.h"
#include "base/no_passphrase.h"
#include "base/shape.h"
#include "base/time_text.h"

namespace sallyport::proxy {
namespace {

using Certificate = CHandle<X509, X509_free>;

// The first of the file: the others lead from it to an authority.
Certificate read_certificate(const std::string& file) {
  const CHandle<BIO, BIO_free> bio(BIO_new_file(file.c_str(), "r"));
  Certificate out(bio ? PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, no_passphrase()) : nullptr);
  ERR_clear_error();
  return out;
}

// ASN1_TIME of a certificate that was read holds a time.
WallMicros wall(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return WallMicros{0};
  return WallMicros{static_cast<int64_t>(::timegm(&parts)) * 1'000'000};
}

bool is_for(X509* certificate, const std::string& host) {
  return X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1 ||
         X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
}

std::string worry_about_time(const X509* certificate, WallMicros now) {
  const WallMicros begins = wall(X509_get0_notBefore(certificate));
  const WallMicros ends = wall(X509_get0_notAfter(certificate));
  if (now < begins) return "does not count before " + show_time(begins);
  if (ends <= now) return "has expired, " + show_time(ends);
  if (ends - now < kCertificateEndsSoon) return "ends soon, " + show_time(ends);
  return {};
}

}  // namespace

Mistakes certificate_worries(const conf::NodeConfig& config, WallMicros now) {
  Mistakes out;
  const auto worry = [&](const std::string& path, std::string message, const char* code) {
    out.push_back({path, std::move(message), code, config.file, config.line_of(path)});
  };
  std::string first;             // listener with certificates
  bool gate_is_covered = false;  // or may be, by what cannot be looked at
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const conf::Listener& listener = config.listeners[i];
    if (!listener.tls) {
      if (listener.kind == conf::ListenerKind::kHttp) gate_is_covered = true;  // by a proxy in front
      continue;
    }
    const std::string path = join_path("listeners", i) + ".tls.certificates";
    if (first.empty()) first = path;
    for (size_t j = 0; j < listener.tls->certificates.size(); ++j) {
      const std::string& file = listener.tls->certificates[j].cert_path;
      const Certificate certificate = read_certificate(file);
      if (!certificate || is_for(certificate.get(), config.gate.host)) gate_is_covered = true;
      if (!certificate) continue;
      const std::string about_time = worry_about_time(certificate.get(), now);
      if (about_time.empty()) continue;
      std::string message = "the certificate ";
      worry(join_path(path, j) + ".cert", message.append(file).append(" ").append(about_time), "expires");
    }
  }
  if (!first.empty() && !gate_is_covered)
    worry(first, "none of the certificates is for the gate's host " + config.gate.host, "mismatch");
  return out;
}

}  // namespace sallyport::proxy
