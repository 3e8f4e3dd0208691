#include "proxy/codec/http2_request_lines.h"

#include <algorithm>

#include "base/http/field.h"

namespace sallyport::http2 {
namespace {

using http::FieldId;

constexpr size_t kAddedBytesMax = 128;  // names of pseudo-fields, scheme, te

constexpr uint64_t kLeftOut = bit(FieldId::kHost) | bit(FieldId::kConnection) | bit(FieldId::kKeepAlive) |
                              bit(FieldId::kProxyConnection) | bit(FieldId::kTransferEncoding) |
                              bit(FieldId::kUpgrade) | bit(FieldId::kTe) | bit(FieldId::kHttp2Settings);

std::string_view cut(std::string_view& text, std::string_view mark) {
  const std::string_view out = text.substr(0, text.find(mark));
  text.remove_prefix(std::min(text.size(), out.size() + mark.size()));
  return out;
}

// What is worth a guess: with an index, whoever can make requests on the same connection could try values and look at
// the lengths.
bool is_secret(std::string_view name, FieldId id, const RequestLineRules& rules) {
  if (id == FieldId::kAuthorization || id == FieldId::kCookie) return true;
  if (http::iequals(name, "X-Sallyport-Jwt-Assertion")) return true;
  return std::ranges::any_of(rules.secret_names, [&](const std::string& each) { return http::iequals(each, name); });
}

}  // namespace

void append_request_lines(std::string_view head, const RequestLineRules& rules, FieldBlock& out) {
  using Indexing = FieldBlock::Indexing;
  out.clear();
  out.reserve(head.size() + kAddedBytesMax);
  std::string_view line = cut(head, "\r\n");
  out.add(":method", cut(line, " "));
  out.add(":scheme", rules.scheme);
  const std::string_view target = cut(line, " ");
  std::string_view host = cut(head, "\r\n");
  cut(host, ": ");
  out.add(":authority", host);
  out.add(":path", target, rules.secret_target ? Indexing::kNever : Indexing::kAllowed);
  while (!head.empty()) {
    line = cut(head, "\r\n");
    if (line.empty()) break;
    const std::string_view name = cut(line, ": ");
    const FieldId id = http::field_id(name);
    if (id != FieldId::kOther && (bit(id) & kLeftOut) != 0) continue;
    while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);  // s8.2.1: of an injected value
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    out.add(name, line, is_secret(name, id, rules) ? Indexing::kNever : Indexing::kAllowed);
  }
  if (rules.takes_trailers) out.add("te", "trailers");
}

}  // namespace sallyport::http2
