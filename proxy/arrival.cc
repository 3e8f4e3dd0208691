#include "proxy/arrival.h"

namespace sallyport::proxy {

Arrival::Arrival(ConnectionHome& home, ConnectionOwner& owner, Reception& reception,
                 std::unique_ptr<ByteChannel> channel, TlsChannel* tls, const Endpoint& peer)
    : home_(home), owner_(owner), reception_(reception), channel_(std::move(channel)), tls_(tls), peer_(peer) {
  io_.emplace(home.loop, channel_->fd(), static_cast<IoHandler&>(*this));
}

void Arrival::start() {
  home_.loop.timers().set(*this, home_.limits.tls_handshake);
  step();
}

void Arrival::step() {
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
  channel_->socket().edge(ready);
  if (state_ != State::kHandshake) return;
  if (ready.writable && channel_->queued() > 0 && channel_->flush() == Io::kBroken) return end_soon();
  if (ready.readable || ready.closed) step();
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
