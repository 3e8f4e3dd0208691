#include "proxy/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "proxy/listening_socket.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

constexpr int kBatch = 64;
constexpr std::chrono::milliseconds kPause{200};

}  // namespace

Listener::Listener(Worker& worker, WorkerListener wanted)
    : worker_(worker),
      id_(wanted.id),
      kind_(wanted.kind),
      proxy_protocol_(wanted.proxy_protocol),
      tls_(std::move(wanted.tls)),
      home_(worker.home(draining_)),
      fd_(std::move(wanted.fd)) {
  event_.emplace(worker.loop(), fd_.get(), static_cast<IoHandler&>(*this));
}

void Listener::change(WorkerListener wanted) {
  kind_ = wanted.kind;
  proxy_protocol_ = wanted.proxy_protocol;
  tls_ = std::move(wanted.tls);
}

void Listener::close() {
  if (!event_) return;
  TimerWheel::clear(*this);
  for (int i = 0; i < kBacklog && take_one(); ++i) {
  }
  event_.reset();
  fd_.reset();
}

std::unique_ptr<ByteChannel> Listener::channel(Fd fd, TlsChannel*& tls) const {
  tls = nullptr;
  if (!tls_) return std::make_unique<PlainChannel>(std::move(fd));
  auto made = tls_->accept(std::move(fd));
  tls = made.get();
  return made;
}

void Listener::pause() {
  if (!event_) return;
  event_->pause();
  worker_.loop().timers().set(*this, kPause);
}

void Listener::expired() {
  if (event_) event_->resume();
}

void Listener::on_io(IoReady) {
  for (int i = 0; i < kBatch && take_one(); ++i) {
  }
}

bool Listener::take_one() {
  SocketAddress peer;
  peer.length = sizeof peer.storage;
  Fd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd) {
    if (errno == EAGAIN) return false;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      worker_.parts().log.warning("accept_paused", {{"reason", "no descriptor or memory is left"}});
      pause();
      return false;
    }
    return true;  // a connection that went away before it was taken
  }
  const int one = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  worker_.accepted(std::move(fd), peer.endpoint(), *this);
  return true;
}

}  // namespace sallyport::proxy
