#include "proxy/codec/http1_head.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace sallyport::http {
namespace {

using Verdict = std::expected<size_t, Refusal>;

constexpr size_t kMethodBytesMax = 32;
constexpr size_t kIncomplete = 0;

std::unexpected<Refusal> refuse(uint16_t status, const char* what) { return std::unexpected(Refusal{status, what}); }

enum : uint8_t {
  kToken = 1,       // RFC 9110 s5.6.2
  kTargetByte = 2,  // visible ASCII
  kValueByte = 4,   // RFC 9110 s5.5: visible ASCII, obs-text, SP, HTAB
  kFoldedByte = 8,  // of a name, neither letter, digit nor '-': what CGI and its kin take for '-'
};
constexpr auto kClass = [] {
  std::array<uint8_t, 256> out{};
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  for (int c = 0; c < 256; ++c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    uint8_t bits = 0;
    const bool mark = c != 0 && kMarks.find(static_cast<char>(c)) != kMarks.npos;
    if (alphanumeric || mark) bits |= kToken;
    if (c > 0x20 && c < 0x7f) bits |= kTargetByte;
    if ((c >= 0x20 && c != 0x7f) || c == '\t') bits |= kValueByte;
    if (mark && c != '-') bits |= kFoldedByte;
    out[static_cast<size_t>(c)] = bits;
  }
  return out;
}();
bool is(uint8_t kinds, char c) { return (kClass[static_cast<uint8_t>(c)] & kinds) != 0; }

// The scans below return the first byte outside a class, or `end`; sixteen bytes a step while there are
// sixteen.
__m128i load(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
__m128i at_most(__m128i v, char limit) { return _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(limit)), v); }

// `mask` has a bit for each byte outside; moves on by whole steps until there is one.
template <class Outside>
const char* scan(const char* p, const char* end, uint8_t kind, Outside outside) {
  while (end - p >= 16) {
    const int mask = _mm_movemask_epi8(outside(load(p)));
    if (mask != 0) return p + __builtin_ctz(static_cast<unsigned>(mask));
    p += 16;
  }
  while (p < end && is(kind, *p)) ++p;
  return p;
}

const char* scan_value(const char* p, const char* end) {
  return scan(p, end, kValueByte, [](__m128i v) {
    const __m128i control = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\t')), at_most(v, 0x1f));
    return _mm_or_si128(control, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
  });
}

const char* scan_target(const char* p, const char* end) {
  return scan(p, end, kTargetByte, [](__m128i v) {  // signed compares: 0x80 and above count as below zero
    return _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x21)), _mm_cmpgt_epi8(v, _mm_set1_epi8(0x7e)));
  });
}

// A name: letters, digits and '-' in wide steps; the rarer token bytes one at a time, and noted.
const char* scan_name(const char* p, const char* end, bool& folded) {
  while (end - p >= 16) {
    const __m128i v = load(p);
    const __m128i letter = at_most(_mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a')), 'z' - 'a');
    const __m128i digit = at_most(_mm_sub_epi8(v, _mm_set1_epi8('0')), 9);
    const __m128i common = _mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
    const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(common)) ^ 0xffffu;
    if (mask == 0) {
      p += 16;
      continue;
    }
    p += __builtin_ctz(mask);
    if (!is(kToken, *p)) return p;
    folded = folded || is(kFoldedByte, *p);
    ++p;
  }
  for (; p < end && is(kToken, *p); ++p) folded = folded || is(kFoldedByte, *p);
  return p;
}

std::unexpected<Refusal> bad_name(const char* p, const char* line) {
  if (p == line && (*p == ' ' || *p == '\t')) return refuse(400, "folded field line");
  if (*p == ' ' || *p == '\t') return refuse(400, "white space before the colon");
  if (*p == '\n') return refuse(400, "bare LF");
  return refuse(400, p == line ? "field line without a name" : "bad byte in a field name");
}

std::unexpected<Refusal> bad_value(char byte) {
  return refuse(400, byte == '\n' ? "bare LF" : "control byte in a field value");
}

// Field lines up to and with the empty one. `begin` is where the head begins, for the length that is
// returned.
Verdict parse_fields(const char* begin, const char* p, const char* const end, const HeadLimits& limits, Head& out) {
  const size_t lines_max = std::min(limits.fields_max, kFieldsMax);
  size_t lines = 0;
  for (;;) {
    if (p == end) return kIncomplete;
    if (*p == '\r') {
      if (end - p < 2) return kIncomplete;
      if (p[1] != '\n') return refuse(400, "bare CR");
      return static_cast<size_t>(p + 2 - begin);
    }
    if (lines++ == lines_max) return refuse(431, "too many fields");
    const char* const line = p;
    bool folded = false;
    p = scan_name(p, end, folded);
    if (p == end) return kIncomplete;
    if (*p != ':' || p == line) return bad_name(p, line);
    const std::string_view name(line, static_cast<size_t>(p - line));
    if (folded && limits.underscores == Underscores::kRefuse)
      return refuse(400, "field name with another mark than '-'");
    ++p;
    while (p < end && (*p == ' ' || *p == '\t')) ++p;
    const char* const value = p;
    p = scan_value(p, end);
    if (p == end) return kIncomplete;
    if (*p != '\r') return bad_value(*p);
    if (end - p < 2) return kIncomplete;
    if (p[1] != '\n') return refuse(400, "bare CR");
    const char* last = p;
    while (last > value && (last[-1] == ' ' || last[-1] == '\t')) --last;
    p += 2;
    if (folded && limits.underscores == Underscores::kDrop) continue;
    const FieldId id = field_id(name);
    std::construct_at(&out.storage[out.count++], name, std::string_view(value, static_cast<size_t>(last - value)), id);
    if (id != FieldId::kOther) out.present |= bit(id);
  }
}

// "HTTP/1.x" at `p`, followed by `after`: 0, or where the reader stands behind it. 505 when it is another
// version.
Verdict parse_version(const char* p, const char* end, std::string_view after, Head& out) {
  constexpr std::string_view kPattern = "HTTP/d.d";  // d: a digit
  const size_t length = kPattern.size() + after.size();
  for (size_t i = 0; i < length; ++i) {
    if (p + i == end) return kIncomplete;
    const char want = i < kPattern.size() ? kPattern[i] : after[i - kPattern.size()];
    const bool good = want == 'd' ? p[i] >= '0' && p[i] <= '9' : p[i] == want;
    if (!good) return refuse(400, p[i] == '\n' ? "bare LF" : "bad HTTP version");
  }
  if (p[5] != '1' || p[7] > '1') return refuse(505, "HTTP version is neither 1.1 nor 1.0");
  out.minor = p[7] - '0';
  return length;
}

void clear(Head& out) {
  out.method = out.target = out.reason = {};
  out.status = 0;
  out.minor = 1;
  out.count = 0;
  out.present = 0;
}

Verdict request_within(std::string_view input, const HeadLimits& limits, Head& out) {
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  const char* p = begin;
  while (p < end && is(kToken, *p)) ++p;
  if (p - begin > static_cast<ptrdiff_t>(kMethodBytesMax)) return refuse(501, "method is too long");
  if (p == end) return kIncomplete;
  if (*p != ' ' || p == begin) return refuse(400, "bad method");
  out.method = {begin, static_cast<size_t>(p - begin)};
  const char* const target = ++p;
  p = scan_target(p, end);
  if (static_cast<size_t>(p - target) > limits.target_bytes_max) return refuse(414, "request target is too long");
  if (p == end) return kIncomplete;
  if (*p == '\r' && p > target) {
    if (end - p < 2) return kIncomplete;
    return p[1] == '\n' ? refuse(505, "request line without a version") : refuse(400, "bare CR");
  }
  if (*p != ' ' || p == target) return refuse(400, "bad request target");
  out.target = {target, static_cast<size_t>(p - target)};
  ++p;
  const Verdict version = parse_version(p, end, "\r\n", out);
  if (!version || *version == kIncomplete) return version;
  return parse_fields(begin, p + *version, end, limits, out);
}

Verdict response_within(std::string_view input, const HeadLimits& limits, Head& out) {
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  const Verdict version = parse_version(begin, end, " ", out);
  if (!version || *version == kIncomplete) return version;
  const char* p = begin + *version;
  for (int i = 0; i < 3; ++i, ++p) {
    if (p == end) return kIncomplete;
    if (*p < '0' || *p > '9') return refuse(400, "bad status code");
    out.status = out.status * 10 + (*p - '0');
  }
  if (out.status < 100 || out.status > 599) return refuse(400, "status code out of range");
  if (p == end) return kIncomplete;
  if (*p == ' ') {  // left out together with the phrase by some; RFC 9112 s4 wants it
    const char* const reason = ++p;
    p = scan_value(p, end);
    if (p == end) return kIncomplete;
    out.reason = {reason, static_cast<size_t>(p - reason)};
  }
  if (*p != '\r') return *p == '\n' ? refuse(400, "bare LF") : refuse(400, "bad status line");
  if (end - p < 2) return kIncomplete;
  if (p[1] != '\n') return refuse(400, "bare CR");
  return parse_fields(begin, p + 2, end, limits, out);
}

Verdict fields_within(std::string_view input, const HeadLimits& limits, Head& out) {
  return parse_fields(input.data(), input.data(), input.data() + input.size(), limits, out);
}

// Looks at no byte beyond the limit, so that what lies there cannot change the verdict.
template <class Parse>
Verdict parse_limited(std::string_view input, const HeadLimits& limits, Head& out, Parse parse) {
  clear(out);
  const Verdict verdict = parse(input.substr(0, limits.head_bytes_max), limits, out);
  if (verdict && *verdict == kIncomplete && input.size() >= limits.head_bytes_max)
    return refuse(431, "head is too long");
  return verdict;
}

}  // namespace

const Field* Head::find(FieldId id) const {
  if (!has(id)) return nullptr;
  for (const Field& field : fields())
    if (field.id == id) return &field;
  return nullptr;
}

Verdict parse_request_head(std::string_view input, const HeadLimits& limits, Head& out) {
  return parse_limited(input, limits, out, request_within);
}
Verdict parse_response_head(std::string_view input, const HeadLimits& limits, Head& out) {
  return parse_limited(input, limits, out, response_within);
}
Verdict parse_trailers(std::string_view input, const HeadLimits& limits, Head& out) {
  return parse_limited(input, limits, out, fields_within);
}

bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= kMethodBytesMax &&
         std::ranges::all_of(text, [](char c) { return is(kToken, c); });
}
bool is_target(std::string_view text) {
  const char* const end = text.data() + text.size();
  return !text.empty() && scan_target(text.data(), end) == end;
}
bool is_field_name(std::string_view text) {
  bool folded = false;
  const char* const end = text.data() + text.size();
  return !text.empty() && scan_name(text.data(), end, folded) == end;
}
bool has_folded_byte(std::string_view name) {
  return std::ranges::any_of(name, [](char c) { return is(kFoldedByte, c); });
}
bool is_field_value(std::string_view text) {
  const char* const end = text.data() + text.size();
  return scan_value(text.data(), end) == end;
}

}  // namespace sallyport::http
