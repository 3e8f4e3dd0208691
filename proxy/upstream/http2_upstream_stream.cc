#include "proxy/upstream/http2_upstream_stream.h"

#include <algorithm>

#include "proxy/upstream/http2_upstream.h"

namespace sallyport::proxy {
namespace {

constexpr int kInterimMax = 16;               // 1xx responses before the final one
constexpr size_t kQueueBytesMax = 64 * 1024;  // of one request, before its reader has to wait
constexpr size_t kPieceBytesMax = 32 * 1024;  // of a response, given to its reader at once
constexpr size_t kKeptBytes = 2048;           // of an empty queue

// Bytes that were used stand in front until they are as many as this, or all.
void drop_front(std::string& queue, size_t& used) {
  if (used == queue.size()) {
    if (queue.capacity() > kKeptBytes)
      std::string().swap(queue);
    else
      queue.clear();
    used = 0;
  } else if (used >= kQueueBytesMax) {
    queue.erase(0, used);
    used = 0;
  }
}

}  // namespace

Http2UpstreamStream::Http2UpstreamStream(Http2UpstreamConnection& connection, const policy::Timeouts& timeouts,
                                         Reuse reuse)
    : connection_(&connection),
      parts_(connection.parts()),
      endpoint_(connection.endpoint()),
      timeouts_(timeouts),
      reuse_(reuse),
      window_(kStreamWindowFirst),
      interim_left_(kInterimMax) {}

Http2UpstreamStream::~Http2UpstreamStream() {
  release_head();
  if (connection_ != nullptr) connection_->leave(*this);
}

// --- its life

void Http2UpstreamStream::settle() {
  if (writable_.waiting() && (lost() || !blocked())) writable_.wake();
  if (changed_.waiting() && std::exchange(news_, false)) changed_.wake();
}

void Http2UpstreamStream::connection_lost(const char* why) {
  connection_ = nullptr;
  closed_ = true;
  if (!ended_) {
    gone_ = true;
    if (*failure_ == '\0') failure_ = why;
  }
  TimerWheel::clear(*this);
  news_ = true;
  settle();
}

void Http2UpstreamStream::news() {
  news_ = true;
  if (connection_ != nullptr) connection_->note(*this);
}

// Broken off from our side.
void Http2UpstreamStream::end(http2::ErrorCode code) {
  gone_ = true;
  drop_queue();
  TimerWheel::clear(*this);
  if (connection_ != nullptr && !closed_ && id_ != 0) connection_->session().reset(id_, code);
  news();
}

void Http2UpstreamStream::refuse(const char* why) {
  refused_ = true;
  failure_ = why;
  end(http2::ErrorCode::kCancel);
}

void Http2UpstreamStream::broken(const char* why) {
  if (*bad_ == '\0') bad_ = why;
  end(http2::ErrorCode::kProtocol);
}

void Http2UpstreamStream::let_go() {
  failure_ = "too much of it waits for a slow side";
  connection_->freed(in_.size() - at_);
  std::string().swap(in_);
  at_ = given_ = 0;
  end(http2::ErrorCode::kCancel);
}

void Http2UpstreamStream::drop_queue() {
  if (connection_ != nullptr) connection_->freed(waiting());
  std::string().swap(out_);
  sent_ = 0;
}

void Http2UpstreamStream::release_head() {
  if (block_) parts_.blocks.give_back(std::move(block_));
}

void Http2UpstreamStream::expired() {
  timed_out_ = true;
  failure_ = answered_ ? "the upstream stopped in the middle" : "the upstream did not answer in time";
  if (connection_ != nullptr && !answered_) connection_->doubt();
  end(http2::ErrorCode::kCancel);
}

// --- what the session tells

void Http2UpstreamStream::on_head() {
  answered_ = true;
  if (!head_read_)
    connection_->fields().begin();
  else if (!trailers_in_)
    trailers_in_ = std::make_unique<http2::TrailerFields>();
}

void Http2UpstreamStream::on_field(std::string_view name, std::string_view value) {
  if (!head_read_)
    connection_->fields().add(name, value);
  else
    trailers_in_->add(name, value);
}

void Http2UpstreamStream::on_head_end(Follows follows) {
  if (gone_) return;
  if (head_read_) {
    if (!trailers_in_->good()) broken("bad trailers");
    return;
  }
  using To = http2::ResponseFields::To;
  block_ = parts_.blocks.take();
  const auto framing = connection_->fields().finish(*block_, follows, to_head_ ? To::kHead : To::kOther);
  const int status = framing ? block_->head.status : 0;
  if (framing && status >= 200) {
    framing_ = *framing;
    head_read_ = true;
    return news();
  }
  release_head();
  if (!framing) return broken(framing.error().what);
  if (status == 101) return broken("101 was not asked for");
  if (--interim_left_ < 0) return broken("too many interim responses");
}

// The connection's window is given back at once, so that a slow client holds up nobody but himself.
void Http2UpstreamStream::on_data(std::string_view bytes) {
  connection_->session().consume_connection(bytes.size());
  if (gone_) return;
  in_.append(bytes);
  connection_->hold(bytes.size());
  news();
}

void Http2UpstreamStream::on_end() {
  ended_ = true;
  news();
}

void Http2UpstreamStream::on_closed(http2::ErrorCode code) {
  closed_ = true;
  drop_queue();
  if (!ended_ && !gone_) {
    gone_ = true;
    refused_ = code == http2::ErrorCode::kRefusedStream && !answered_;
    failure_ = refused_ ? "the upstream refused the stream" : "the upstream reset the stream";
  }
  news();
}

Http2UpstreamStream::Offer Http2UpstreamStream::on_room(size_t room) {
  Offer out{.bytes = std::min(room, waiting())};
  out.last = finished_ && out.bytes == waiting();
  if (out.last) out.trailers = trailers_out_.get();
  return out;
}

void Http2UpstreamStream::take(size_t bytes, std::string& out) {
  out.append(out_, sent_, bytes);
  sent_ += bytes;
  connection_->freed(bytes);
  drop_front(out_, sent_);
  if (changed_.waiting() && head_read_)
    parts_.loop.timers().set(*this, timeouts_.idle);  // something goes the other way
  else if (waiting() == 0 && !finished_)
    TimerWheel::clear(*this);
  connection_->note(*this);
}

// --- the request

void Http2UpstreamStream::send_head(std::string_view head, const Request& request) {
  to_head_ = request.to_head;
  has_body_ = request.body != http::Body::kNone;
  if (connection_ != nullptr) connection_->begin(*this, head, request);
}

void Http2UpstreamStream::send_body(std::string_view bytes) {
  if (lost() || bytes.empty()) return;
  if (waiting() == 0) queued_at_ = connection_->sends();
  out_.append(bytes);
  connection_->hold(bytes.size());
  connection_->session().resume(id_);
  connection_->note(*this);
}

void Http2UpstreamStream::end_request(std::string_view trailers) {
  finished_ = true;
  if (lost()) return;
  if (has_body_ && !trailers.empty()) {
    trailers_out_ = std::make_unique<http2::FieldBlock>();
    for (std::string_view rest = trailers; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(std::min(rest.size(), line.size() + 2));
      const size_t colon = line.find(": ");
      trailers_out_->add(line.substr(0, colon), line.substr(colon + 2));
    }
  }
  if (has_body_) connection_->session().resume(id_);
  if (!head_read_) parts_.loop.timers().set(*this, timeouts_.response);
  connection_->note(*this);
}

bool Http2UpstreamStream::blocked() const {
  if (waiting() == 0 || connection_ == nullptr) return false;
  return waiting() >= kQueueBytesMax || queued_at_ != connection_->sends();
}

void Http2UpstreamStream::expect_writable() { parts_.loop.timers().set(*this, timeouts_.idle); }

void Http2UpstreamStream::stay_awake() {
  if (!lost()) parts_.loop.timers().set(*this, timeouts_.idle);
}

// --- the response

UpstreamExchange::HeadStep Http2UpstreamStream::read_head() {
  if (block_) {
    parts_.loop.timers().set(*this, timeouts_.idle);
    return HeadStep::kHead;
  }
  if (*bad_ != '\0') return HeadStep::kBad;
  return lost() ? HeadStep::kGone : HeadStep::kWait;
}

void Http2UpstreamStream::give_window_back() {
  if (given_ == 0) return;
  if (connection_ != nullptr) {
    if (!closed_) connection_->session().consume_stream(id_, given_);
    connection_->freed(given_);
    connection_->note(*this);
  }
  window_used_ += given_;
  at_ += std::exchange(given_, 0);
  drop_front(in_, at_);
}

// The reader waits for the upstream, and a whole window has come since the last time: the window may be what holds it
// up. A client that is slow never gets here.
void Http2UpstreamStream::widen_window() {
  if (window_used_ < window_ || window_ >= kStreamWindowMost || !parts_.memory.roomy()) return;
  window_ *= 2;
  window_used_ = 0;
  connection_->session().widen(id_, window_);
  connection_->note(*this);
}

BodyPiece Http2UpstreamStream::read_body() {
  using Kind = BodyPiece::Kind;
  release_head();
  give_window_back();
  TimerWheel::clear(*this);
  if (framing_.body == http::Body::kNone) return {Kind::kEnd};
  if (at_ < in_.size()) {
    given_ = std::min(in_.size() - at_, kPieceBytesMax);
    return {Kind::kData, std::string_view(in_).substr(at_, given_)};
  }
  if (*bad_ != '\0') return {Kind::kBad};
  if (gone_) return {Kind::kGone};
  if (ended_) return {Kind::kEnd};
  widen_window();
  parts_.loop.timers().set(*this, timeouts_.idle);
  return {Kind::kWait};
}

bool Http2UpstreamStream::body_ended() const {
  return framing_.body == http::Body::kNone || (ended_ && !gone_ && *bad_ == '\0' && at_ + given_ == in_.size());
}

std::string_view Http2UpstreamStream::trailers() const {
  return trailers_in_ ? std::string_view(trailers_in_->lines()) : std::string_view();
}

}  // namespace sallyport::proxy
