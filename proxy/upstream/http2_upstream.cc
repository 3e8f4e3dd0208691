#include "proxy/upstream/http2_upstream.h"

#include <algorithm>
#include <cassert>

#include "proxy/codec/http2_request_lines.h"

namespace sallyport::proxy {
namespace {

constexpr size_t kSendBytesMax = 64 * 1024;            // what is gathered before it is written
constexpr size_t kStreamsMax = 100;                    // at once, whatever the upstream allows
constexpr std::chrono::milliseconds kIdleKeep{55000};  // below the 60 s that most servers keep

http2::SessionLimits limits() {
  http2::SessionLimits out;
  out.header_bytes = kBlockBytes - 1;
  out.stream_window = kStreamWindowFirst;
  return out;
}

}  // namespace

Http2UpstreamConnection::Http2UpstreamConnection(Http2UpstreamParts& parts, Pool& pool, const Endpoint& endpoint,
                                                 std::unique_ptr<ByteChannel> channel, std::string scheme,
                                                 const policy::Timeouts& timeouts)
    : parts_(parts),
      pool_(pool),
      endpoint_(endpoint),
      scheme_(std::move(scheme)),
      timeouts_(timeouts),
      channel_(std::move(channel)),
      io_(parts.loop, channel_->fd(), *this),
      session_(http2::Role::kClient, *this, limits()) {
  ++parts_.open;
  parts_.memory.enter(*this);
  parts_.loop.defer(*this);  // the preface
}

Http2UpstreamConnection::~Http2UpstreamConnection() {
  for (Http2UpstreamStream* const stream : streams_) session_.forget(stream->id());
  for (Http2UpstreamStream* const stream : std::exchange(streams_, {}))
    stream->connection_lost("the connection to the upstream was closed");
  freed(held_bytes_);
  parts_.memory.leave(*this);
  --parts_.open;
}

// --- its streams

size_t Http2UpstreamConnection::room() const {
  if (state_ != State::kOpen || closing_) return 0;
  const size_t most = std::min<size_t>(session_.peer_streams_max(), kStreamsMax);
  return most - std::min(most, streams_.size());
}

std::unique_ptr<Http2UpstreamStream> Http2UpstreamConnection::open_stream() {
  assert(room() > 0);
  using Reuse = Http2UpstreamStream::Reuse;
  const Reuse reuse = std::exchange(used_, true) ? Reuse::kLater : Reuse::kFirst;
  auto stream = std::make_unique<Http2UpstreamStream>(*this, timeouts_, reuse);
  stream->place = streams_.size();
  streams_.push_back(stream.get());
  if (std::exchange(idle_, false)) pool_.idle_no_longer();
  return stream;
}

void Http2UpstreamConnection::begin(Http2UpstreamStream& stream, std::string_view head,
                                    const UpstreamExchange::Request& request) {
  http2::append_request_lines(head,
                              {.scheme = scheme_,
                               .secret_names = request.secret_names,
                               .secret_target = request.secret_target,
                               .takes_trailers = request.takes_trailers},
                              head_);
  const http2::StreamId id = session_.request(head_, stream, request.body != http::Body::kNone);
  head_.wipe();
  stream.begun_as(id);
  budget_.earn(http2::Spending::kReset);  // an upstream may answer each with one
  if (id == 0) {                          // no number is left
    closing_ = true;
    return stream.refuse("the connection takes no more streams");
  }
  parts_.loop.defer(*this);
}

void Http2UpstreamConnection::leave(Http2UpstreamStream& stream) {
  if (stream.id() != 0) {
    session_.forget(stream.id());
    if (!stream.closed()) session_.reset(stream.id(), http2::ErrorCode::kCancel);
  }
  freed(stream.held());
  if (stream.settling) std::erase(to_settle_, &stream);
  const size_t place = stream.place;
  std::swap(streams_[place], streams_.back());
  streams_[place]->place = place;
  streams_.pop_back();
  if (streams_.empty()) fields_.shrink();
  pool_.room_made();
  parts_.loop.defer(*this);
}

void Http2UpstreamConnection::note(Http2UpstreamStream& stream) {
  if (!std::exchange(stream.settling, true)) to_settle_.push_back(&stream);
  parts_.loop.defer(*this);
}

void Http2UpstreamConnection::settle_streams() {
  for (Http2UpstreamStream* const stream : std::exchange(to_settle_, {})) {
    stream->settling = false;
    stream->settle();  // whoever it wakes may let go of it, but it is destroyed later
  }
}

// --- events

void Http2UpstreamConnection::on_io(IoReady ready) {
  channel_->socket().edge(ready);
  if (state_ == State::kOver) return;
  if (ready.writable && channel_->queued() > 0) {
    const Io io = channel_->flush();
    if (io == Io::kBroken || io == Io::kEnd) return lost("the upstream closed while it was written to");
    watch_ = Watch::kNone;  // it takes something: the patience begins anew
    parts_.loop.defer(*this);
  }
  if (ready.readable || ready.closed) receive();
}

void Http2UpstreamConnection::receive() {
  auto block = parts_.blocks.take();
  while (state_ < State::kEnding) {
    const IoResult got = channel_->read(block->bytes);
    if (got.io == Io::kOk) {
      if (!session_.receive({block->bytes.data(), got.bytes}))
        end(http2::ErrorCode::kProtocol, "the upstream broke the protocol of HTTP/2");
    } else {
      if (got.io == Io::kBlocked && channel_->socket().recheck()) continue;
      if (got.io != Io::kBlocked) lost(failure_);
      break;
    }
  }
  parts_.blocks.give_back(std::move(block));
  parts_.loop.defer(*this);
}

void Http2UpstreamConnection::send() {
  ++sends_;
  while (channel_->queued() == 0) {
    std::string& out = parts_.out;
    assert(out.empty());
    const bool good = session_.send(out, kSendBytesMax);
    if (out.empty()) {
      if (!good) lost("the upstream's HTTP/2 session is broken");
      return;
    }
    const Io io = channel_->write(out);
    out.clear();
    if (!good || io == Io::kBroken) {
      channel_->socket().look_again();  // perhaps it has answered before it closed
      if (state_ < State::kEnding) receive();
      return lost("the upstream closed while it was written to");
    }
  }
}

void Http2UpstreamConnection::run_deferred() {
  if (!std::exchange(started_, true)) receive();  // what came with the end of the handshake has been read with it
  while (state_ < State::kEnding) {
    settle_streams();
    send();
    if (to_settle_.empty()) break;
  }
  if (state_ == State::kEnding) {
    send();
    state_ = State::kOver;
  }
  if (state_ < State::kEnding && session_.over())
    lost(state_ == State::kGreeting ? "the upstream does not speak HTTP/2" : failure_);
  if (state_ == State::kOpen && streams_.empty()) rest();
  if (state_ == State::kOver) return over();
  watch();
  parts_.memory.relieve();
}

void Http2UpstreamConnection::rest() {
  if (!used_ && !closing_) return;  // somebody waits for it, perhaps
  if (!closing_ && !idle_) idle_ = pool_.may_idle();
  if (idle_ && !closing_) return;
  session_.end(http2::ErrorCode::kNone);
  send();
  channel_->end_write();
  state_ = State::kOver;
}

void Http2UpstreamConnection::close_if_idle() {
  if (!streams_.empty() || state_ != State::kOpen) return;
  closing_ = true;
  parts_.loop.defer(*this);
}

// --- the end

void Http2UpstreamConnection::end(http2::ErrorCode code, const char* why) {
  if (state_ >= State::kEnding) return;
  if (state_ == State::kGreeting) why = "the upstream does not speak HTTP/2";
  failure_ = why;
  state_ = State::kEnding;
  session_.end(code);
  parts_.loop.defer(*this);
}

void Http2UpstreamConnection::lost(const char* why) {
  if (state_ == State::kOver) return;
  failure_ = why;
  state_ = State::kOver;
  parts_.loop.defer(*this);
}

void Http2UpstreamConnection::over() {
  to_settle_.clear();
  TimerWheel::clear(*this);
  for (Http2UpstreamStream* const stream : streams_) session_.forget(stream->id());
  for (Http2UpstreamStream* const stream : std::exchange(streams_, {})) stream->connection_lost(failure_);
  if (std::exchange(idle_, false)) pool_.idle_no_longer();
  const Pool::Failure failure{failure_, timed_out_};
  pool_.connection_over(*this, greeted_ ? nullptr : &failure);
}

void Http2UpstreamConnection::expired() {
  switch (watch_) {
    case Watch::kNone:
      return;
    case Watch::kGreeting:
      timed_out_ = true;
      return lost("the upstream's HTTP/2 settings took too long");
    case Watch::kIdle:
      closing_ = true;
      return parts_.loop.defer(*this);
    case Watch::kWrite:
      return lost("the upstream takes nothing");
  }
}

void Http2UpstreamConnection::watch() {
  Watch next = Watch::kNone;
  std::chrono::milliseconds patience{0};
  if (state_ == State::kGreeting) {
    next = Watch::kGreeting;
    patience = timeouts_.connect;
  } else if (channel_->queued() > 0) {
    next = Watch::kWrite;
    patience = timeouts_.idle;
  } else if (streams_.empty()) {
    next = Watch::kIdle;
    patience = kIdleKeep;
  }
  if (next == watch_) return;
  watch_ = next;
  TimerWheel::clear(*this);
  if (next != Watch::kNone) parts_.loop.timers().set(*this, patience);
}

// --- what the session tells

void Http2UpstreamConnection::on_settings() {
  if (session_.peer_streams_max() == 0) {
    closing_ = true;
    if (state_ == State::kGreeting) return lost("the upstream takes no HTTP/2 streams");
  }
  greeted_ = true;
  if (state_ == State::kGreeting) state_ = State::kOpen;
  pool_.room_made();
}

void Http2UpstreamConnection::on_frame(const http2::FrameHead& frame) {
  if (const auto kind = http2::spending_of(frame)) spend(*kind);
}

void Http2UpstreamConnection::on_data_sent() { budget_.data_sent(); }

void Http2UpstreamConnection::spend(http2::Spending kind) {
  if (!budget_.spend(kind, parts_.loop.now())) end(http2::ErrorCode::kEnhanceYourCalm, http2::FrameBudget::why(kind));
}

void Http2UpstreamConnection::on_violation(http2::StreamId id, const char* why) {
  for (Http2UpstreamStream* const stream : streams_)
    if (id != 0 && stream->id() == id) stream->broken(why);
  spend(http2::Spending::kViolation);
}

// What was sent and stands above the last stream of the frame is closed by the session as refused (RFC 9113 s6.8); what
// waits for the socket has not even been sent.
void Http2UpstreamConnection::on_goaway() {
  closing_ = true;
  for (Http2UpstreamStream* const stream : streams_)
    if (!stream->lost() && stream->id() != 0 && !session_.knows(stream->id()))
      stream->refuse("the upstream takes no more streams on this connection");
}

// --- what it holds

void Http2UpstreamConnection::let_go() {
  const auto largest = std::ranges::max_element(streams_, {}, &Http2UpstreamStream::held);
  if (largest != streams_.end()) (*largest)->let_go();
}

void Http2UpstreamConnection::hold(size_t bytes) {
  held_bytes_ += bytes;
  parts_.memory.add(bytes);
}

void Http2UpstreamConnection::freed(size_t bytes) {
  held_bytes_ -= bytes;
  parts_.memory.remove(bytes);
}

}  // namespace sallyport::proxy
