#include "proxy/codec/http2_response.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "proxy/codec/reason.h"

namespace sallyport::http2 {
namespace {

using http::FieldId;

constexpr uint16_t kBadGateway = 502;
constexpr size_t kLineOverhead = 4;  // ": " and CRLF
constexpr size_t kKeptBytes = 4096;  // of the buffer, between two responses

// RFC 9113 s8.2.2.
constexpr uint64_t kConnectionSpecific = bit(FieldId::kConnection) | bit(FieldId::kKeepAlive) |
                                         bit(FieldId::kProxyConnection) | bit(FieldId::kTransferEncoding) |
                                         bit(FieldId::kUpgrade);

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

void ResponseFields::begin() {
  text_.clear();
  lines_.clear();
  counted_ = 0;
  status_ = 0;
  refusal_ = nullptr;
}

void ResponseFields::shrink() {
  if (text_.capacity() > kKeptBytes) std::string().swap(text_);
}

void ResponseFields::refuse(const char* what) {
  if (refusal_ == nullptr) refusal_ = what;
}

void ResponseFields::add(std::string_view name, std::string_view value) {
  if (refusal_ != nullptr) return;
  counted_ += name.size() + value.size() + kLineOverhead;
  if (counted_ >= proxy::kBlockBytes) return refuse("the response head is too large");
  if (name.starts_with(':')) {
    if (name != ":status") return refuse("unknown pseudo-field");
    return status(value);
  }
  if (!http::is_field_name(name)) return refuse("bad byte in a field name");
  if (std::ranges::any_of(name, is_upper)) return refuse("field name in upper case");  // s8.2
  if (!http::is_field_value(value)) return refuse("control byte in a field value");
  if (!value.empty() && (is_space(value.front()) || is_space(value.back())))
    return refuse("white space around a field value");  // s8.2.1
  const FieldId id = http::field_id(name);
  if (id != FieldId::kOther && (bit(id) & kConnectionSpecific) != 0) return refuse("field of the connection in HTTP/2");
  if (lines_.size() == http::kFieldsMax) return refuse("too many fields");
  lines_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                    static_cast<uint32_t>(value.size()), id});
  text_.append(name).append(value);
}

void ResponseFields::status(std::string_view value) {
  if (status_ != 0) return refuse("pseudo-field twice");
  if (!lines_.empty()) return refuse("pseudo-field after a field");
  const bool digits = std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
  if (value.size() != 3 || !digits || value[0] < '1' || value[0] > '5') return refuse("bad status code");
  status_ = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
}

std::expected<http::ResponseFraming, http::Refusal> ResponseFields::finish(proxy::Block& block, Stream::Follows follows,
                                                                           To to) {
  const auto refused = [](const char* what) { return std::unexpected(http::Refusal{kBadGateway, what}); };
  if (refusal_ != nullptr) return refused(refusal_);
  if (status_ == 0) return refused("response without a status");
  const bool ended = follows == Stream::Follows::kNothing;
  if (status_ < 200 && ended) return refused("interim response that ends the stream");

  char* const begin = block.bytes.data();
  std::memcpy(begin, text_.data(), text_.size());
  http::Head& head = block.head;
  head.method = head.target = {};
  head.reason = proxy::reason_phrase(status_);
  head.status = status_;
  head.minor = 1;
  head.count = 0;
  head.present = 0;
  for (const Line& line : lines_) {
    const std::string_view name(begin + line.at, line.name_bytes);
    std::construct_at(&head.storage[head.count++], name, std::string_view(name.data() + name.size(), line.value_bytes),
                      line.id);
    if (line.id != FieldId::kOther) head.present |= bit(line.id);
  }

  auto framing = http::response_framing(head, to == To::kHead);
  if (!framing) return framing;
  framing->keep_alive = true;
  const bool never = to == To::kHead || status_ < 200 || status_ == 204 || status_ == 304;
  if (never) return framing;
  if (ended) {
    if (framing->length > 0) return refused("Content-Length without a body");
    framing->body = http::Body::kLength;
  } else if (!head.has(FieldId::kContentLength)) {
    framing->body = http::Body::kChunked;
  } else {
    framing->body = http::Body::kLength;  // of 0, too: its end is still to come
  }
  return framing;
}

}  // namespace sallyport::http2
