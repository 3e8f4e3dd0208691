#include "proxy/codec/http1_connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cassert>

#include "base/http/date.h"
#include "proxy/codec/reason.h"
#include "proxy/tls/tls_channel.h"

namespace sallyport::proxy {
namespace {

constexpr size_t kLingerBytesMax =
    16 * 1024 * 1024;  // of a body nobody wants, so that the refusal can be read (RFC 9112 s9.6)
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::chrono::milliseconds kTunnelLinger{400};  // for the client to read a close frame

// Does the kernel hold bytes that it could not send yet? The client does not read, or is far away and behind.
bool holds_unsent(int fd) {
  int bytes = 0;
  return ::ioctl(fd, SIOCOUTQNSD, &bytes) == 0 && bytes > 0;
}

}  // namespace

Http1Connection::Http1Connection(ConnectionHome& home, ConnectionOwner& owner, ExchangeServer& server,
                                 std::unique_ptr<ByteChannel> channel, TlsChannel* tls, const Endpoint& peer)
    : home_(home),
      owner_(owner),
      server_(server),
      channel_(std::move(channel)),
      io_(home.loop, channel_->fd(), *this),
      input_(home.blocks),
      facts_{PeerAddress{peer}, tls != nullptr, tls == nullptr ? nullptr : tls->client_certificate()},
      cover_(tls) {}

Http1Connection::~Http1Connection() = default;

// --- events

void Http1Connection::on_io(IoReady ready) {
  channel_->socket().edge(ready);
  if (gone_ || state_ == State::kOver) return;
  if (ready.writable && channel_->queued() > 0) {
    switch (channel_->flush()) {
      case Io::kBroken:
      case Io::kEnd:
        end_soon();
        return;
      case Io::kBlocked:
        patience(home_.limits.write);
        break;
      case Io::kOk:
        if (!hurried_) TimerWheel::clear(*this);
        if (state_ == State::kServing && (!serving_.valid() || serving_.done())) home_.loop.defer(*this);
        writable_slot_.wake();
        break;
    }
  }
  if (ready.readable || ready.closed) on_readable();
}

void Http1Connection::on_readable() {
  switch (state_) {
    case State::kIdle:
    case State::kHead:
      read_heads();
      return;
    case State::kServing:
      if (body_slot_.waiting()) {
        body_slot_.wake();
      } else if (body_ended_ && channel_->peer_broken()) {
        end_soon();
      }
      return;
    case State::kLinger:
      discard();
      return;
    case State::kOver:
      return;
  }
}

void Http1Connection::patience(std::chrono::milliseconds usual) {
  if (!hurried_) home_.loop.timers().set(*this, usual);
}

void Http1Connection::expired() {
  if (hurried_) return hurry_over();
  home_.metrics.client_timeouts.add();
  switch (state_) {
    case State::kHead:
      refuse({408, "the request head took too long"});
      return;
    case State::kServing:
      if (!blocked() && body_slot_.waiting()) {
        body_timed_out_ = true;
        body_slot_.wake();
        return;
      }
      end_soon();  // a client that takes nothing
      return;
    case State::kIdle:
    case State::kLinger:
    case State::kOver:
      end_soon();
      return;
  }
}

void Http1Connection::hurry_over() {
  if (blocked() || state_ == State::kServing || holds_unsent(channel_->fd())) return abort();
  if (std::exchange(lingered_, true)) return end_soon();
  home_.loop.timers().set(*this, kTunnelLinger - kHurry);
}

void Http1Connection::end_soon() {
  gone_ = true;
  discard_out();  // a response under way here is not wanted any more; nothing else is ever in it at this moment
  home_.loop.defer(*this);
}

void Http1Connection::run_deferred() {
  if (gone_) {
    serving_.cancel();
    become(State::kOver);
    owner_.connection_over(*this);
    return;
  }
  if (state_ == State::kServing && (!serving_.valid() || serving_.done())) exchange_over();
}

void Http1Connection::drain() {
  if (state_ == State::kIdle) linger();
  keep_alive_ = false;
}

// --- heads

void Http1Connection::become_idle() {
  become(State::kIdle);
  hurried_ = lingered_ = false;
  TimerWheel::clear(*this);
  home_.loop.timers().set(*this, home_.limits.idle);
  read_heads();
}

void Http1Connection::read_heads() {
  for (;;) {
    if (!input_.empty()) {
      if (state_ == State::kIdle) {
        become(State::kHead);
        TimerWheel::clear(*this);
        home_.loop.timers().set(*this, home_.limits.head);
      }
      input_.load();
      if (take_head()) return;
    }
    const IoResult result = input_.fill(*channel_);
    switch (result.io) {
      case Io::kOk:
        continue;
      case Io::kBlocked:
        if (input_.full()) return refuse({431, "the request head is too large"});
        input_.rest();
        return;
      case Io::kEnd:
        channel_->end_write();
        end_soon();
        return;
      case Io::kBroken:
        end_soon();
        return;
    }
  }
}

bool Http1Connection::take_head() {
  const auto length = http::parse_request_head(input_.view(), home_.head_limits, input_.head());
  if (!length) {
    refuse(length.error());
    return true;
  }
  if (*length == 0) return false;
  const http::Head& head = input_.head();
  const auto framing = http::request_framing(head, cover_.last());
  if (!framing) {
    refuse(framing.error());
    return true;
  }
  framing_ = *framing;
  head_held_ = true;
  input_.consume(*length);
  keep_alive_ = framing_.keep_alive && !home_.draining;
  to_head_ = head.method == "HEAD";
  old_client_ = head.minor == 0;
  continue_wanted_ = framing_.expect_continue && head.minor > 0;
  body_left_ = framing_.length;
  body_ended_ = framing_.body == http::Body::kNone || (framing_.body == http::Body::kLength && body_left_ == 0);
  body_timed_out_ = false;
  chunks_.reset();
  if (framing_.body == http::Body::kChunked) chunks_ = std::make_unique<http::ChunkedReader>();
  begun_ = finished_ = aborted_ = false;
  request_bytes_ = response_bytes_ = 0;
  TimerWheel::clear(*this);
  become(State::kServing);
  serving_ = server_.serve(*this);
  serving_.start(this);
  return true;
}

void Http1Connection::refuse(const http::Refusal& refusal) {
  home_.metrics.requests_malformed.add();
  std::string& out = home_.out;
  std::array<char, RequestIds::kLength> room;
  const std::string_view id = home_.ids.next(room);
  owner_.head_refused(facts_.peer, id, refusal.status, refusal.what);
  const std::string body = error_body(refusal.status, refusal.what, id);
  out.append("HTTP/1.1 ");
  http::append_number(out, refusal.status);
  out.append(" ").append(reason_phrase(refusal.status));
  out.append("\r\nDate: ").append(http::imf_date(home_.loop.wall()));
  out.append("\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: ");
  http::append_number(out, body.size());
  out.append("\r\n\r\n").append(body);
  const Io io = channel_->write(out);
  out.clear();
  if (io == Io::kBroken) return end_soon();
  linger();
}

void Http1Connection::release_head() {
  if (!head_held_) return;
  head_held_ = false;
  input_.rest();
}

// --- after an exchange

void Http1Connection::exchange_over() {
  if (blocked()) return;  // comes again when the client has taken all
  serving_.cancel();
  release_head();
  if (!finished_) return abort();
  const bool whole = body_ended_;
  chunks_.reset();
  if (!keep_alive_ || home_.draining || !whole) return linger();
  become_idle();
}

void Http1Connection::linger() {
  TimerWheel::clear(*this);
  serving_.cancel();
  head_held_ = false;
  const bool quiet = input_.empty() && body_ended_;
  input_.drop();
  become(State::kLinger);
  if (channel_->queued() == 0) {
    channel_->end_write();
    if (quiet && !channel_->readable_now()) return end_soon();
  }
  linger_left_ = kLingerBytesMax;
  home_.loop.timers().set(*this, hurried_ ? kHurry : tunnel_ ? kTunnelLinger : kLinger);
  discard();
}

void Http1Connection::discard() {
  while (linger_left_ > 0) {
    const IoResult result = input_.fill(*channel_);
    if (result.io == Io::kBlocked) {
      input_.drop();
      return;
    }
    if (result.io != Io::kOk) return end_soon();
    linger_left_ -= std::min(linger_left_, result.bytes);
    input_.consume(result.bytes);
  }
  end_soon();
}

}  // namespace sallyport::proxy
