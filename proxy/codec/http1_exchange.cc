// What the stations see of an Http1Connection: the body of the request, the response, and the tunnel it may become.
#include <sys/socket.h>

#include <cassert>

#include "proxy/codec/http1_connection.h"
#include "proxy/codec/reason.h"

namespace sallyport::proxy {
namespace {

constexpr size_t kOutBytesMax = 64 * 1024;  // what is gathered before it is written

}  // namespace

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
  http::append_number(out, static_cast<uint64_t>(status));
  out.append(" ").append(reason.empty() ? reason_phrase(status) : reason).append("\r\n");
}

void Http1Connection::field(std::string_view name, std::string_view value) {
  if (gone_) return;
  http::append_field_line(home_.out, name, value);
}

void Http1Connection::end_head(http::Body body, uint64_t length) {
  if (gone_) return;
  std::string& out = home_.out;
  if (!body_ended_) keep_alive_ = false;  // what may never be read ends the connection, and it is said (RFC 9112 s9.6)
  response_body_ = to_head_ ? http::Body::kNone : body;
  if (body == http::Body::kLength || (body == http::Body::kNone && length != kNoLength)) {
    out.append("Content-Length: ");
    http::append_number(out, length);
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
    case http::Body::kNone:
      return;
    case http::Body::kLength:
      if (bytes.size() > response_left_) return abort();
      response_left_ -= bytes.size();
      [[fallthrough]];
    case http::Body::kUntilClose:
      if (out.empty() && bytes.size() >= 1024) {
        if (channel_->write(bytes) == Io::kBroken) return end_soon();
        if (blocked()) patience(home_.limits.write);
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
      patience(home_.limits.write);
  }
  out.clear();
}

void Http1Connection::abort() {
  discard_out();
  aborted_ = true;
  reset_on_close();
  end_soon();
}

// So that no client takes what it got for the whole; and what the socket has not sent yet is dropped.
void Http1Connection::reset_on_close() {
  const ::linger hard{1, 0};
  ::setsockopt(channel_->fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void Http1Connection::cut(Cut how) {
  serving_.cancel();
  if (gone_) return;
  if (!finished_ || blocked()) return abort();
  if (how == Cut::kAnswered) hurry();
  home_.loop.defer(*this);
}

void Http1Connection::hurry() {
  if (gone_ || std::exchange(hurried_, true)) return;
  if (blocked()) home_.loop.timers().set(*this, kHurry);
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

}  // namespace sallyport::proxy
