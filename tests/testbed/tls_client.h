// For the clients of this folder that wait for one answer after the other: a connection that lives, and a time to wait
// for.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

inline int64_t now_nanos() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

// A time to wait for that the kernel keeps.
struct Alarm {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  void wait_until(int64_t nanos) {
    if (nanos <= now_nanos()) return;
    itimerspec at{};
    at.it_value.tv_sec = nanos / 1'000'000'000;
    at.it_value.tv_nsec = nanos % 1'000'000'000;
    timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, nullptr);
    uint64_t rung = 0;
    (void)!read(fd, &rung, sizeof rung);
  }
};

struct Answer {
  int status = 0;  // 0: there was none
  std::string head, body;
  // The first field of this name whose value begins so; "": there is none.
  std::string field(const std::string& name, const std::string& beginning = "") const {
    const char* const found = strcasestr(head.c_str(), ("\r\n" + name + ": " + beginning).c_str());
    if (found == nullptr) return "";
    const char* const value = found + name.size() + 4;
    return std::string(value, strcspn(value, "\r"));
  }
};

// One TLS connection that lives; opened again when the other side has closed it.
class TlsClient {
 public:
  TlsClient(SSL_CTX* context, uint16_t port, std::string host)
      : context_(context), port_(port), host_(std::move(host)) {}

  bool open() {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port_);
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_);
    SSL_set_tlsext_host_name(ssl_, host_.c_str());
    if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 && SSL_connect(ssl_) == 1) return true;
    close();
    return false;
  }
  // The answer, read whole.
  Answer ask(const std::string& request) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (ssl_ == nullptr && !open()) return {};
      if (SSL_write(ssl_, request.data(), static_cast<int>(request.size())) > 0)
        if (Answer heard = answer(); heard.status != 0) return heard;
      close();
    }
    return {};
  }

 private:
  void close() {
    SSL_free(ssl_);
    ssl_ = nullptr;
    ::close(fd_);
  }
  Answer answer() {
    Answer out;
    std::string read;
    size_t head = std::string::npos, whole = 0;
    while (head == std::string::npos || read.size() < whole) {
      char bytes[16384];
      const int count = SSL_read(ssl_, bytes, sizeof bytes);
      if (count <= 0) return {};
      read.append(bytes, static_cast<size_t>(count));
      if (head != std::string::npos) continue;
      head = read.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      out.head = read.substr(0, head);
      whole = head + 4 + strtoul(out.field("content-length").c_str(), nullptr, 10);
    }
    out.body = read.substr(head + 4);
    out.status = std::atoi(read.c_str() + 9);
    return out;
  }

  SSL_CTX* context_;
  uint16_t port_;
  std::string host_;
  int fd_ = -1;
  SSL* ssl_ = nullptr;
};
