#include "proxy/stations/forward.h"

#include <algorithm>

#include "proxy/worker.h"

namespace sallyport::proxy {

// Sends the request's body, piece by piece as the upstream takes it. Runs beside the reading of the response; when it
// fails because of the client, it wakes the one that waits for the response.
class Upload final : private TaskOwner, private Deferred {
 public:
  enum class Outcome : uint8_t { kRunning, kSent, kBad, kGone, kUpstreamStopped };
  enum class Keep : uint8_t { kNothing, kBeginning };  // for an upstream that refuses what it has not looked at

  Upload(Exchange& exchange, Loop& loop, const RenderedCredential* rendered, Keep keep)
      : exchange_(exchange), loop_(loop), keeping_(keep == Keep::kBeginning) {
    if (rendered != nullptr) injected_ = rendered->names;
  }
  void start(UpstreamExchange& upstream) {
    upstream_ = &upstream;
    outcome_ = Outcome::kRunning;
    task_ = run();
    task_.start(this);
  }
  // Before its upstream goes; start() sends all of it again to another one, if can_repeat().
  void stop() { task_.cancel(); }
  bool can_repeat() const { return keeping_ && !client_failed(); }
  Outcome outcome() const { return outcome_; }
  bool client_failed() const { return outcome_ == Outcome::kBad || outcome_ == Outcome::kGone; }

 private:
  void task_done() noexcept override {
    if (client_failed()) loop_.defer(*this);
  }
  void run_deferred() override { upstream_->changed().wake(); }

  void remember(std::string_view data) {
    if (!keeping_) return;
    keeping_ = kept_.size() + data.size() <= kKeptBytesMax;
    if (keeping_)
      kept_.append(data);
    else
      std::string().swap(kept_);
  }

  // Trailer fields that are neither hop-by-hop, of a rebuilt namespace, nor named like what is injected; nor Proxy,
  // which an upstream that merges them into the head would hand to CGI.
  std::string allowed_trailers() const {
    std::string out;
    if (exchange_.request_trailers().empty()) return out;
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
    if (!kept_.empty()) upstream_->send_body(kept_);
    for (;;) {
      const BodyPiece piece = whole_ ? BodyPiece{BodyPiece::Kind::kEnd} : exchange_.read_body();
      switch (piece.kind) {
        case BodyPiece::Kind::kData:
          remember(piece.data);
          upstream_->send_body(piece.data);
          break;
        case BodyPiece::Kind::kWait: {
          auto more = exchange_.body_slot().wait();
          co_await more;
          break;
        }
        case BodyPiece::Kind::kEnd:
          whole_ = true;
          upstream_->end_request(allowed_trailers());
          outcome_ = Outcome::kSent;
          co_return;
        case BodyPiece::Kind::kBad:
          outcome_ = Outcome::kBad;
          co_return;
        case BodyPiece::Kind::kGone:
          outcome_ = Outcome::kGone;
          co_return;
      }
      while (upstream_->blocked() && !upstream_->lost()) {
        upstream_->expect_writable();
        auto room = upstream_->writable().wait();
        co_await room;
      }
      if (upstream_->lost()) {
        outcome_ = Outcome::kUpstreamStopped;
        co_return;
      }
    }
  }

  static constexpr size_t kKeptBytesMax = 16 * 1024;

  Exchange& exchange_;
  UpstreamExchange* upstream_ = nullptr;
  Loop& loop_;
  Outcome outcome_ = Outcome::kRunning;
  std::vector<std::string> injected_;
  std::string kept_;  // all of it so far, while that is little
  bool keeping_;
  bool whole_ = false;  // read to its end
  Task<void> task_;
};

Forwarded::Forwarded() = default;
Forwarded::Forwarded(Forwarded&&) noexcept = default;
Forwarded& Forwarded::operator=(Forwarded&&) noexcept = default;
Forwarded::~Forwarded() { upload.reset(); }

namespace {

constexpr int kRefusedMax = 3;  // times that a request is sent again to an upstream that did not look at it

// RFC 9110 s9.2.1: safe methods may be sent twice.
bool safe_to_repeat(std::string_view method, http::Body body) {
  return body == http::Body::kNone && (method == "GET" || method == "HEAD" || method == "OPTIONS");
}

// TE: trailers (RFC 9110 s10.1.4), alone or among codings.
bool takes_trailers(const http::Head& head) {
  if (!head.has(http::FieldId::kTe)) return false;
  for (const http::Field& field : head.fields()) {
    if (field.id != http::FieldId::kTe) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      std::string_view coding = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), coding.size() + 1));
      while (coding.starts_with(' ')) coding.remove_prefix(1);
      while (coding.ends_with(' ')) coding.remove_suffix(1);
      if (http::iequals(coding, "trailers")) return true;
    }
  }
  return false;
}

UpstreamExchange::Request request_of(const RequestContext& context, const RenderedCredential* rendered) {
  const http::Head& head = context.exchange.head();
  UpstreamExchange::Request out;
  out.body = context.exchange.framing().body;
  out.to_head = head.method == "HEAD";
  out.upgrade = !context.websocket_key.empty();
  out.takes_trailers = takes_trailers(head);
  if (rendered != nullptr) {
    out.secret_target = !rendered->query.empty();
    out.secret_names = rendered->names;
  }
  return out;
}

}  // namespace

void note_upstream_failure(const RequestContext& context, const UpstreamExchange& upstream, const char* why) {
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
  const UpstreamExchange::Request request = request_of(context, rendered);
  const Spoken spoken = request.upgrade ? Spoken::kHttp1 : Spoken::kAsConfigured;
  const bool may_refuse = context.resource->spec.upstream.http2 && !request.upgrade;
  const bool repeatable = safe_to_repeat(exchange.head().method, request.body) && !request.secret_target;

  Forwarded out;
  out.upstream = pools.take(pool, spoken);
  std::string
      kept;  // the request without the secret part, while it may have to be sent again or the connection is awaited
  size_t injected_at = 0;
  const bool at_once = static_cast<bool>(out.upstream);
  {
    std::string& head = worker.out();
    write_request_head(context, target, rendered, head, injected_at);
    exchange.release_head();
    if (!at_once || repeatable || (may_refuse && !request.secret_target)) kept = head;
    if (at_once) {
      if (rendered != nullptr) head.insert(injected_at, rendered->headers.reveal());
      out.upstream->send_head(head, request);
      worker.metrics().upstream_reused.add();
    }
    head.clear();
  }

  bool repeated = false;
  for (int refused = 0;;) {
    if (!out.upstream) {
      auto connecting = pools.connect(pool, spoken, std::string(context.request_id.view()));
      CO_TRY(out.upstream, co_await connecting);
      std::string head = kept;
      if (rendered != nullptr) head.insert(injected_at, rendered->headers.reveal());
      out.upstream->send_head(head, request);
      (out.upstream->reused() ? worker.metrics().upstream_reused : worker.metrics().upstream_connections).add();
      wipe(head);
    }
    UpstreamExchange& upstream = *out.upstream;
    if (request.body != http::Body::kNone) {
      using Keep = Upload::Keep;
      if (!out.upload)
        out.upload =
            std::make_unique<Upload>(exchange, worker.loop(), rendered, may_refuse ? Keep::kBeginning : Keep::kNothing);
      out.upload->start(upstream);
    } else {
      upstream.end_request({});
    }

    bool again = false;
    while (!again) {
      switch (upstream.read_head()) {
        case UpstreamExchange::HeadStep::kHead:
          co_return std::move(out);
        case UpstreamExchange::HeadStep::kWait: {
          auto change = upstream.changed().wait();
          co_await change;
          if (out.upload && out.upload->client_failed()) {
            if (out.upload->outcome() == Upload::Outcome::kBad)
              co_return fail(Code::kMalformed, Side::kClient, "the request's body is not framed rightly");
            co_return fail(Code::kTimeout, Side::kClient, "the request's body did not come in time");
          }
          break;
        }
        case UpstreamExchange::HeadStep::kBad:
          note_upstream_failure(context, upstream, upstream.bad());
          co_return fail(Code::kMalformed, Side::kUpstream, "the upstream's answer is not valid HTTP");
        case UpstreamExchange::HeadStep::kGone: {
          const bool stale =
              repeatable && !repeated && upstream.reused() && !upstream.answered() && !upstream.timed_out();
          const bool unseen = upstream.refused() && !request.secret_target && ++refused <= kRefusedMax &&
                              (!out.upload || out.upload->can_repeat());
          if (stale || unseen) {
            worker.metrics().upstream_retries.add();
            repeated = repeated || !unseen;
            again = true;
            break;
          }
          note_upstream_failure(context, upstream, upstream.failure());
          if (upstream.timed_out())
            co_return fail(Code::kTimeout, Side::kUpstream, "the upstream did not answer in time");
          co_return fail(Code::kUnavailable, Side::kUpstream, "the upstream gave no answer");
        }
      }
    }
    if (out.upload) out.upload->stop();
    out.upstream = {};
  }
}

}  // namespace sallyport::proxy
