#include "proxy/codec/http2_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>

#include "proxy/codec/reason.h"
#include "proxy/tls/tls_channel.h"

namespace sallyport::proxy {
namespace {

constexpr size_t kSendBytesMax = 64 * 1024;  // what is gathered before it is written
constexpr size_t kLingerBytesMax = 1024 * 1024;
constexpr std::chrono::milliseconds kLinger{1000};  // for the client to read a GOAWAY
constexpr uint32_t kStreamsMax = 100;
constexpr std::chrono::milliseconds kLastStreams{1000};  // after a GOAWAY, for what is on its way already (s6.8)

http2::SessionLimits limits_of(const ConnectionHome& home) {
  http2::SessionLimits out;
  out.streams = kStreamsMax;
  out.header_bytes = static_cast<uint32_t>(home.head_limits.head_bytes_max);
  return out;
}

}  // namespace

Http2Connection::Http2Connection(ConnectionHome& home, ConnectionOwner& owner, ExchangeServer& server,
                                 std::unique_ptr<ByteChannel> channel, TlsChannel& tls, const Endpoint& peer)
    : home_(home),
      owner_(owner),
      server_(server),
      channel_(std::move(channel)),
      io_(home.loop, channel_->fd(), *this),
      facts_{PeerAddress{peer}, true, tls.client_certificate()},
      cover_(&tls),
      session_(http2::Role::kServer, *this, limits_of(home)) {
  home_.metrics.http2_connections.add();
  home_.memory.enter(*this);
}

Http2Connection::~Http2Connection() {
  cancel_streams();
  freed(held_bytes_);
  home_.memory.leave(*this);
}

// --- events

void Http2Connection::start() {
  receive();
  home_.loop.defer(*this);
}

void Http2Connection::on_io(IoReady ready) {
  channel_->socket().edge(ready);
  if (state_ == State::kOver) return;
  if (ready.writable && channel_->queued() > 0) {
    const Io io = channel_->flush();
    if (io == Io::kBroken || io == Io::kEnd) return lost();
    watch_ = Watch::kNone;  // it takes something: the patience begins anew
    home_.loop.defer(*this);
  }
  if (!ready.readable && !ready.closed) return;
  if (state_ == State::kOpen)
    receive();
  else
    discard();
}

void Http2Connection::receive() {
  auto block = home_.blocks.take();
  while (state_ == State::kOpen) {
    const IoResult got = channel_->read(block->bytes);
    if (got.io == Io::kOk) {
      if (!session_.receive({block->bytes.data(), got.bytes})) end(http2::ErrorCode::kProtocol);
    } else {
      if (got.io != Io::kBlocked) lost();
      break;
    }
  }
  home_.blocks.give_back(std::move(block));
  home_.loop.defer(*this);
}

void Http2Connection::run_deferred() {
  while (state_ != State::kOver) {
    settle_streams();
    send();
    if (to_settle_.empty()) break;
  }
  if (state_ != State::kOpen) cancel_streams();
  if (state_ == State::kOver) return owner_.connection_over(*this);
  cut_behind_ = cut_behind_ && channel_->queued() > 0;
  if (cut_behind_ && streams_.empty()) return reset();
  const bool last = draining_ || (home_.draining && session_.last_stream() > 0);
  if (state_ == State::kOpen && last && streams_.empty()) end(http2::ErrorCode::kNone);
  if (state_ == State::kOpen && session_.over()) state_ = State::kEnding;
  if (state_ == State::kEnding && channel_->queued() == 0 && !session_.wants_to_send()) linger();
  watch();
  home_.memory.relieve();
}

void Http2Connection::cancel_streams() {
  for (const auto& stream : streams_) {
    session_.forget(stream->id());
    stream->connection_lost();
    freed(stream->held());
  }
  to_settle_.clear();
  streams_.clear();
}

void Http2Connection::settle_streams() {
  settling_.swap(to_settle_);
  for (Http2Stream* const stream : settling_) {
    stream->settling = false;
    stream->settle();
  }
  for (Http2Stream* const stream : settling_)
    if (!stream->settling && stream->over()) remove(*stream);
  settling_.clear();
}

void Http2Connection::remove(Http2Stream& stream) {
  session_.forget(stream.id());
  session_.consume_connection(stream.unread());
  freed(stream.held());
  const size_t place = stream.place;
  std::swap(streams_[place], streams_.back());
  streams_[place]->place = place;
  streams_.pop_back();
  if (streams_.empty()) fields_.shrink();
}

void Http2Connection::note(Http2Stream& stream) {
  if (!std::exchange(stream.settling, true)) to_settle_.push_back(&stream);
  home_.loop.defer(*this);
}

void Http2Connection::send() {
  ++sends_;
  while (channel_->queued() == 0) {
    std::string& out = home_.out;
    assert(out.empty());
    const bool good = session_.send(out, kSendBytesMax);
    if (out.empty()) {
      if (!good) lost();
      return;
    }
    const Io io = channel_->write(out);
    out.clear();
    if (!good || io == Io::kBroken) return lost();
  }
}

// --- the end

void Http2Connection::drain() {
  if (state_ != State::kOpen || std::exchange(draining_, true)) return;
  drain_began_ = home_.loop.now();
  session_.announce_end();
  home_.loop.defer(*this);
}

void Http2Connection::end(http2::ErrorCode code) {
  if (state_ != State::kOpen) return;
  state_ = State::kEnding;
  session_.end(code);
  home_.loop.defer(*this);
}

void Http2Connection::lost() {
  state_ = State::kOver;
  home_.loop.defer(*this);
}

void Http2Connection::reset() {
  const ::linger hard{1, 0};
  ::setsockopt(channel_->fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  lost();
}

void Http2Connection::linger() {
  state_ = State::kLinger;
  channel_->end_write();
  linger_left_ = kLingerBytesMax;
  discard();
}

void Http2Connection::discard() {
  auto block = home_.blocks.take();
  while (linger_left_ > 0) {
    const IoResult got = channel_->read(block->bytes);
    if (got.io == Io::kBlocked) break;
    linger_left_ = got.io == Io::kOk ? linger_left_ - std::min(linger_left_, got.bytes) : 0;
  }
  home_.blocks.give_back(std::move(block));
  if (linger_left_ == 0 && state_ == State::kLinger) lost();
}

void Http2Connection::expired() {
  switch (watch_) {
    case Watch::kNone:
      return;
    case Watch::kIdle:
      home_.metrics.client_timeouts.add();
      return end(http2::ErrorCode::kNone);
    case Watch::kHead:
      home_.metrics.client_timeouts.add();
      return end(http2::ErrorCode::kEnhanceYourCalm);
    case Watch::kWrite:
      home_.metrics.client_timeouts.add();
      return lost();
    case Watch::kEnd:
      return lost();
  }
}

void Http2Connection::watch() {
  const size_t head_bytes = head_open_ ? fields_.bytes() : 0;
  hold(head_bytes);
  freed(std::exchange(head_bytes_, head_bytes));
  Watch next = Watch::kNone;
  std::chrono::milliseconds patience{0};
  if (state_ == State::kLinger) {
    next = Watch::kEnd;
    patience = kLinger;
  } else if (channel_->queued() > 0) {
    next = Watch::kWrite;
    patience = home_.limits.write;
  } else if (head_open_ || !greeted_) {
    next = Watch::kHead;
    patience = home_.limits.head;
  } else if (streams_.empty()) {
    next = Watch::kIdle;
    patience = home_.limits.idle;
  }
  if (next == watch_) return;
  watch_ = next;
  TimerWheel::clear(*this);
  if (next != Watch::kNone) home_.loop.timers().set(*this, patience);
}

// --- what the session tells

http2::Stream* Http2Connection::on_stream(http2::StreamId id) {
  if (state_ != State::kOpen || streams_.size() >= 2 * kStreamsMax) return nullptr;
  if (draining_ && home_.loop.now() - drain_began_ > kLastStreams) return nullptr;
  auto stream = std::make_unique<Http2Stream>(*this, id);
  stream->place = streams_.size();
  streams_.push_back(std::move(stream));
  return streams_.back().get();
}

void Http2Connection::on_frame(const http2::FrameHead& frame) {
  if (const auto kind = http2::spending_of(frame)) spend(*kind);
}

void Http2Connection::spend(http2::Spending kind) {
  if (state_ == State::kOpen && !budget_.spend(kind, home_.loop.now())) flood(http2::FrameBudget::why(kind));
}

void Http2Connection::flood(const char* why) {
  home_.metrics.http2_floods.add();
  owner_.connection_refused(facts_.peer, why);
  end(http2::ErrorCode::kEnhanceYourCalm);
}

void Http2Connection::on_violation(http2::StreamId, const char* why) {
  home_.metrics.requests_malformed.add();
  std::array<char, RequestIds::kLength> room;
  owner_.head_refused(facts_.peer, home_.ids.next(room), 400, why);
  spend(http2::Spending::kViolation);
}

std::string Http2Connection::refusal_body(const http::Refusal& refusal) {
  home_.metrics.requests_malformed.add();
  std::array<char, RequestIds::kLength> room;
  const std::string_view id = home_.ids.next(room);
  owner_.head_refused(facts_.peer, id, refusal.status, refusal.what);
  spend(http2::Spending::kViolation);
  return error_body(refusal.status, refusal.what, id);
}

// --- what it holds

void Http2Connection::hold(size_t bytes) {
  held_bytes_ += bytes;
  home_.memory.add(bytes);
}

void Http2Connection::freed(size_t bytes) {
  held_bytes_ -= bytes;
  home_.memory.remove(bytes);
}

}  // namespace sallyport::proxy
