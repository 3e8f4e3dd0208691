#include "proxy/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace sallyport::proxy {
namespace {

constexpr int kBatch = 64;
constexpr std::chrono::milliseconds kPause{200};

}  // namespace

Listener::Listener(Worker& worker, const Worker::Socket& socket)
    : worker_(worker), socket_(socket), event_(worker.loop(), socket.fd.get(), *this) {}

void Listener::stop() {
  if (stopped_) return;
  stopped_ = true;
  TimerWheel::clear(*this);
  event_.pause();
}

void Listener::pause() {
  event_.pause();
  worker_.loop().timers().set(*this, kPause);
}

void Listener::expired() {
  if (!stopped_) event_.resume();
}

void Listener::on_io(IoReady) {
  for (int i = 0; i < kBatch; ++i) {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    Fd fd(::accept4(socket_.fd.get(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.length,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno == EAGAIN) return;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        worker_.parts().log.warning("accept_paused", {{"reason", "no descriptor or memory is left"}});
        return pause();
      }
      continue;  // a connection that went away before it was taken
    }
    if (!worker_.has_room()) {
      worker_.metrics().connections_refused.add();
      continue;
    }
    const int one = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    worker_.accepted(std::move(fd), peer.endpoint(), socket_);
  }
}

}  // namespace sallyport::proxy
