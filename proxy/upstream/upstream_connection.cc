#include "proxy/upstream/upstream_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace sallyport::proxy {
namespace {

constexpr int kInterimMax = 16;  // 1xx responses before the final one
constexpr http::HeadLimits kResponseLimits{.head_bytes_max = kBlockBytes - 1,
                                           .target_bytes_max = 0,
                                           .fields_max = http::kFieldsMax,
                                           .underscores = http::Underscores::kKeep};

}  // namespace

Result<std::unique_ptr<UpstreamConnection>> UpstreamConnection::open(Loop& loop, BlockPool& blocks, size_t& open,
                                                                     const Endpoint& endpoint,
                                                                     const std::optional<IpAddress>& source,
                                                                     ClientTls* tls, AlpnOffer offer,
                                                                     const policy::Timeouts& timeouts) {
  const SocketAddress to = SocketAddress::of(endpoint);
  Fd fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail(Code::kUnavailable, Side::kSelf, "no descriptor is left for an upstream connection");
  const int one = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (source) {
    const SocketAddress from = SocketAddress::of({*source, 0});
    ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&from.storage), from.length) != 0)
      return fail(Code::kUnavailable, Side::kSelf, "the upstream's source_address is not an address of this machine");
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.length) != 0 && errno != EINPROGRESS)
    return fail(Code::kUnavailable, Side::kUpstream, "the upstream cannot be reached");
  std::unique_ptr<ByteChannel> channel;
  TlsChannel* tls_channel = nullptr;
  if (tls != nullptr) {
    auto made = tls->connect(std::move(fd), offer);
    if (!made) return fail(Code::kUnavailable, Side::kSelf, "no memory for an upstream connection");
    tls_channel = made.get();
    channel = std::move(made);
  } else {
    channel = std::make_unique<PlainChannel>(std::move(fd));
  }
  std::unique_ptr<UpstreamConnection> out(
      new UpstreamConnection(loop, blocks, open, endpoint, std::move(channel), tls_channel, timeouts));
  return out;
}

UpstreamConnection::UpstreamConnection(Loop& loop, BlockPool& blocks, size_t& open, const Endpoint& endpoint,
                                       std::unique_ptr<ByteChannel> channel, TlsChannel* tls,
                                       const policy::Timeouts& timeouts)
    : loop_(loop),
      open_(open),
      endpoint_(endpoint),
      timeouts_(timeouts),
      channel_(std::move(channel)),
      tls_(tls),
      input_(blocks) {
  io_.emplace(loop_, channel_->fd(), static_cast<IoHandler&>(*this));
  loop_.timers().set(*this, timeouts_.connect);
  ++open_;
}

// A request that broke off ends with a reset: what the socket still holds of it is nobody's to read any more.
UpstreamConnection::~UpstreamConnection() {
  --open_;
  if (requests_ == 0 || sent_ || !channel_) return;
  const ::linger hard{1, 0};
  ::setsockopt(channel_->fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void UpstreamConnection::failed(const char* why) {
  if (state_ == State::kOver) return;
  if (*failure_ == '\0') failure_ = why;
  const bool idle = state_ == State::kIdle;
  state_ = State::kOver;
  TimerWheel::clear(*this);
  io_.reset();
  if (idle) {
    pool_->idle_connection_over(*this);
    return;
  }
  if (writable_.waiting()) writable_.wake();
  changed_.wake();
}

void UpstreamConnection::connected() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(channel_->fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0)
    return failed(error == ECONNREFUSED ? "the upstream refused the connection" : "the upstream cannot be reached");
  state_ = State::kHandshaking;
}

void UpstreamConnection::on_io(IoReady ready) {
  channel_->socket().edge(ready);
  switch (state_) {
    case State::kOver:
      return;
    case State::kConnecting:
      if (!ready.writable) return;
      connected();
      if (state_ == State::kOver) return;
      [[fallthrough]];
    case State::kHandshaking:
      switch (channel_->handshake()) {
        case Io::kBlocked:
          return;
        case Io::kEnd:
        case Io::kBroken:
          return failed(tls_ == nullptr ? "the upstream broke the connection" : tls_->failure());
        case Io::kOk:
          state_ = State::kReady;
          TimerWheel::clear(*this);
          return changed_.wake();
      }
      return;
    case State::kIdle:
      // Nothing is expected: an end, garbage, or under TLS a ticket, which is read and kept.
      if (!ready.readable && !ready.closed) return;
      if (input_.fill(*channel_).io == Io::kBlocked) return input_.drop();
      return failed("closed while idle");
    case State::kReady:
      break;
  }
  if (ready.writable && channel_->queued() > 0) {
    const Io io = channel_->flush();
    if (io == Io::kBroken || io == Io::kEnd) {
      // The response may already be here (an early answer and a close): the reader finds out.
      if (writable_.waiting()) writable_.wake();
    } else if (io == Io::kOk && writable_.waiting()) {
      writable_.wake();
    }
  }
  if ((ready.readable || ready.closed) && state_ == State::kReady) changed_.wake();
}

void UpstreamConnection::expired() {
  timed_out_ = true;
  switch (state_) {
    case State::kConnecting:
      return failed("the upstream did not accept in time");
    case State::kHandshaking:
      return failed("the upstream's TLS handshake took too long");
    case State::kReady:
      return failed(answered_ ? "the upstream stopped in the middle" : "the upstream did not answer in time");
    case State::kIdle:
      return failed("idle long enough");
    case State::kOver:
      return;
  }
}

std::unique_ptr<ByteChannel> UpstreamConnection::take_channel() {
  state_ = State::kOver;
  io_.reset();
  tls_ = nullptr;
  return std::move(channel_);
}

// --- the request

void UpstreamConnection::send_head(std::string_view head, const Request& request) {
  ++requests_;
  to_head_ = request.to_head;
  upgrade_wanted_ = request.upgrade;
  chunked_ = request.body == http::Body::kChunked;
  sent_ = answered_ = body_ended_ = timed_out_ = false;
  interim_left_ = kInterimMax;
  chunks_.reset();
  write(head);
}

void UpstreamConnection::send_body(std::string_view bytes) {
  if (!chunked_) return write(bytes);
  char size[20];
  piece_.assign(size, http::write_chunk_size(bytes.size(), size));
  piece_.append(bytes).append("\r\n");
  write(piece_);
}

void UpstreamConnection::end_request(std::string_view trailers) {
  if (chunked_) {
    piece_.assign("0\r\n");
    piece_.append(trailers).append("\r\n");
    write(piece_);
    std::string().swap(piece_);
  }
  sent_ = true;
  loop_.timers().set(*this, timeouts_.response);
}

void UpstreamConnection::write(std::string_view bytes) {
  if (state_ != State::kReady) return;
  if (channel_->write(bytes) != Io::kBroken) return;
  channel_->socket().look_again();  // perhaps it has answered before it closed
  if (*failure_ == '\0') failure_ = "the upstream closed while it was written to";
}

void UpstreamConnection::expect_writable() { loop_.timers().set(*this, timeouts_.idle); }

void UpstreamConnection::stay_awake() {
  if (state_ == State::kReady) loop_.timers().set(*this, timeouts_.idle);
}

// --- the response

UpstreamExchange::HeadStep UpstreamConnection::read_head() {
  for (;;) {
    if (!input_.empty()) {
      input_.load();
      const auto length = http::parse_response_head(input_.view(), kResponseLimits, input_.head());
      if (!length) {
        bad_ = length.error().what;
        return HeadStep::kBad;
      }
      if (*length > 0) {
        input_.consume(*length);
        const http::Head& head = input_.head();
        if (head.status == 101 && upgrade_wanted_) {
          framing_ = {.body = http::Body::kUntilClose};
          body_ended_ = framing_.keep_alive = false;
          loop_.timers().set(*this, timeouts_.idle);
          return HeadStep::kHead;
        }
        if (head.status < 200) {
          if (head.status == 101 || --interim_left_ < 0) {
            bad_ = head.status == 101 ? "101 was not asked for" : "too many interim responses";
            return HeadStep::kBad;
          }
          continue;
        }
        const auto framing = http::response_framing(head, to_head_);
        if (!framing) {
          bad_ = framing.error().what;
          return HeadStep::kBad;
        }
        framing_ = *framing;
        body_left_ = framing_.length;
        body_ended_ = framing_.body == http::Body::kNone || (framing_.body == http::Body::kLength && body_left_ == 0);
        if (framing_.body == http::Body::kChunked) chunks_ = std::make_unique<http::ChunkedReader>();
        loop_.timers().set(*this, timeouts_.idle);
        return HeadStep::kHead;
      }
    }
    if (state_ == State::kOver) return HeadStep::kGone;
    const IoResult result = input_.fill(*channel_);
    switch (result.io) {
      case Io::kOk:
        answered_ = true;
        continue;
      case Io::kBlocked:
        if (input_.full()) {
          bad_ = "the response head is too large";
          return HeadStep::kBad;
        }
        if (channel_->socket().recheck()) continue;
        input_.rest();
        return HeadStep::kWait;
      case Io::kEnd:
      case Io::kBroken:
        if (*failure_ == '\0')
          failure_ = answered_ ? "the upstream ended in the middle of a head" : "the upstream closed without an answer";
        return HeadStep::kGone;
    }
  }
}

BodyPiece UpstreamConnection::read_body() {
  using Kind = BodyPiece::Kind;
  for (;;) {
    if (body_ended_) {
      TimerWheel::clear(*this);
      return {Kind::kEnd};
    }
    if (!input_.empty()) {
      input_.load();
      const std::string_view view = input_.view();
      if (chunks_) {
        const auto step = chunks_->read(view);
        if (!step) {
          bad_ = step.error().what;
          return {Kind::kBad};
        }
        input_.consume(step->consumed);
        body_ended_ = step->end;
        if (step->data.empty() && step->consumed > 0) continue;
        if (!step->data.empty()) {
          TimerWheel::clear(*this);
          return {Kind::kData, step->data};
        }
      } else {
        const bool counted = framing_.body == http::Body::kLength;
        const std::string_view data = counted ? view.substr(0, body_left_) : view;
        input_.consume(data.size());
        body_left_ -= counted ? data.size() : 0;
        body_ended_ = counted && body_left_ == 0;
        TimerWheel::clear(*this);
        return {Kind::kData, data};
      }
    }
    if (state_ == State::kOver) return {Kind::kGone};
    const IoResult result = input_.fill(*channel_);
    switch (result.io) {
      case Io::kOk:
        continue;
      case Io::kBlocked:
        if (channel_->socket().recheck()) continue;
        input_.rest();
        loop_.timers().set(*this, timeouts_.idle);
        return {Kind::kWait};
      case Io::kEnd:
        if (framing_.body == http::Body::kUntilClose) {
          body_ended_ = true;
          continue;
        }
        [[fallthrough]];
      case Io::kBroken:
        if (*failure_ == '\0') failure_ = "the upstream ended in the middle of a body";
        return {Kind::kGone};
    }
  }
}

UpstreamConnection* UpstreamConnection::reusable() {
  const bool good = state_ == State::kReady && sent_ && body_ended_ && framing_.keep_alive &&
                    framing_.body != http::Body::kUntilClose && input_.empty() && channel_->queued() == 0 &&
                    *failure_ == '\0' && requests_ > 0;
  return good ? this : nullptr;
}

// --- between requests

void UpstreamConnection::become_idle(Pool& pool, std::chrono::milliseconds keep) {
  pool_ = &pool;
  input_.drop();
  chunks_.reset();
  state_ = State::kIdle;
  TimerWheel::clear(*this);
  loop_.timers().set(*this, keep);
}

void UpstreamConnection::leave_idle() {
  pool_ = nullptr;
  channel_->socket().settle();
  state_ = State::kReady;
  TimerWheel::clear(*this);
}

}  // namespace sallyport::proxy
