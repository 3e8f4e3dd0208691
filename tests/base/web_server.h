// A small HTTP server on 127.0.0.1 for tests, in clear or with TLS, one thread and one connection at a time: what it
// answers is the test's, byte for byte, and what it was asked is kept.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/c_handle.h"
#include "base/fd.h"
#include "base/ip.h"

namespace sallyport {

// A certificate that signs itself: server and authority in one.
struct TestCertificate {
  struct Shape {
    const char* names = "DNS:localhost,IP:127.0.0.1";
    long days_from = -1;
    long days_to = 40;
  };
  TestCertificate() : TestCertificate(Shape()) {}
  explicit TestCertificate(const Shape& shape) : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    constexpr long kDay = 86400;
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), shape.days_from * kDay);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), shape.days_to * kDay);
    X509_set_pubkey(certificate.get(), key.get());
    X509_EXTENSION* const alternative =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, const_cast<char*>(shape.names));
    X509_add_ext(certificate.get(), alternative, -1);
    X509_EXTENSION_free(alternative);
    if (X509_sign(certificate.get(), key.get(), EVP_sha256()) <= 0) std::abort();
  }
  std::string pem() const {
    const CHandle<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<size_t>(size)};
  }
  CHandle<EVP_PKEY, EVP_PKEY_free> key;
  CHandle<X509, X509_free> certificate;
};

class WebServer {
 public:
  // Writes to the client; false when he is gone.
  using Send = std::function<bool(std::string_view)>;
  // head: of the request, body: what Content-Length says
  using Answer = std::function<void(const std::string& head, const std::string& body, const Send& send)>;

  explicit WebServer(Answer answer, const TestCertificate* certificate = nullptr, int tls_max = TLS1_3_VERSION)
      : answer_(std::move(answer)), listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress address = SocketAddress::of({IpAddress::v4({127, 0, 0, 1}), 0});
    if (::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0 ||
        ::listen(listening_.get(), 8) != 0)
      std::abort();
    if (certificate != nullptr) {
      context_.reset(SSL_CTX_new(TLS_server_method()));
      SSL_CTX_set_security_level(context_.get(), 0);
      SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
      SSL_CTX_set_max_proto_version(context_.get(), tls_max);
      if (SSL_CTX_use_certificate(context_.get(), certificate->certificate.get()) != 1 ||
          SSL_CTX_use_PrivateKey(context_.get(), certificate->key.get()) != 1)
        std::abort();
    }
    thread_ = std::thread([this] { work(); });
  }
  ~WebServer() {
    stopping_ = true;
    const uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof one);
    thread_.join();
  }
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  uint16_t port() const {
    SocketAddress address;
    address.length = sizeof address.storage;
    ::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length);
    return address.endpoint().port;
  }
  std::string url(std::string_view path, std::string_view host = "localhost") const {
    return std::string(context_ ? "https" : "http")
        .append("://")
        .append(host)
        .append(":")
        .append(std::to_string(port()))
        .append(path);
  }
  // Heads and bodies of all requests so far.
  std::vector<std::string> asked() {
    const std::lock_guard held(mutex_);
    return asked_;
  }
  int connections() const { return connections_; }
  // True when the test is over: for an answer that would never end.
  bool wait(std::chrono::milliseconds time) {
    pollfd stop{stop_.get(), POLLIN, 0};
    return ::poll(&stop, 1, static_cast<int>(time.count())) != 0;
  }

 private:
  using Context = CHandle<SSL_CTX, SSL_CTX_free>;
  using Ssl = CHandle<SSL, SSL_free>;

  void work() {
    sigset_t broken_pipe;  // OpenSSL writes without MSG_NOSIGNAL
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    while (!stopping_) {
      std::array<pollfd, 2> ready{pollfd{listening_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      ::poll(ready.data(), ready.size(), -1);
      if (ready[0].revents == 0) continue;
      const Fd client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      ++connections_;
      const timeval patience{5, 0};
      ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      serve(client.get());
    }
  }
  void serve(int fd) {
    Ssl ssl;
    if (context_) {
      ssl.reset(SSL_new(context_.get()));
      SSL_set_fd(ssl.get(), fd);
      if (SSL_accept(ssl.get()) != 1) return;
    }
    const auto read = [&](char* into, size_t size) -> ssize_t {
      return ssl ? SSL_read(ssl.get(), into, static_cast<int>(size)) : ::recv(fd, into, size, 0);
    };
    const Send send = [&](std::string_view bytes) {
      if (bytes.empty()) return true;
      return ssl ? SSL_write(ssl.get(), bytes.data(), static_cast<int>(bytes.size())) > 0
                 : ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    };
    std::string text;
    char buffer[4096];
    size_t end = text.npos, body_bytes = 0;
    while (end == text.npos || text.size() < end + 4 + body_bytes) {
      const ssize_t got = read(buffer, sizeof buffer);
      if (got <= 0) return;
      text.append(buffer, static_cast<size_t>(got));
      end = text.find("\r\n\r\n");
      const size_t length = text.find("Content-Length: ");
      if (end != text.npos && length < end) body_bytes = std::strtoul(text.c_str() + length + 16, nullptr, 10);
    }
    {
      const std::lock_guard held(mutex_);
      asked_.push_back(text);
    }
    answer_(text.substr(0, end), text.substr(end + 4), send);
    if (ssl) SSL_shutdown(ssl.get());
  }

  Answer answer_;
  Fd listening_;
  Fd stop_{::eventfd(0, EFD_CLOEXEC)};
  Context context_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

// An answer with a length.
inline std::string web_answer(std::string_view status, std::string_view headers, std::string_view body) {
  return std::string("HTTP/1.1 ").append(status).append("\r\n").append(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace sallyport
