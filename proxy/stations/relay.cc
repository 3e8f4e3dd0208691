#include "proxy/stations/relay.h"

#include "proxy/lasting.h"
#include "proxy/stations/response_head.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

using http::FieldId;

// Trailers of a response: what is neither framing, routing nor the gateway's.
std::string allowed_trailers(std::string_view raw_lines) {
  std::string out;
  if (raw_lines.empty()) return out;
  const auto head = std::make_unique<http::Head>();
  std::string raw(raw_lines);
  raw.append("\r\n");
  http::HeadLimits limits;
  limits.underscores = http::Underscores::kKeep;  // nothing is decided by names of a response
  const auto length = http::parse_trailers(raw, limits, *head);
  if (!length || *length == 0) return out;
  for (const http::Field& field : head->fields())
    if (field.id == FieldId::kOther) http::append_field_line(out, field.name, field.value);
  return out;
}

void write_head(RequestContext& context, UpstreamExchange& upstream) {
  Exchange& exchange = context.exchange;
  const http::Head& head = upstream.head();
  const http::ResponseFraming& framing = upstream.framing();
  context.lasting = context.lasting || is_lasting(head);
  context.status = head.status;
  exchange.begin(head.status, head.reason);
  write_response_fields(exchange, head);
  switch (framing.body) {
    case http::Body::kNone:
      exchange.end_head(http::Body::kNone,
                        head.has(FieldId::kContentLength) && head.status != 204 ? framing.length : kNoLength);
      break;
    case http::Body::kLength:
      exchange.end_head(http::Body::kLength, framing.length);
      break;
    case http::Body::kChunked:
    case http::Body::kUntilClose:
      exchange.end_head(http::Body::kChunked, kNoLength);
      break;
  }
}

}  // namespace

Task<Result<void>> relay(RequestContext& context, Forwarded& forwarded) {
  Exchange& exchange = context.exchange;
  UpstreamExchange& upstream = *forwarded.upstream;
  write_head(context, upstream);
  for (;;) {
    const BodyPiece piece = upstream.read_body();
    switch (piece.kind) {
      case BodyPiece::Kind::kData:
        if (upstream.body_ended()) context.record(piece.data.size());
        exchange.data(piece.data);
        break;
      case BodyPiece::Kind::kWait: {
        exchange.flush();
        if (exchange.gone() || exchange.blocked()) break;
        auto change = upstream.changed().wait();
        co_await change;
        break;
      }
      case BodyPiece::Kind::kEnd: {
        context.record();
        exchange.finish(allowed_trailers(upstream.trailers()));
        if (exchange.blocked() && !exchange.gone()) {
          auto taken = exchange.writable_slot().wait();
          co_await taken;
        }
        if (exchange.gone()) co_return fail(Code::kUnavailable, Side::kClient, "the client has gone");
        co_return Result<void>{};
      }
      case BodyPiece::Kind::kBad:
      case BodyPiece::Kind::kGone: {
        const char* const why = piece.kind == BodyPiece::Kind::kBad ? upstream.bad() : upstream.failure();
        note_upstream_failure(context, upstream, why);
        exchange.flush();
        exchange.abort();
        co_return fail(piece.kind == BodyPiece::Kind::kBad ? Code::kMalformed
                       : upstream.timed_out()              ? Code::kTimeout
                                                           : Code::kUnavailable,
                       Side::kUpstream, "the upstream's answer broke off");
      }
    }
    if (exchange.gone()) co_return fail(Code::kUnavailable, Side::kClient, "the client has gone");
    while (exchange.blocked() && !exchange.gone()) {
      exchange.flush();
      auto taken = exchange.writable_slot().wait();
      co_await taken;
    }
  }
}

}  // namespace sallyport::proxy
