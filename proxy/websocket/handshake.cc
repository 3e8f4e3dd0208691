#include "proxy/websocket/handshake.h"

#include <optional>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/http/field.h"

namespace sallyport::websocket {
namespace {

using http::FieldId;

constexpr std::string_view kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeyBytes = 16;

// The value of a field that stands exactly once.
std::optional<std::string_view> only(const http::Head& head, FieldId id) {
  std::optional<std::string_view> out;
  if (!head.has(id)) return out;
  for (const http::Field& field : head.fields()) {
    if (field.id != id) continue;
    if (out) return std::nullopt;
    out = field.value;
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<void> check_request(const http::Head& head, const http::RequestFraming& framing) {
  const auto upgrade = only(head, FieldId::kUpgrade);
  if (!upgrade || !http::iequals(*upgrade, "websocket"))
    return fail(Code::kDenied, Side::kClient, "only WebSockets are upgraded to here");
  if (head.method != "GET") return malformed(Side::kClient, "a WebSocket is asked for with GET");
  if (framing.body != http::Body::kNone) return malformed(Side::kClient, "a WebSocket's request has no body");
  const auto version = only(head, FieldId::kSecWebSocketVersion);
  if (!version || *version != "13")
    return malformed(Side::kClient, "WebSockets of version 13 are served, and no others");
  const auto key = only(head, FieldId::kSecWebSocketKey);
  const auto bytes = key ? base64_decode(*key) : malformed(Side::kClient, "none");
  if (!bytes || bytes->size() != kKeyBytes)
    return malformed(Side::kClient, "Sec-WebSocket-Key is not 16 bytes in base64, once");
  return {};
}

std::string_view key_of(const http::Head& head) { return only(head, FieldId::kSecWebSocketKey).value_or(""); }

std::string accept_of(std::string_view key) {
  std::string text(key);
  text.append(kMagic);
  return base64_encode(sha1(as_bytes(text)));
}

Result<Agreement> read_answer(const http::Head& answer, std::string_view key, bool extensions_offered) {
  const auto upgrade = only(answer, FieldId::kUpgrade);
  if (!upgrade || !http::iequals(*upgrade, "websocket") || !answer.has(FieldId::kConnection))
    return malformed(Side::kUpstream, "the upstream switched to another protocol");
  if (only(answer, FieldId::kSecWebSocketAccept) != accept_of(key))
    return malformed(Side::kUpstream, "Sec-WebSocket-Accept does not answer the key");
  Agreement out;
  if (!answer.has(FieldId::kSecWebSocketExtensions)) return out;
  const auto extension = only(answer, FieldId::kSecWebSocketExtensions);
  if (!extension || !extensions_offered || extension->find(',') != extension->npos)
    return malformed(Side::kUpstream, "the upstream agrees on extensions that were not offered");
  const std::string_view name = trimmed(extension->substr(0, extension->find(';')));
  if (!http::iequals(name, "permessage-deflate"))
    return malformed(Side::kUpstream, "the upstream agrees on an extension that is not known here");
  out.compression = true;
  return out;
}

}  // namespace sallyport::websocket
