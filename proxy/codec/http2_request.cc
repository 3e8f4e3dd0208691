#include "proxy/codec/http2_request.h"

#include <cstring>
#include <memory>

#include "base/bytes.h"
#include "base/random.h"

namespace sallyport::http2 {
namespace {

using http::FieldId;

constexpr size_t kTrailerBytesMax = 8 * 1024;
constexpr size_t kLineOverhead = 4;     // ": " and CRLF
constexpr size_t kAddedBytesMax = 256;  // what finish() puts in by itself
constexpr size_t kKeptBytes = 4096;     // of the buffers, between two requests

std::unexpected<http::Refusal> refused(uint16_t status, const char* what) {
  return std::unexpected(http::Refusal{status, what});
}

// Connection-specific fields (s8.2.2): in HTTP/2 nobody may send them. TE is judged by its value.
bool connection_specific(FieldId id) {
  constexpr uint64_t kSpecific = bit(FieldId::kConnection) | bit(FieldId::kKeepAlive) | bit(FieldId::kProxyConnection) |
                                 bit(FieldId::kTransferEncoding) | bit(FieldId::kUpgrade);
  return id != FieldId::kOther && (bit(id) & kSpecific) != 0;
}

}  // namespace

void RequestFields::begin() {
  text_.clear();
  cookies_.clear();
  lines_.clear();
  for (Place& place : pseudos_) place = {};
  counted_ = fields_ = 0;
  refusal_ = {0, ""};
}

void RequestFields::shrink() {
  if (text_.capacity() > kKeptBytes) std::string().swap(text_);
  if (cookies_.capacity() > kKeptBytes) std::string().swap(cookies_);
}

void RequestFields::refuse(uint16_t status, const char* what) {
  if (refusal_.status == 0) refusal_ = {status, what};
}

void RequestFields::add(std::string_view name, std::string_view value, const http::HeadLimits& limits) {
  if (refusal_.status != 0) return;
  counted_ += name.size() + value.size() + kLineOverhead;
  if (counted_ > limits.head_bytes_max || counted_ + kAddedBytesMax > proxy::kBlockBytes)
    return refuse(431, "head is too long");
  if (name.starts_with(':')) {
    if (name == ":path" && value.size() > limits.target_bytes_max) return refuse(414, "request target is too long");
    return pseudo(name.substr(1), value);
  }
  if (!http::is_field_name(name)) return refuse(400, "bad byte in a field name");
  if (!http::is_field_value(value)) return refuse(400, "control byte in a field value");
  if (http::has_folded_byte(name)) {
    if (limits.underscores == http::Underscores::kRefuse) return refuse(400, "field name with another mark than '-'");
    if (limits.underscores == http::Underscores::kDrop) return;
  }
  const FieldId id = http::field_id(name);
  if (connection_specific(id)) return refuse(400, "field of the connection in HTTP/2");
  if (id == FieldId::kTe && value != "trailers") return refuse(400, "TE other than trailers in HTTP/2");
  if (id == FieldId::kCookie) {
    if (!cookies_.empty()) cookies_ += "; ";
    cookies_ += value;
    return;
  }
  if (++fields_ > limits.fields_max) return refuse(431, "too many fields");
  lines_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                    static_cast<uint32_t>(value.size()), id});
  text_.append(name).append(value);
}

void RequestFields::pseudo(std::string_view name, std::string_view value) {
  constexpr std::string_view kNames[kPseudos] = {"method", "scheme", "authority", "path", "protocol"};
  size_t which = 0;
  while (which < kPseudos && kNames[which] != name) ++which;
  if (which == kPseudos) return refuse(400, "unknown pseudo-field");
  if (pseudos_[which].there) return refuse(400, "pseudo-field twice");
  if (!lines_.empty() || !cookies_.empty()) return refuse(400, "pseudo-field after a field");
  if (which == kMethod && !http::is_method(value)) return refuse(400, "bad method");
  if (which != kMethod && !http::is_target(value)) return refuse(400, "bad byte in a pseudo-field");
  pseudos_[which] = {static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(value.size()), true};
  text_.append(value);
}

std::expected<http::RequestFraming, http::Refusal> RequestFields::finish(proxy::Block& block, Stream::Follows follows) {
  if (refusal_.status != 0) return std::unexpected(refusal_);
  char* const begin = block.bytes.data();
  std::memcpy(begin, text_.data(), text_.size());
  char* end = begin + text_.size();
  const auto put = [&](std::string_view text) {
    std::memcpy(end, text.data(), text.size());
    const std::string_view out(end, text.size());
    end += text.size();
    return out;
  };
  const auto view = [&](Pseudo which) { return std::string_view(begin + pseudos_[which].at, pseudos_[which].bytes); };

  http::Head& head = block.head;
  head.count = 0;
  head.present = 0;
  head.minor = 1;
  head.status = 0;
  head.reason = {};
  const auto field = [&](std::string_view name, std::string_view value, FieldId id) {
    std::construct_at(&head.storage[head.count++], name, value, id);
    if (id != FieldId::kOther) head.present |= bit(id);
  };
  static_assert(http::kFieldsMax >= 100 + 5);
  if (head.count + lines_.size() + 5 > http::kFieldsMax) return refused(431, "too many fields");

  head.method = view(kMethod);
  head.target = view(kPath);
  const bool connect = head.method == "CONNECT";
  if (pseudos_[kProtocol].there && (!connect || view(kProtocol) != "websocket"))
    return refused(501, "only WebSockets are connected to");
  if (connect && !pseudos_[kProtocol].there) return refused(501, "CONNECT is not offered");
  if (!pseudos_[kMethod].there || !pseudos_[kScheme].there || !pseudos_[kPath].there)
    return refused(400, "request without its pseudo-fields");
  if (view(kScheme) != "https" && view(kScheme) != "http") return refused(400, "unknown scheme");

  if (pseudos_[kAuthority].there) field("host", view(kAuthority), FieldId::kHost);
  for (const Line& line : lines_) {
    const std::string_view name(begin + line.at, line.name_bytes);
    const std::string_view value(name.data() + name.size(), line.value_bytes);
    if (line.id == FieldId::kHost && pseudos_[kAuthority].there) {
      if (!http::iequals(value, view(kAuthority))) return refused(400, "Host is not :authority");
      continue;
    }
    if (connect && line.id == FieldId::kSecWebSocketKey) continue;  // RFC 8441 s5: it is not used
    field(name, value, line.id);
  }
  if (!cookies_.empty()) field("cookie", put(cookies_), FieldId::kCookie);
  if (connect) {
    head.method = "GET";
    field("upgrade", "websocket", FieldId::kUpgrade);
    field("sec-websocket-key", put(base64_encode(random_bytes<16>())), FieldId::kSecWebSocketKey);
  }

  auto framing = http::request_framing(head);
  if (!framing) return framing;
  framing->keep_alive = true;
  framing->upgrade = framing->connect = connect;
  if (connect) {
    if (follows == Stream::Follows::kNothing) return refused(400, "a WebSocket that ends with its head");
    if (head.has(FieldId::kContentLength)) return refused(400, "a WebSocket's request has no length");
    return framing;
  }
  if (follows == Stream::Follows::kNothing) {
    framing->body = http::Body::kNone;
    framing->length = 0;
  } else if (!head.has(FieldId::kContentLength)) {
    framing->body = http::Body::kChunked;
  }
  framing->expect_continue = head.has(FieldId::kExpect) && framing->body != http::Body::kNone;
  return framing;
}

void TrailerFields::add(std::string_view name, std::string_view value) {
  good_ = good_ && http::is_field_name(name) && http::is_field_value(value) &&
          lines_.size() + name.size() + value.size() + kLineOverhead <= kTrailerBytesMax;
  if (good_) http::append_field_line(lines_, name, value);
}

}  // namespace sallyport::http2
