#include "proxy/error_reply.h"

#include "base/http/date.h"
#include "base/json_text.h"
#include "proxy/codec/reason.h"
#include "proxy/worker.h"
#include "sso/gate.h"

namespace sallyport::proxy {
namespace {

// What a client is told: nothing of upstreams, storage or ourselves beyond the kind of trouble.
const char* public_message(int status, const Error& error) {
  if (status == 500) return "something went wrong inside the gateway";
  if (status == 502) return "the service behind the gateway cannot be reached or gave no valid answer";
  if (status == 504) return "the service behind the gateway did not answer in time";
  if (status == 503) return "the gateway cannot take this request at the moment";
  return error.what;
}

const char* public_title(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Please sign in";
    case 403:
      return "Not allowed";
    case 404:
      return "Not found";
    case 408:
      return "Too slow";
    case 421:
      return "Wrong connection";
    case 429:
      return "Too many requests";
    case 502:
      return "Service unreachable";
    case 503:
      return "Temporarily unavailable";
    case 504:
      return "Service too slow";
    default:
      return "Something went wrong";
  }
}

// A program that lacks a factor is told what would do. There is no scheme to name in WWW-Authenticate: a person shows
// it.
struct Lacking {
  const char* error;
  std::string code;
};
std::optional<Lacking> lacking(const RequestContext& context) {
  if (context.decision.outcome != policy::Outcome::kStepUp || !context.identity) return std::nullopt;
  const bool has_one = context.identity->strength == policy::Strength::kMfa;
  const auto& within = context.decision.within;
  return Lacking{has_one ? "step_up_required" : "mfa_required",
                 within ? "within=" + std::to_string(within->count()) + "s" : "required"};
}

// Who is signed in, in words for their own browser alone: not for a program that has the token of somebody.
std::string_view reader_of(const RequestContext& context) {
  if (!context.identity || context.identity->means != policy::Means::kSession) return {};
  const policy::CompiledUser* const user = context.snapshot->user(context.identity->user);
  return user == nullptr ? std::string_view() : user->name;
}

}  // namespace

int status_of(const Error& error) {
  switch (error.code) {
    case Code::kMalformed:
      return error.side == Side::kClient ? 400 : error.side == Side::kUpstream ? 502 : 500;
    case Code::kUnauthenticated:
      return 401;
    case Code::kDenied:
      return error.side == Side::kClient ? 403 : error.side == Side::kUpstream ? 502 : 503;
    case Code::kNotFound:
      return error.side == Side::kClient ? 404 : error.side == Side::kUpstream ? 502 : 503;
    case Code::kMisdirected:
      return 421;
    case Code::kUnsupported:
      return 501;
    case Code::kTooLarge:
      return 413;
    case Code::kConflict:
      return 409;
    case Code::kLimit:
      return error.side == Side::kClient ? 429 : 503;
    case Code::kUnavailable:
      return error.side == Side::kUpstream ? 502 : 503;
    case Code::kTimeout:
      return error.side == Side::kClient ? 408 : 504;
    case Code::kInternal:
      return 500;
  }
  return 500;
}

void add_transport_security(Exchange& exchange) {
  if (exchange.connection().tls) exchange.field("Strict-Transport-Security", "max-age=31536000");
}

void add_own_fields(Exchange& exchange, WallMicros now) {
  exchange.field("Date", http::imf_date(now));
  add_transport_security(exchange);
}

void reply_error(RequestContext& context, const Error& error) {
  Exchange& exchange = context.exchange;
  if (*context.reason == '\0') context.reason = error.what;
  if (exchange.gone()) return;
  if (exchange.begun()) return exchange.abort();
  const int status = status_of(error);
  const char* const message = public_message(status, error);
  context.status = status;
  if (status == 400 || status == 501) exchange.close_after();
  const std::optional<Lacking> lacks = lacking(context);
  const bool may_try_again = status == 503 || status == 429;
  std::string body;
  if (context.page_load) {
    body = sso::error_page({.status = status,
                            .title = public_title(status),
                            .message = message,
                            .request_id = context.request_id,
                            .wait = may_try_again ? context.retry_after : std::chrono::seconds(0),
                            .user = reader_of(context),
                            .gate = context.worker.settings().gate_origin});
  } else {
    body = "{\"error\":\"";
    body += lacks ? std::string_view(lacks->error) : error_code(status);
    body += "\",\"message\":";
    append_json_string(body, message);
    body += ",\"details\":[";
    if (lacks) {
      body += "{\"path\":\"mfa\",\"message\":";
      append_json_string(body, message);
      body += ",\"code\":\"" + lacks->code + "\"}";
    }
    body += "],\"request_id\":\"";
    body += context.request_id.view();
    body += "\"}";
  }
  exchange.begin(status, {});
  if (context.page_load) {
    exchange.field("Content-Type", "text/html; charset=utf-8");
    for (const auto& [name, value] : sso::page_headers()) exchange.field(name, value);
  } else {
    exchange.field("Content-Type", "application/json");
    exchange.field("Cache-Control", "no-store");
  }
  if (status == 401 && !lacks) exchange.field("WWW-Authenticate", "Bearer");
  if (may_try_again) exchange.field("Retry-After", std::to_string(context.retry_after.count()));
  add_own_fields(exchange, context.worker.loop().wall());
  exchange.end_head(http::Body::kLength, body.size());
  context.record(body.size());
  exchange.data(body);
  exchange.finish({});
}

}  // namespace sallyport::proxy
