#include "proxy/codec/http1_connection.h"

#include <sys/socket.h>

#include <cassert>
#include <charconv>

#include "base/http/date.h"
#include "proxy/codec/reason.h"
#include "proxy/tls/tls_channel.h"

namespace sallyport::proxy {
namespace {

constexpr size_t kLingerBytesMax = 16 * 1024 * 1024;  // of a body nobody wants, so that the refusal can be read (RFC 9112 s9.6)
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::chrono::milliseconds kTunnelLinger{400};  // for the client to read a close frame
constexpr size_t kOutBytesMax = 64 * 1024;  // what is gathered before it is written

void append_number(std::string& out, uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

Http1Connection::Http1Connection(ConnectionHome& home, Owner& owner, ExchangeServer& server,
                                 std::unique_ptr<ByteChannel> channel, TlsChannel* tls, const Endpoint& peer)
    : home_(home),
      owner_(owner),
      server_(server),
      channel_(std::move(channel)),
      tls_(tls),
      io_(home.loop, channel_->fd(), *this),
      input_(home.blocks),
      facts_{PeerAddress{peer}, tls != nullptr} {}

Http1Connection::~Http1Connection() = default;

// --- events

void Http1Connection::start() {
  home_.loop.timers().set(*this, home_.limits.tls_handshake);
  step_handshake();
}

void Http1Connection::step_handshake() {
  switch (channel_->handshake()) {
    case Io::kBlocked: return;
    case Io::kEnd:
    case Io::kBroken:
      home_.metrics.handshakes_failed.add();
      end_soon();
      return;
    case Io::kOk: become_idle(); return;
  }
}

void Http1Connection::on_io(IoReady ready) {
  channel_->socket().edge(ready);
  if (gone_ || state_ == State::kOver) return;
  if (ready.writable && channel_->queued() > 0) {
    switch (channel_->flush()) {
      case Io::kBroken:
      case Io::kEnd: end_soon(); return;
      case Io::kBlocked: home_.loop.timers().set(*this, home_.limits.write); break;
      case Io::kOk:
        TimerWheel::clear(*this);
        if (state_ == State::kHandshake) break;
        if (state_ == State::kServing && (!serving_.valid() || serving_.done())) home_.loop.defer(*this);
        writable_slot_.wake();
        break;
    }
  }
  if (ready.readable || ready.closed) on_readable();
}

void Http1Connection::on_readable() {
  switch (state_) {
    case State::kHandshake: step_handshake(); return;
    case State::kIdle:
    case State::kHead: read_heads(); return;
    case State::kServing:
      if (body_slot_.waiting()) {
        body_slot_.wake();
      } else if (body_ended_ && channel_->peer_broken()) {
        end_soon();
      }
      return;
    case State::kLinger: discard(); return;
    case State::kOver: return;
  }
}

void Http1Connection::expired() {
  home_.metrics.client_timeouts.add();
  switch (state_) {
    case State::kHead: refuse({408, "the request head took too long"}); return;
    case State::kServing:
      if (!blocked() && body_slot_.waiting()) {
        body_timed_out_ = true;
        body_slot_.wake();
        return;
      }
      end_soon();  // a client that takes nothing
      return;
    case State::kHandshake:
    case State::kIdle:
    case State::kLinger:
    case State::kOver: end_soon(); return;
  }
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
  if (state_ == State::kIdle || state_ == State::kHandshake) linger();
  keep_alive_ = false;
}

// --- heads

void Http1Connection::become_idle() {
  become(State::kIdle);
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
      case Io::kOk: continue;
      case Io::kBlocked:
        if (input_.full()) return refuse({431, "the request head is too large"});
        input_.rest();
        return;
      case Io::kEnd:
        channel_->end_write();
        end_soon();
        return;
      case Io::kBroken: end_soon(); return;
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
  const auto framing = http::request_framing(head);
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
  const std::string body = std::string("{\"error\":\"") + error_code(refusal.status) + "\",\"message\":\"" + refusal.what +
                           "\",\"details\":[],\"request_id\":\"" + std::string(id) + "\"}";
  out.append("HTTP/1.1 ");
  append_number(out, refusal.status);
  out.append(" ").append(reason_phrase(refusal.status));
  out.append("\r\nDate: ").append(http::imf_date(home_.loop.wall()));
  out.append("\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: ");
  append_number(out, body.size());
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

// --- the request's body

BodyPiece Http1Connection::read_body() {
  using Kind = BodyPiece::Kind;
  assert(!head_held_);
  for (;;) {
    if (body_ended_) {
      TimerWheel::clear(*this);
      input_.rest();
      return {Kind::kEnd};
    }
    if (gone_ || body_timed_out_) return {Kind::kGone};
    if (!input_.empty()) {
      input_.load();
      continue_wanted_ = false;
      const std::string_view view = input_.view();
      if (chunks_) {
        const auto step = chunks_->read(view);
        if (!step) return {Kind::kBad};
        input_.consume(step->consumed);
        body_ended_ = step->end;
        if (!step->data.empty()) {
          request_bytes_ += step->data.size();
          TimerWheel::clear(*this);
          return {Kind::kData, step->data};
        }
        if (step->consumed > 0) continue;
      } else {
        const std::string_view data = view.substr(0, body_left_);
        input_.consume(data.size());
        body_left_ -= data.size();
        body_ended_ = body_left_ == 0;
        request_bytes_ += data.size();
        TimerWheel::clear(*this);
        return {Kind::kData, data};
      }
    }
    const IoResult result = input_.fill(*channel_);
    if (result.io == Io::kOk) continue;
    if (result.io == Io::kBlocked) {
      if (continue_wanted_) interim_continue();
      input_.rest();
      if (!tunnel_) home_.loop.timers().set(*this, home_.limits.body);
      return {Kind::kWait};
    }
    return {tunnel_ && result.io == Io::kEnd ? Kind::kEnd : Kind::kGone};
  }
}

std::string_view Http1Connection::request_trailers() const {
  return chunks_ && body_ended_ ? std::string_view(chunks_->trailers()) : std::string_view();
}

void Http1Connection::interim_continue() {
  if (!std::exchange(continue_wanted_, false) || begun_) return;
  if (channel_->write("HTTP/1.1 100 Continue\r\n\r\n") == Io::kBroken) end_soon();
}

// --- the response

void Http1Connection::begin(int status, std::string_view reason) {
  assert(home_.out.empty() && !begun_);
  begun_ = true;
  if (gone_) return;
  std::string& out = home_.out;
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<uint64_t>(status));
  out.append(" ").append(reason.empty() ? reason_phrase(status) : reason).append("\r\n");
}

void Http1Connection::field(std::string_view name, std::string_view value) {
  if (gone_) return;
  http::append_field_line(home_.out, name, value);
}

void Http1Connection::end_head(http::Body body, uint64_t length) {
  if (gone_) return;
  std::string& out = home_.out;
  if (!body_ended_ && !framing_.keep_alive) keep_alive_ = false;
  response_body_ = to_head_ ? http::Body::kNone : body;
  if (body == http::Body::kLength || (body == http::Body::kNone && length != kNoLength)) {
    out.append("Content-Length: ");
    append_number(out, length);
    out.append("\r\n");
    response_left_ = length;
  } else if (body == http::Body::kChunked) {
    if (old_client_) {
      keep_alive_ = false;
      if (!to_head_) response_body_ = http::Body::kUntilClose;
    } else {
      out.append("Transfer-Encoding: chunked\r\n");
    }
  }
  if (home_.draining) keep_alive_ = false;
  if (!keep_alive_)
    out.append("Connection: close\r\n");
  else if (old_client_)
    out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
}

void Http1Connection::data(std::string_view bytes) {
  if (gone_ || bytes.empty() || response_body_ == http::Body::kNone) return;
  std::string& out = home_.out;
  response_bytes_ += bytes.size();
  switch (response_body_) {
    case http::Body::kNone: return;
    case http::Body::kLength:
      if (bytes.size() > response_left_) return abort();
      response_left_ -= bytes.size();
      [[fallthrough]];
    case http::Body::kUntilClose:
      if (out.empty() && bytes.size() >= 1024) {
        if (channel_->write(bytes) == Io::kBroken) return end_soon();
        if (blocked()) home_.loop.timers().set(*this, home_.limits.write);
        return;
      }
      out.append(bytes);
      break;
    case http::Body::kChunked: {
      char size[18];
      out.append(size, http::write_chunk_size(bytes.size(), size));
      out.append(bytes).append("\r\n");
      break;
    }
  }
  if (out.size() >= kOutBytesMax) flush();
}

void Http1Connection::finish(std::string_view trailers) {
  if (gone_) return;
  if (response_body_ == http::Body::kChunked) home_.out.append("0\r\n").append(trailers).append("\r\n");
  if (response_body_ == http::Body::kLength && response_left_ > 0) return abort();
  finished_ = true;
  flush();
}

void Http1Connection::flush() {
  std::string& out = home_.out;
  if (out.empty()) return;
  if (!gone_) {
    if (channel_->write(out) == Io::kBroken)
      end_soon();
    else if (blocked())
      home_.loop.timers().set(*this, home_.limits.write);
  }
  out.clear();
}

void Http1Connection::abort() {
  discard_out();
  aborted_ = true;
  // A reset, so that no client takes what it got for the whole.
  const ::linger hard{1, 0};
  ::setsockopt(channel_->fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  end_soon();
}

void Http1Connection::switch_protocols() {
  if (gone_) return;
  home_.out.append("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  tunnel_ = true;
  keep_alive_ = false;
  chunks_.reset();
  body_ended_ = false;
  body_left_ = UINT64_MAX;  // until close
  response_body_ = http::Body::kUntilClose;
  flush();
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
  home_.loop.timers().set(*this, tunnel_ ? kTunnelLinger : kLinger);
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

bool Http1Connection::covers_host(std::string_view host) {
  if (tls_ == nullptr) return true;
  if (covered_host_ == host) return true;
  std::string asked(host);
  if (!tls_->certificate_covers(asked)) return false;
  covered_host_ = std::move(asked);
  return true;
}

}  // namespace sallyport::proxy
