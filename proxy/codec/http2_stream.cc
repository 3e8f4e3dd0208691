#include "proxy/codec/http2_stream.h"

#include <cassert>

#include "proxy/codec/http2_connection.h"

namespace sallyport::proxy {
namespace {

constexpr size_t kQueueBytesMax = 64 * 1024;             // of one response, before its reader has to wait
constexpr size_t kKeptBytes = 2048;                      // of an empty queue
constexpr std::chrono::milliseconds kTunnelLinger{400};  // for the client to end its side, too

}  // namespace

// --- its life

void Http2Stream::settle() {
  if (gone_) {
    start_wanted_ = false;
    serving_.cancel();
    return tidy();
  }
  if (std::exchange(start_wanted_, false)) {
    serving_ = connection_.server_.serve(*this);
    serving_.start(this);
  }
  if (body_slot_.waiting() && (in_.size() > read_ || body_ended_ || body_bad_)) body_slot_.wake();
  if (writable_slot_.waiting() && !blocked()) writable_slot_.wake();
  tidy();
}

// What is left to be said when nobody works on it any more.
void Http2Stream::tidy() {
  if (serving_.valid() && !serving_.done()) return;
  if (block_) connection_.home_.blocks.give_back(std::move(block_));
  if (closed_ || gone_ || !head_read_ || start_wanted_) return;
  if (!finished_) return abort();
  if (!end_sent_ || body_ended_) return;
  if (tunnel_) return connection_.home_.loop.timers().set(*this, kTunnelLinger);
  end(http2::ErrorCode::kNone);  // RFC 9113 s8.1: the rest of the body is not wanted
}

bool Http2Stream::over() const { return (closed_ || gone_) && (!serving_.valid() || serving_.done()); }

void Http2Stream::connection_lost() {
  gone_ = closed_ = true;
  serving_.cancel();
  if (block_) connection_.home_.blocks.give_back(std::move(block_));
}

void Http2Stream::task_done() noexcept { connection_.note(*this); }

void Http2Stream::expired() {
  const bool tunnel_is_over = tunnel_ && end_sent_ && waiting() == 0;
  if (!tunnel_is_over) connection_.home_.metrics.client_timeouts.add();
  if (!tunnel_is_over && waiting() == 0 && body_slot_.waiting()) {
    body_timed_out_ = true;
    return body_slot_.wake();
  }
  end(tunnel_is_over ? http2::ErrorCode::kNone : http2::ErrorCode::kCancel);  // or a client that takes nothing
}

void Http2Stream::end(http2::ErrorCode code) {
  drop_queue();
  if (!closed_ && !gone_) connection_.session_.reset(id_, code);
  gone_ = true;
  connection_.note(*this);
}

void Http2Stream::drop_queue() {
  connection_.freed(waiting());
  RecycledString().swap(out_);
  sent_ = 0;
}

// --- what the session tells

void Http2Stream::on_head() {
  connection_.head_open_ = head_open_ = true;
  if (!head_read_)
    connection_.fields_.begin();
  else if (!trailers_in_)
    trailers_in_ = std::make_unique<http2::TrailerFields>();
}

void Http2Stream::on_field(std::string_view name, std::string_view value) {
  if (!head_read_)
    connection_.fields_.add(name, value, connection_.home_.head_limits);
  else
    trailers_in_->add(name, value);
}

void Http2Stream::on_head_end(Follows follows) {
  connection_.head_open_ = head_open_ = false;
  if (head_read_) {
    body_bad_ = body_bad_ || !trailers_in_->good();
    return;
  }
  head_read_ = true;
  block_ = connection_.home_.blocks.take();
  const auto framing = connection_.fields_.finish(*block_, follows, connection_.cover_.last());
  if (!framing) return refuse(framing.error());
  framing_ = *framing;
  to_head_ = head().method == "HEAD";
  continue_wanted_ = framing_.expect_continue;
  start_wanted_ = true;
  connection_.note(*this);
}

void Http2Stream::on_data(std::string_view bytes) {
  if (finished_ || gone_) return connection_.session_.consume_connection(bytes.size());
  in_.append(bytes);
  connection_.hold(bytes.size());
  connection_.note(*this);
}

void Http2Stream::on_end() {
  body_ended_ = true;
  connection_.note(*this);
}

void Http2Stream::on_closed(http2::ErrorCode code) {
  closed_ = true;
  if (head_open_) connection_.head_open_ = false;  // a head or trailers that were broken
  if (code != http2::ErrorCode::kNone || !body_ended_ || !end_sent_ || waiting() > 0) gone_ = true;
  connection_.note(*this);
}

Http2Stream::Offer Http2Stream::on_room(size_t room) {
  Offer out{.bytes = std::min(room, waiting())};
  out.last = finished_ && out.bytes == waiting();
  if (out.last) {
    end_sent_ = true;
    out.trailers = trailers_out_.get();
    connection_.note(*this);
  }
  return out;
}

void Http2Stream::take(size_t bytes, std::string& out) {
  out.append(std::string_view(out_).substr(sent_, bytes));
  sent_ += bytes;
  connection_.freed(bytes);
  if (waiting() == 0) {
    if (out_.capacity() > kKeptBytes)
      RecycledString().swap(out_);
    else
      out_.clear();
    sent_ = 0;
    if (body_slot_.waiting() && !tunnel_)
      connection_.home_.loop.timers().set(*this, connection_.home_.limits.body);
    else
      TimerWheel::clear(*this);
  } else {
    await_client();
    if (sent_ >= kQueueBytesMax) {
      out_.erase(0, sent_);
      sent_ = 0;
    }
  }
  connection_.note(*this);
}

// A head that was not understood: answered as one of HTTP/1.1 would be.
void Http2Stream::refuse(const http::Refusal& refusal) {
  connection_.home_.blocks.give_back(std::move(block_));
  const std::string body = connection_.refusal_body(refusal);
  begin(refusal.status, {});
  field("content-type", "application/json");
  field("cache-control", "no-store");
  end_head(http::Body::kLength, body.size());
  data(body);
  finish({});
}

// --- the request

const ConnectionFacts& Http2Stream::connection() const { return connection_.facts_; }
bool Http2Stream::covers_host(std::string_view host) { return connection_.cover_.covers(host); }
std::string_view Http2Stream::host_covered() const { return connection_.cover_.last(); }

void Http2Stream::release_head() {
  if (block_) connection_.home_.blocks.give_back(std::move(block_));
}

BodyPiece Http2Stream::read_body() {
  using Kind = BodyPiece::Kind;
  assert(!block_);
  if (read_ > 0) {
    if (!closed_) connection_.session_.consume(id_, read_);
    connection_.freed(read_);
    in_.erase(0, read_);
    read_ = 0;
    connection_.note(*this);
  }
  if (in_.empty() && in_.capacity() > kKeptBytes) std::string().swap(in_);
  if (gone_ || body_timed_out_) return {Kind::kGone};
  if (!in_.empty()) {
    read_ = in_.size();
    request_bytes_ += read_;
    continue_wanted_ = false;
    if (waiting() == 0) TimerWheel::clear(*this);
    return {Kind::kData, in_};
  }
  if (body_bad_) return {Kind::kBad};
  if (body_ended_) {
    if (waiting() == 0) TimerWheel::clear(*this);
    return {Kind::kEnd};
  }
  if (continue_wanted_) interim_continue();
  if (!tunnel_ && waiting() == 0) connection_.home_.loop.timers().set(*this, connection_.home_.limits.body);
  return {Kind::kWait};
}

std::string_view Http2Stream::request_trailers() const {
  return trailers_in_ ? std::string_view(trailers_in_->lines()) : std::string_view();
}

void Http2Stream::interim_continue() {
  if (!std::exchange(continue_wanted_, false) || begun_ || gone_) return;
  http2::FieldBlock& block = connection_.response_;
  block.clear();
  block.add(":status", "100");
  connection_.session_.interim(id_, block);
  connection_.note(*this);
}

// --- the response

void Http2Stream::begin(int status, std::string_view) {
  assert(!begun_);
  begun_ = true;
  if (gone_) return;
  int shown = status;
  if (status == 101)
    shown = 200;  // RFC 8441 s5
  else if (framing_.connect && status / 100 == 2)
    shown = 400;  // a page, where a tunnel was asked for: no success
  const char digits[] = {static_cast<char>('0' + shown / 100), static_cast<char>('0' + shown / 10 % 10),
                         static_cast<char>('0' + shown % 10)};
  connection_.response_.clear();
  connection_.response_.add(":status", {digits, sizeof digits});
}

void Http2Stream::field(std::string_view name, std::string_view value) {
  using Indexing = http2::FieldBlock::Indexing;
  if (gone_) return;
  const http::FieldId id = http::field_id(name);
  if (id == http::FieldId::kSecWebSocketAccept) return;  // there is no key that it would answer
  connection_.response_.add(name, value, id == http::FieldId::kSetCookie ? Indexing::kNever : Indexing::kAllowed);
}

void Http2Stream::end_head(http::Body body, uint64_t length) {
  if (gone_) return;
  response_body_ = to_head_ ? http::Body::kNone : body;
  if (body == http::Body::kLength || (body == http::Body::kNone && length != kNoLength)) {
    std::string digits;
    http::append_number(digits, length);
    connection_.response_.add("content-length", digits);
    response_left_ = length;
  }
  has_body_ = response_body_ != http::Body::kNone && !(response_body_ == http::Body::kLength && length == 0);
  if (!has_body_) end_sent_ = true;
  connection_.session_.respond(id_, connection_.response_, has_body_);
  connection_.note(*this);
}

void Http2Stream::data(std::string_view bytes) {
  if (gone_ || bytes.empty() || !has_body_) return;
  response_bytes_ += bytes.size();
  if (response_body_ == http::Body::kLength) {
    if (bytes.size() > response_left_) return abort();
    response_left_ -= bytes.size();
  }
  if (waiting() == 0) {
    queued_at_ = connection_.sends_;
    await_client();
  }
  out_.append(bytes);
  connection_.hold(bytes.size());
  connection_.session_.resume(id_);
  connection_.note(*this);
}

void Http2Stream::finish(std::string_view trailers) {
  if (gone_) return;
  if (response_body_ == http::Body::kLength && response_left_ > 0 && has_body_) return abort();
  finished_ = true;
  if (has_body_ && !trailers.empty()) {
    trailers_out_ = std::make_unique<http2::FieldBlock>();
    for (std::string_view rest = trailers; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(std::min(rest.size(), line.size() + 2));
      const size_t colon = line.find(": ");
      trailers_out_->add(line.substr(0, colon), line.substr(colon + 2));
    }
  }
  if (has_body_) connection_.session_.resume(id_);
  connection_.note(*this);
}

bool Http2Stream::blocked() const {
  if (waiting() == 0) return false;
  return finished_ || waiting() >= kQueueBytesMax || queued_at_ != connection_.sends_;
}

void Http2Stream::flush() {
  if (tunnel_) connection_.send();
}

// Of a tunnel CANCEL is what a reset is to TCP (RFC 8441 s5).
void Http2Stream::abort() { end(tunnel_ ? http2::ErrorCode::kCancel : http2::ErrorCode::kInternal); }

// INTERNAL_ERROR: some clients, node's for one, take CANCEL for the proper end of the response.
void Http2Stream::cut(Cut how) {
  serving_.cancel();
  if (gone_) return;
  const bool whole = finished_ && (how == Cut::kAnswered || waiting() == 0);
  if (!whole) {
    connection_.cut_behind();
    return abort();
  }
  if (how == Cut::kAnswered) hurry();
  connection_.note(*this);
}

void Http2Stream::hurry() {
  connection_.cut_behind();
  if (gone_ || std::exchange(hurried_, true)) return;
  if (waiting() > 0) connection_.home_.loop.timers().set(*this, kHurry);
}

void Http2Stream::await_client() {
  if (!hurried_) connection_.home_.loop.timers().set(*this, connection_.home_.limits.write);
}

void Http2Stream::switch_protocols() {
  if (gone_) return;
  tunnel_ = has_body_ = true;
  response_body_ = http::Body::kUntilClose;
  connection_.session_.respond(id_, connection_.response_, true);
  connection_.send();
}

}  // namespace sallyport::proxy
