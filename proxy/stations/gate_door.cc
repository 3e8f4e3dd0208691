#include "proxy/stations/gate_door.h"

#include <algorithm>

#include "proxy/error_reply.h"
#include "proxy/worker.h"
#include "sso/gate.h"

namespace sallyport::proxy {
namespace {

using http::FieldId;

std::string text_of(const http::Head& head, FieldId id) {
  const http::Field* const field = head.find(id);
  return field == nullptr ? std::string() : std::string(field->value);
}

// All Cookie fields as one (RFC 9113 s8.2.3 does the same).
std::string cookies_of(const http::Head& head) {
  std::string out;
  for (const http::Field& field : head.fields()) {
    if (field.id != FieldId::kCookie) continue;
    if (!out.empty()) out.append("; ");
    out.append(field.value);
  }
  return out;
}

sso::GateRequest values_of(const RequestContext& context, std::string path, std::string query) {
  const http::Head& head = context.exchange.head();
  sso::GateRequest out;
  out.method = head.method;
  out.host = context.host.view();
  out.path = std::move(path);
  out.query = std::move(query);
  out.cookie = cookies_of(head);
  out.origin = text_of(head, FieldId::kOrigin);
  out.sec_fetch_site = text_of(head, FieldId::kSecFetchSite);
  out.sec_fetch_mode = text_of(head, FieldId::kSecFetchMode);
  out.accept = text_of(head, FieldId::kAccept);
  out.content_type = text_of(head, FieldId::kContentType);
  out.user_agent = text_of(head, FieldId::kUserAgent);
  out.sallyport_request = text_of(head, FieldId::kXSallyportRequest) == "1";
  if (context.decision.outcome == policy::Outcome::kStepUp)
    out.factor_after = context.decision.within ? context.at - *context.decision.within : WallMicros{};
  out.by_token = context.identity && context.identity->means == policy::Means::kToken;
  out.api_token = out.by_token && context.identity->scope != nullptr && context.identity->scope->api;
  out.client = context.client;
  out.certificate = context.certificate;
  out.request_id = context.request_id.view();
  out.snapshot = context.snapshot;
  out.assertion_keys = context.worker.assertions().keys();
  return out;
}

// The whole body in secret memory: it may be a password.
Task<Result<SecretBytes>> read_whole_body(Exchange& exchange) {
  SecretBytes room;
  size_t used = 0;
  for (;;) {
    const BodyPiece piece = exchange.read_body();
    switch (piece.kind) {
      case BodyPiece::Kind::kData: {
        if (used + piece.data.size() > sso::kGateBodyBytesMax)
          co_return fail(Code::kTooLarge, Side::kClient, "the request's body is too large");
        if (used + piece.data.size() > room.size()) {
          const size_t wanted = std::min(sso::kGateBodyBytesMax, std::max<size_t>(2 * (used + piece.data.size()), 512));
          CO_TRY(SecretBytes grown, SecretBytes::of_size(wanted));
          std::ranges::copy(room.view().first(used), grown.span().begin());
          room = std::move(grown);
        }
        std::ranges::copy(as_bytes(piece.data), room.span().begin() + static_cast<ptrdiff_t>(used));
        used += piece.data.size();
        break;
      }
      case BodyPiece::Kind::kWait: {
        auto more = exchange.body_slot().wait();
        co_await more;
        break;
      }
      case BodyPiece::Kind::kEnd:
        room.shrink(used);
        co_return std::move(room);
      case BodyPiece::Kind::kBad:
        co_return fail(Code::kMalformed, Side::kClient, "the request's body is not framed rightly");
      case BodyPiece::Kind::kGone:
        co_return fail(Code::kTimeout, Side::kClient, "the request's body did not come in time");
    }
  }
}

Task<Result<std::string>> read_whole_message(Exchange& exchange) {
  std::string out;
  for (;;) {
    const BodyPiece piece = exchange.read_body();
    switch (piece.kind) {
      case BodyPiece::Kind::kData:
        if (out.size() + piece.data.size() > sso::kMessageBytesMax)
          co_return fail(Code::kTooLarge, Side::kClient, "the request's body is too large");
        out.append(piece.data);
        break;
      case BodyPiece::Kind::kWait: {
        auto more = exchange.body_slot().wait();
        co_await more;
        break;
      }
      case BodyPiece::Kind::kEnd:
        co_return std::move(out);
      case BodyPiece::Kind::kBad:
        co_return fail(Code::kMalformed, Side::kClient, "the request's body is not framed rightly");
      case BodyPiece::Kind::kGone:
        co_return fail(Code::kTimeout, Side::kClient, "the request's body did not come in time");
    }
  }
}

void write_reply(RequestContext& context, const sso::GateReply& reply) {
  Exchange& exchange = context.exchange;
  context.status = reply.status;
  context.about = reply.user;
  if (*reply.reason != '\0') context.reason = reply.reason;
  exchange.begin(reply.status, {});
  for (const auto& [name, value] : reply.headers) exchange.field(name, value);
  add_own_fields(exchange, context.worker.loop().wall());
  const bool empty = reply.status == 204 || reply.status == 304;
  exchange.end_head(empty ? http::Body::kNone : http::Body::kLength, empty ? kNoLength : reply.body.size());
  context.record(reply.body.size());
  exchange.data(reply.body);
  exchange.finish({});
}

// It may show a token, this once.
struct WipedReply {
  sso::GateReply value;
  explicit WipedReply(sso::GateReply reply) : value(std::move(reply)) {}
  WipedReply(const WipedReply&) = delete;
  WipedReply& operator=(const WipedReply&) = delete;
  ~WipedReply() { wipe(value.body); }
};

}  // namespace

Task<Result<void>> ask_gate(RequestContext& context, GateAsk ask, std::string path, std::string query) {
  Exchange& exchange = context.exchange;
  sso::GateRequest request = values_of(context, std::move(path), std::move(query));
  exchange.release_head();
  const bool at_gate = request.host == context.worker.gate_host();
  if (ask == GateAsk::kHandle && at_gate && sso::takes_message(request.path)) {
    auto reading = read_whole_message(exchange);
    CO_TRY(request.message, co_await reading);
  } else if (ask == GateAsk::kHandle) {
    auto reading = read_whole_body(exchange);
    CO_TRY(request.body, co_await reading);
  }
  context.outcome = "gate";
  sso::Gate& gate = context.worker.parts().gate;
  Loop& home = context.worker.loop();
  auto asking =
      ask == GateAsk::kHandle ? gate.handle(home, std::move(request)) : gate.begin_sign_in(home, std::move(request));
  const WipedReply reply{co_await asking};
  write_reply(context, reply.value);
  if (exchange.blocked() && !exchange.gone()) {
    auto taken = exchange.writable_slot().wait();
    co_await taken;
  }
  co_return Result<void>{};
}

}  // namespace sallyport::proxy
