// May this host be asked on this connection? Yes when our own certificate covers it (RFC 9110 s7.4); the answer for the
// host that was asked about last is kept.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::proxy {

class TlsChannel;

class HostCover {
 public:
  explicit HostCover(const TlsChannel* tls) : tls_(tls) {}  // null: plain, every host
  bool covers(std::string_view host);
  std::string_view last() const { return last_; }  // that covers() has said yes to; or ""

 private:
  const TlsChannel* tls_;
  std::string last_;
};

}  // namespace sallyport::proxy
