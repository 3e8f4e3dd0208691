// A socket to one server, for a thread that may wait: plain or TLS, and every wait has an end. What libldap reads and
// writes goes through here, so that neither a server that says nothing nor one that says it byte by byte holds a
// thread. SIGPIPE must be ignored by the process.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/ip.h"
#include "base/result.h"
#include "sso/ldap/tls.h"

namespace sallyport::sso::ldap {

class Channel {
 public:
  // errors: kUnavailable refused, no way there, not by `until`.
  static Result<std::unique_ptr<Channel>> connect(const Endpoint& to, Monotonic until);
  // From now on all is TLS.   errors: kUnavailable not verified, no TLS, not by `until`.
  Result<TlsFacts> start_tls(const TlsContext& context, const std::string& server, Monotonic until);

  // What the next exchange may take.
  void allow(Monotonic until, size_t bytes_read_max);
  // Some of the bytes, at least one.   errors: kUnavailable, of whatever kind.   returns: read 0: the other end has
  // ended it.
  Result<size_t> read(std::span<std::byte> into);
  Result<size_t> write(ByteView bytes);
  bool has_bytes() const { return tls_ && tls_->has_bytes(); }  // read() would not wait

  // Nothing has come in since the last answer, not even the end. A server that ends a connection says so first, or just
  // ends it: either is something.
  bool is_quiet() const;
  int fd() const { return fd_.get(); }

 private:
  explicit Channel(Fd fd) : fd_(std::move(fd)) {}
  Result<void> wait(short events) const;  // poll's
  IoResult try_read(std::span<std::byte> into);
  IoResult try_write(ByteView bytes);

  Fd fd_;
  std::optional<TlsSession> tls_;
  Monotonic until_{};
  size_t bytes_left_ = 0;
};

}  // namespace sallyport::sso::ldap
