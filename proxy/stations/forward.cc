#include "proxy/stations/forward.h"

#include <algorithm>

#include "proxy/worker.h"

namespace sallyport::proxy {

// Sends the request's body, piece by piece as the upstream takes it. Runs beside the reading of the response; when it
// fails because of the client, it wakes the one that waits for the response.
class Upload final : private TaskOwner, private Deferred {
 public:
  enum class Outcome : uint8_t { kRunning, kSent, kBad, kGone, kUpstreamStopped };

  Upload(Exchange& exchange, UpstreamConnection& upstream, Loop& loop, const RenderedCredential* rendered)
      : exchange_(exchange), upstream_(upstream), loop_(loop) {
    if (rendered != nullptr) injected_ = rendered->names;
  }
  void start() {
    task_ = run();
    task_.start(this);
  }
  Outcome outcome() const { return outcome_; }
  bool client_failed() const { return outcome_ == Outcome::kBad || outcome_ == Outcome::kGone; }

 private:
  void task_done() noexcept override {
    if (client_failed()) loop_.defer(*this);
  }
  void run_deferred() override { upstream_.changed().wake(); }

  bool upstream_lost() const {
    return upstream_.state() != UpstreamConnection::State::kReady || *upstream_.failure() != '\0';
  }

  void send(std::string_view data, bool chunked) {
    if (!chunked) return upstream_.write(data);
    char size[20];
    const size_t length = http::write_chunk_size(data.size(), size);
    piece_.assign(size, length);
    piece_.append(data).append("\r\n");
    upstream_.write(piece_);
  }

  // Trailer fields that are neither hop-by-hop, of a rebuilt namespace, nor named like what is injected; nor Proxy,
  // which an upstream that merges them into the head would hand to CGI.
  std::string allowed_trailers() const {
    std::string out;
    const auto head = std::make_unique<http::Head>();
    std::string raw(exchange_.request_trailers());
    raw.append("\r\n");
    const auto length = http::parse_trailers(raw, {}, *head);
    if (!length || *length == 0) return out;
    const auto injected = [&](const http::Field& field) {
      return std::ranges::any_of(injected_, [&](const auto& name) { return same_for_upstreams(name, field.name); });
    };
    for (const http::Field& field : head->fields())
      if (field.id == http::FieldId::kOther && !http::iequals(field.name, "Proxy") && !injected(field))
        http::append_field_line(out, field.name, field.value);
    return out;
  }

  Task<void> run() {
    const bool chunked = exchange_.framing().body == http::Body::kChunked;
    for (;;) {
      const BodyPiece piece = exchange_.read_body();
      switch (piece.kind) {
        case BodyPiece::Kind::kData:
          send(piece.data, chunked);
          break;
        case BodyPiece::Kind::kWait: {
          auto more = exchange_.body_slot().wait();
          co_await more;
          break;
        }
        case BodyPiece::Kind::kEnd:
          if (chunked) {
            piece_.assign("0\r\n");
            piece_.append(allowed_trailers()).append("\r\n");
            upstream_.write(piece_);
          }
          upstream_.request_sent();
          outcome_ = Outcome::kSent;
          co_return;
        case BodyPiece::Kind::kBad:
          outcome_ = Outcome::kBad;
          co_return;
        case BodyPiece::Kind::kGone:
          outcome_ = Outcome::kGone;
          co_return;
      }
      while (upstream_.blocked() && !upstream_lost()) {
        upstream_.expect_writable();
        auto room = upstream_.writable().wait();
        co_await room;
      }
      if (upstream_lost()) {
        outcome_ = Outcome::kUpstreamStopped;
        co_return;
      }
    }
  }

  Exchange& exchange_;
  UpstreamConnection& upstream_;
  Loop& loop_;
  Outcome outcome_ = Outcome::kRunning;
  std::vector<std::string> injected_;
  std::string piece_;
  Task<void> task_;
};

Forwarded::Forwarded() = default;
Forwarded::Forwarded(Forwarded&&) noexcept = default;
Forwarded& Forwarded::operator=(Forwarded&&) noexcept = default;
Forwarded::~Forwarded() { upload.reset(); }

namespace {

// RFC 9110 s9.2.1: safe methods may be sent twice.
bool safe_to_repeat(std::string_view method, http::Body body) {
  return body == http::Body::kNone && (method == "GET" || method == "HEAD" || method == "OPTIONS");
}

}  // namespace

void note_upstream_failure(const RequestContext& context, const UpstreamConnection& upstream, const char* why) {
  context.worker.metrics().upstream_failures.add();
  context.worker.parts().log.warning("upstream_failed", {{"resource", context.resource->name},
                                                         {"address", upstream.endpoint().to_string()},
                                                         {"reason", why},
                                                         {"request_id", context.request_id.view()}});
}

Task<Result<Forwarded>> forward(RequestContext& context, UpstreamTarget target, const RenderedCredential* rendered) {
  Worker& worker = context.worker;
  Exchange& exchange = context.exchange;
  UpstreamPools& pools = worker.upstreams();
  UpstreamPool& pool = pools.pool_of(*context.resource);
  const bool to_head = exchange.head().method == "HEAD";
  const bool upgrade = !context.websocket_key.empty();
  const bool with_body = exchange.framing().body != http::Body::kNone;
  const bool repeatable = safe_to_repeat(exchange.head().method, exchange.framing().body) &&
                          (rendered == nullptr || rendered->query.empty());

  Forwarded out;
  out.upstream = pools.take(pool);
  std::string
      kept;  // the request without the secret part, while it may have to be sent again or the connection is awaited
  size_t injected_at = 0;
  const bool at_once = static_cast<bool>(out.upstream);
  {
    std::string& head = worker.out();
    write_request_head(context, target, rendered, head, injected_at);
    exchange.release_head();
    if (!at_once || repeatable) kept = head;
    if (at_once) {
      if (rendered != nullptr) head.insert(injected_at, rendered->headers.reveal());
      out.upstream->begin_request(to_head);
      if (upgrade) out.upstream->expect_upgrade();
      out.upstream->write(head);
      worker.metrics().upstream_reused.add();
    }
    head.clear();
  }

  for (bool repeated = false;; repeated = true) {
    if (!out.upstream) {
      auto connecting = pools.connect(pool, std::string(context.request_id.view()));
      CO_TRY(out.upstream, co_await connecting);
      worker.metrics().upstream_connections.add();
      std::string head = kept;
      if (rendered != nullptr) head.insert(injected_at, rendered->headers.reveal());
      out.upstream->begin_request(to_head);
      if (upgrade) out.upstream->expect_upgrade();
      out.upstream->write(head);
      wipe(head);
    }
    UpstreamConnection& upstream = *out.upstream;
    if (with_body) {
      out.upload = std::make_unique<Upload>(exchange, upstream, worker.loop(), rendered);
      out.upload->start();
    } else {
      upstream.request_sent();
    }

    bool again = false;
    while (!again) {
      switch (upstream.read_head()) {
        case UpstreamConnection::HeadStep::kHead:
          co_return std::move(out);
        case UpstreamConnection::HeadStep::kWait: {
          auto change = upstream.changed().wait();
          co_await change;
          if (out.upload && out.upload->client_failed()) {
            if (out.upload->outcome() == Upload::Outcome::kBad)
              co_return fail(Code::kMalformed, Side::kClient, "the request's body is not framed rightly");
            co_return fail(Code::kTimeout, Side::kClient, "the request's body did not come in time");
          }
          break;
        }
        case UpstreamConnection::HeadStep::kBad:
          note_upstream_failure(context, upstream, upstream.bad());
          co_return fail(Code::kMalformed, Side::kUpstream, "the upstream's answer is not valid HTTP");
        case UpstreamConnection::HeadStep::kGone:
          if (repeatable && !repeated && upstream.reused() && !upstream.answered() && !upstream.timed_out()) {
            worker.metrics().upstream_retries.add();
            again = true;
            break;
          }
          note_upstream_failure(context, upstream, upstream.failure());
          if (upstream.timed_out())
            co_return fail(Code::kTimeout, Side::kUpstream, "the upstream did not answer in time");
          co_return fail(Code::kUnavailable, Side::kUpstream, "the upstream gave no answer");
      }
    }
    out.upload.reset();
    out.upstream = {};
  }
}

}  // namespace sallyport::proxy
