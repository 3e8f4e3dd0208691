#include "sso/ldap/channel.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace sallyport::sso::ldap {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;

std::unexpected<Error> away(const char* what) { return fail(Code::kUnavailable, kFrom, what); }

IoResult outcome(ssize_t returned, IoStep wanted) {
  if (returned > 0) return {IoStep::kDone, static_cast<size_t>(returned)};
  if (returned == 0) return {IoStep::kEnded};
  return {errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? wanted : IoStep::kFailed};
}

short events_of(IoStep step) { return step == IoStep::kWantsRead ? POLLIN : POLLOUT; }

bool waits(IoStep step) { return step == IoStep::kWantsRead || step == IoStep::kWantsWrite; }

}  // namespace

Result<void> Channel::wait(short events) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) return away("the server does not answer in time");
    pollfd one{fd_.get(), events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<int64_t>(left.count(), 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return away("the connection cannot be waited for");
  }
}

Result<std::unique_ptr<Channel>> Channel::connect(const Endpoint& to, Monotonic until) {
  const SocketAddress there = SocketAddress::of(to);
  Fd fd(::socket(there.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(Code::kUnavailable, Side::kSelf, "no socket for the LDAP server");
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::unique_ptr<Channel> out(new Channel(std::move(fd)));
  out->allow(until, 0);
  if (::connect(out->fd(), reinterpret_cast<const sockaddr*>(&there.storage), there.length) == 0) return out;
  if (errno != EINPROGRESS) return away("the server cannot be connected to");
  CHECKED(out->wait(POLLOUT));
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(out->fd(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0)
    return away(error == ECONNREFUSED ? "the server refuses connections" : "the server cannot be connected to");
  return out;
}

Result<TlsFacts> Channel::start_tls(const TlsContext& context, const std::string& server, Monotonic until) {
  allow(until, 0);
  TRY(TlsSession session, context.session(fd(), server));
  tls_.emplace(std::move(session));
  for (;;) {
    const IoResult step = tls_->handshake();
    if (step.step == IoStep::kDone) return tls_->facts();
    if (!waits(step.step)) return away(tls_->refusal());
    CHECKED(wait(events_of(step.step)));
  }
}

void Channel::allow(Monotonic until, size_t bytes_read_max) {
  until_ = until;
  bytes_left_ = bytes_read_max;
}

IoResult Channel::try_read(std::span<std::byte> into) {
  if (tls_) return tls_->read(into);
  return outcome(::recv(fd(), into.data(), into.size(), 0), IoStep::kWantsRead);
}

IoResult Channel::try_write(ByteView bytes) {
  if (tls_) return tls_->write(bytes);
  return outcome(::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL), IoStep::kWantsWrite);
}

Result<size_t> Channel::read(std::span<std::byte> into) {
  if (bytes_left_ == 0) return fail(Code::kLimit, kFrom, "the server's answer is too long");
  into = into.first(std::min(into.size(), bytes_left_));
  for (;;) {
    const IoResult step = try_read(into);
    bytes_left_ -= step.bytes;
    if (step.step == IoStep::kDone) return step.bytes;
    if (step.step == IoStep::kEnded) return size_t{0};
    if (!waits(step.step)) return away("the connection broke");
    CHECKED(wait(events_of(step.step)));
  }
}

Result<size_t> Channel::write(ByteView bytes) {
  for (;;) {
    const IoResult step = try_write(bytes);
    if (step.step == IoStep::kDone) return step.bytes;
    if (!waits(step.step)) return away("the connection broke");
    CHECKED(wait(events_of(step.step)));
  }
}

bool Channel::is_quiet() const {
  if (has_bytes()) return false;
  std::byte one{};
  const ssize_t there = ::recv(fd(), &one, 1, MSG_PEEK | MSG_DONTWAIT);
  return there < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace sallyport::sso::ldap
