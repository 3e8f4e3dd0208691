// Promises that requests, answers and trailers share.
#pragma once

#include <algorithm>
#include <string>

#include "proxy/codec/http1_head.h"
#include "tests/fuzz/require.h"

using sallyport::http::Field;
using sallyport::http::FieldId;
using sallyport::http::Head;
using sallyport::http::HeadLimits;
using sallyport::http::Refusal;

using Parse = std::expected<size_t, Refusal> (*)(std::string_view, const HeadLimits&, Head&);

inline bool same_field(const Field& a, const Field& b) {
  return a.name == b.name && a.value == b.value && a.id == b.id;
}
inline bool same_head(const Head& a, const Head& b) {
  return a.method == b.method && a.target == b.target && a.reason == b.reason && a.status == b.status &&
         a.minor == b.minor && a.present == b.present && std::ranges::equal(a.fields(), b.fields(), same_field);
}

inline std::string written(const Head& head) {
  std::string out;
  for (const Field& field : head.fields()) out.append(field.name).append(": ").append(field.value).append("\r\n");
  return out + "\r\n";
}

// A prefix is undecided, or has the verdict of the whole; once decided it stays so.
inline void require_steady(Parse parse, std::string_view input, const HeadLimits& limits) {
  Head head;
  const auto whole = parse(input, limits, head);
  const size_t step = std::max<size_t>(1, input.size() / 64);
  bool decided = false;
  for (size_t n = 0; n < input.size(); n += step) {
    const auto part = parse(input.substr(0, n), limits, head);
    const bool undecided = part && *part == 0;
    require(!(decided && undecided));
    if (undecided) continue;
    decided = true;
    require(part.has_value() == whole.has_value());
    if (part)
      require(*part == *whole && *part <= n);
    else
      require(part.error().status == whole.error().status && part.error().what == whole.error().what);
  }
}

// No byte in a name or value could end a line or a name somewhere else.
inline void require_clean(const Head& head, const HeadLimits& limits) {
  require(head.count <= limits.fields_max);
  uint64_t present = 0;
  for (const Field& field : head.fields()) {
    require(!field.name.empty());
    for (const char c : field.name) require(c > 0x20 && c < 0x7f && c != ':' && c != ',' && c != ';');
    for (const char c : field.value) require(static_cast<uint8_t>(c) >= 0x20 ? c != 0x7f : c == '\t');
    require(field.value.empty() || (field.value.front() > ' ' || static_cast<uint8_t>(field.value.front()) >= 0x80));
    require(field.value.empty() || (field.value.back() > ' ' || static_cast<uint8_t>(field.value.back()) >= 0x80));
    if (limits.underscores == sallyport::http::Underscores::kDrop)
      require(field.name.find_first_of("!#$%&'*+.^_`|~") == field.name.npos);
    if (field.id != FieldId::kOther) present |= bit(field.id);
  }
  require(present == head.present);
}

// How often a naive reader, going by lines alone, sees this name in the bytes of the head.
inline size_t naive_count(std::string_view head, std::string_view name) {
  size_t count = 0;
  for (size_t at = 0; at < head.size();) {
    size_t end = head.find('\n', at);
    if (end == head.npos) end = head.size();
    const std::string_view line = head.substr(at, end - at);
    if (sallyport::http::iequals(line.substr(0, line.find(':')), name)) ++count;
    at = end + 1;
  }
  return count;
}
