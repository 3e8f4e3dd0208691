// Framing: what the parsed fields say about the body and the connection (RFC 9112 s6, s9), and nothing but
// one reading of it.
#include <optional>

#include "base/http/url.h"
#include "proxy/codec/http1_head.h"

namespace sallyport::http {
namespace {

std::unexpected<Refusal> refuse(uint16_t status, const char* what) { return std::unexpected(Refusal{status, what}); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls each(element) for the elements of a comma list, the empty ones too; false from it ends the walk.
template <class F>
void for_each_element(std::string_view list, F&& each) {
  for (;;) {
    const size_t comma = list.find(',');
    if (!each(trimmed(list.substr(0, comma))) || comma == list.npos) return;
    list.remove_prefix(comma + 1);
  }
}

constexpr size_t kLengthDigitsMax = 18;  // fits an int64_t whatever the digits are

std::optional<uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > kLengthDigitsMax || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

bool is_token(std::string_view text) {
  for (const char c : text) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alphanumeric && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

// A Transfer-Encoding other than "chunked": 501 when it is a list of codings we do not know (chunked last, or
// not there), 400 when it could be read in two ways (chunked twice, not last, with parameters, empty
// elements, foreign bytes).
Refusal refused_coding(std::string_view value) {
  Refusal out{501, "unknown transfer coding"};
  bool after_chunked = false;
  for_each_element(value, [&](std::string_view element) {
    const std::string_view name = trimmed(element.substr(0, element.find(';')));
    const bool chunked = iequals(name, "chunked");
    if (after_chunked || !is_token(name) || (chunked && name.size() != element.size()))
      out = {400, "bad Transfer-Encoding"};
    after_chunked = after_chunked || chunked;
    return out.status == 501;
  });
  return out;
}

struct Lengths {
  bool chunked = false;
  std::optional<uint64_t> length;
};

// Content-Length and Transfer-Encoding, which may never be in doubt (RFC 9112 s6.3, s11.2).
std::expected<Lengths, Refusal> read_lengths(const Head& head) {
  Lengths out;
  constexpr uint64_t kBoth = bit(FieldId::kContentLength) | bit(FieldId::kTransferEncoding);
  if ((head.present & kBoth) == 0) return out;
  if ((head.present & kBoth) == kBoth) return refuse(400, "Content-Length with Transfer-Encoding");
  for (const Field& field : head.fields()) {
    if (field.id == FieldId::kContentLength) {
      if (out.length) return refuse(400, "two Content-Length fields");
      out.length = parse_length(field.value);
      if (!out.length) return refuse(400, "bad Content-Length");
    } else if (field.id == FieldId::kTransferEncoding) {
      if (out.chunked) return refuse(400, "two Transfer-Encoding fields");
      if (head.minor == 0) return refuse(400, "Transfer-Encoding in HTTP/1.0");
      if (!iequals(field.value, "chunked")) return std::unexpected(refused_coding(field.value));
      out.chunked = true;
    }
  }
  return out;
}

struct Options {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};

std::expected<Options, Refusal> read_connection(const Head& head) {
  Options out;
  if (!head.has(FieldId::kConnection)) return out;
  size_t count = 0;
  for (const Field& field : head.fields()) {
    if (field.id != FieldId::kConnection) continue;
    for_each_element(field.value, [&](std::string_view option) {
      if (iequals(option, "close"))
        out.close = true;
      else if (iequals(option, "keep-alive"))
        out.keep_alive = true;
      else if (iequals(option, "upgrade"))
        out.upgrade = true;
      return ++count <= kConnectionOptionsMax;
    });
  }
  if (count > kConnectionOptionsMax) return refuse(400, "too many Connection options");
  return out;
}

bool lives_on(const Head& head, const Options& options) {  // RFC 9112 s9.3
  return !options.close && (head.minor == 1 || options.keep_alive);
}

std::expected<std::string_view, Refusal> read_host(const Head& head, std::string_view known) {
  const Field* host = nullptr;
  if (head.has(FieldId::kHost))
    for (const Field& field : head.fields()) {
      if (field.id != FieldId::kHost) continue;
      if (host != nullptr) return refuse(400, "two Host fields");
      host = &field;
    }
  if (host == nullptr) {
    if (head.minor == 1) return refuse(400, "no Host field");
    return std::string_view();
  }
  if (host->value.empty() && head.minor == 0) return host->value;
  if (is_authority_of(host->value, known)) return host->value;
  std::string scratch;
  if (!parse_authority(host->value, scratch)) return refuse(400, "bad Host");
  return host->value;
}

// The forms of RFC 9112 s3.2 that are taken, and the host they name.
std::expected<std::string_view, Refusal> check_target(const Head& head, std::string_view host) {
  if (iequals(head.method, "CONNECT")) return refuse(501, "CONNECT is not offered");
  if (head.target.starts_with('/')) return host;
  const Result<Target> target = parse_target(head.target);
  if (!target) return refuse(400, "bad request target");
  if (target->asterisk) {
    if (head.method != "OPTIONS") return refuse(400, "'*' is for OPTIONS");
    return host;
  }
  if (host.empty()) return target->authority;
  if (!iequals(target->authority, host)) return refuse(400, "Host is not the target's");
  return host;
}

}  // namespace

std::expected<RequestFraming, Refusal> request_framing(const Head& head, std::string_view known_host) {
  RequestFraming out;
  SALLYPORT_TRY(return, host, const std::string_view named, read_host(head, known_host));
  SALLYPORT_TRY(return, checked, out.host, check_target(head, named));
  SALLYPORT_TRY(return, lengths, const Lengths body, read_lengths(head));
  SALLYPORT_TRY(return, options, const Options connection, read_connection(head));
  if (body.chunked) {
    out.body = Body::kChunked;
  } else if (body.length.value_or(0) > 0) {
    out.body = Body::kLength;
    out.length = *body.length;
  }
  out.keep_alive = lives_on(head, connection);
  out.upgrade = connection.upgrade && head.minor == 1 && head.has(FieldId::kUpgrade);  // RFC 9110 s7.8
  if (head.has(FieldId::kExpect)) {
    for (const Field& field : head.fields())
      if (field.id == FieldId::kExpect && !iequals(field.value, "100-continue")) return refuse(417, "unknown Expect");
    out.expect_continue = head.minor == 1 && out.body != Body::kNone;  // RFC 9110 s10.1.1
  }
  return out;
}

std::expected<ResponseFraming, Refusal> response_framing(const Head& head, bool to_head) {
  constexpr uint16_t kBadGateway = 502;
  ResponseFraming out;
  const auto body = read_lengths(head);
  if (!body) return refuse(kBadGateway, body.error().what);
  const auto connection = read_connection(head);
  if (!connection) return refuse(kBadGateway, connection.error().what);
  out.keep_alive = lives_on(head, *connection);
  out.length = body->length.value_or(0);
  const bool never = head.status < 200 || head.status == 204;
  if (never || to_head || head.status == 304) {
    // RFC 9112 s6.3 rule 1. A 1xx or 204 that announces a body all the same may be followed by it: not used
    // again.
    if (never && (body->chunked || out.length > 0)) out.keep_alive = false;
    if (never) out.length = 0;
    return out;
  }
  if (body->chunked) {
    out.body = Body::kChunked;
  } else if (body->length) {
    out.body = out.length > 0 ? Body::kLength : Body::kNone;
  } else {
    out.body = Body::kUntilClose;
    out.keep_alive = false;
  }
  return out;
}

ConnectionOptions::ConnectionOptions(const Head& head) : head_(head) {
  if (!head.has(FieldId::kConnection)) return;
  for (const Field& field : head.fields())
    if (field.id == FieldId::kConnection && !iequals(field.value, "keep-alive") && !iequals(field.value, "close"))
      names_fields_ = true;
}

bool ConnectionOptions::hop_by_hop(const Field& field) const {
  constexpr uint64_t kAlways = bit(FieldId::kConnection) | bit(FieldId::kKeepAlive) | bit(FieldId::kProxyConnection) |
                               bit(FieldId::kTe) | bit(FieldId::kTrailer) | bit(FieldId::kTransferEncoding) |
                               bit(FieldId::kUpgrade) | bit(FieldId::kProxyAuthenticate) |
                               bit(FieldId::kProxyAuthorization);
  if ((kAlways & bit(field.id)) != 0) return true;
  if (!names_fields_) return false;
  bool named = false;
  for (const Field& connection : head_.fields()) {
    if (connection.id != FieldId::kConnection) continue;
    for_each_element(connection.value, [&](std::string_view option) {
      named = named || iequals(option, field.name);
      return !named;
    });
  }
  return named;
}

}  // namespace sallyport::http
