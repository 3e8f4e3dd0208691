#include "proxy/arrival.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "proxy/codec/proxy_protocol.h"
#include "proxy/listener.h"

namespace sallyport::proxy {

Arrival::Arrival(Listener& listener, ConnectionOwner& owner, Reception& reception, Fd fd, const Endpoint& peer,
                 const CidrList& trusted_proxies)
    : listener_(listener),
      home_(listener.home()),
      owner_(owner),
      reception_(reception),
      fd_(std::move(fd)),
      peer_(peer),
      state_(listener.proxy_protocol() ? State::kHeader : State::kHandshake),
      trusted_(state_ == State::kHeader && contains(trusted_proxies, peer.address)) {
  io_.emplace(home_.loop, fd_.get(), static_cast<IoHandler&>(*this));
}

void Arrival::start() {
  home_.loop.timers().set(*this, home_.limits.tls_handshake);
  if (state_ == State::kHandshake) return open_channel();
  if (!trusted_) return refuse_header("a PROXY header is demanded, and the peer is no trusted proxy");
  read_header();
}

// Looks at the bytes where they are, and takes no more of them than are the header's: what follows is the handshake's.
void Arrival::read_header() {
  std::array<char, kProxyV2BytesMax> bytes;
  const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_PEEK);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end_soon();
  const auto header = read_proxy_header({bytes.data(), static_cast<size_t>(got)});
  if (!header) return refuse_header(header.error());
  if (!*header) return;
  if (::recv(fd_.get(), bytes.data(), (*header)->bytes, 0) != static_cast<ssize_t>((*header)->bytes)) return end_soon();
  if ((*header)->source) peer_ = *(*header)->source;
  state_ = State::kHandshake;
  open_channel();
}

void Arrival::refuse_header(const char* why) {
  home_.metrics.connections_refused.add();
  owner_.connection_refused(PeerAddress{peer_}, why);
  end_soon();
}

void Arrival::open_channel() {
  if (!reception_.admits(*this)) return end_soon();
  channel_ = listener_.channel(std::move(fd_), tls_);
  if (!channel_) return end_soon();
  step_handshake();
}

void Arrival::step_handshake() {
  switch (channel_->handshake()) {
    case Io::kBlocked:
      return;
    case Io::kEnd:
    case Io::kBroken:
      home_.metrics.handshakes_failed.add();
      return end_soon();
    case Io::kOk:
      state_ = State::kArrived;
      home_.loop.defer(*this);
      return;
  }
}

void Arrival::on_io(IoReady ready) {
  if (state_ == State::kHeader) {
    read_header();
    if (ready.closed && state_ == State::kHeader) end_soon();
    return;
  }
  if (state_ != State::kHandshake) return;
  channel_->socket().edge(ready);
  if (ready.writable && channel_->queued() > 0 && channel_->flush() == Io::kBroken) return end_soon();
  if (ready.readable || ready.closed) step_handshake();
}

void Arrival::expired() {
  home_.metrics.client_timeouts.add();
  end_soon();
}

void Arrival::end_soon() {
  state_ = State::kOver;
  home_.loop.defer(*this);
}

void Arrival::run_deferred() {
  if (state_ == State::kArrived) return reception_.arrived(*this);
  owner_.connection_over(*this);
}

std::unique_ptr<ByteChannel> Arrival::take_channel() {
  io_.reset();
  return std::move(channel_);
}

}  // namespace sallyport::proxy
