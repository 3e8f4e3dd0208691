#include "conf/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace sallyport::conf {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (const size_t e = text.find_first_of("eE"); e != text.npos) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
    if (!is_digits(exponent)) return false;
    text = text.substr(0, e);
  }
  const size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view part = dot == text.npos ? std::string_view{} : text.substr(dot + 1);
  if (whole.empty()) return dot != text.npos && is_digits(part);
  return is_digits(whole) && (part.empty() || is_digits(part));
}

template <class Number>
bool read_digits(std::string_view digits, int base, Number& out) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  return error == std::errc{} && end == digits.data() + digits.size();
}

// The number as JSON; discarded when it does not fit, null when it is no integer at all.
nlohmann::json integer_value(std::string_view text) {
  int base = 10;
  std::string_view digits = text;
  const bool negative = text.starts_with('-');
  if (text.starts_with("0o") || text.starts_with("0x")) {
    base = text[1] == 'o' ? 8 : 16;
    digits = text.substr(2);
    const std::string_view alphabet = base == 8 ? "01234567" : "0123456789abcdefABCDEF";
    if (digits.empty() || digits.find_first_not_of(alphabet) != digits.npos) return nullptr;
  } else {
    if (negative || text.starts_with('+')) digits.remove_prefix(1);
    if (!is_digits(digits)) return nullptr;
  }
  if (negative) {
    int64_t value = 0;
    if (read_digits(text, 10, value)) return value;
  } else if (uint64_t value = 0; read_digits(digits, base, value)) {
    return value;
  }
  return nlohmann::json(nlohmann::json::value_t::discarded);
}

double float_value(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? value : INFINITY;
}

bool is_special_float(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text == ".inf" || text == ".Inf" || text == ".INF";
}

bool is_true(std::string_view text) { return text == "true" || text == "True" || text == "TRUE"; }
bool is_false(std::string_view text) { return text == "false" || text == "False" || text == "FALSE"; }
bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// Bytes of the UTF-8 sequence at the front (RFC 3629 s4), 0 when it is none.
size_t sequence_length(std::string_view text) {
  const auto at = [text](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = at(0);
  const auto tail = [&](size_t i, unsigned low, unsigned high) { return at(i) >= low && at(i) <= high; };
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return tail(1, low, high) && tail(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return tail(1, low, high) && tail(2, 0x80, 0xbf) && tail(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

}  // namespace

ScalarKind scalar_kind(std::string_view text) {
  if (is_null(text)) return ScalarKind::kNull;
  if (is_true(text) || is_false(text)) return ScalarKind::kBool;
  if (is_special_float(text)) return ScalarKind::kTooLarge;
  const nlohmann::json integer = integer_value(text);
  if (integer.is_discarded()) return ScalarKind::kTooLarge;
  if (!integer.is_null()) return ScalarKind::kInteger;
  if (!is_float(text)) return ScalarKind::kText;
  return std::isfinite(float_value(text)) ? ScalarKind::kFloat : ScalarKind::kTooLarge;
}

nlohmann::json scalar_value(std::string_view text) {
  switch (scalar_kind(text)) {
    case ScalarKind::kBool:
      return is_true(text);
    case ScalarKind::kInteger:
      return integer_value(text);
    case ScalarKind::kFloat:
      return float_value(text);
    case ScalarKind::kText:
      return std::string(text);
    case ScalarKind::kNull:
    case ScalarKind::kTooLarge:
      return nullptr;
  }
  return nullptr;
}

std::optional<BadByte> find_bad_byte(std::string_view text) {
  int line = 1;
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') ++line;
    const bool line_end = byte == '\n' || (byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n');
    if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7f) return BadByte{line, "holds a control character"};
    const size_t length = sequence_length(text.substr(i, 4));
    if (length == 0) return BadByte{line, "is not UTF-8"};
    i += length;
  }
  return std::nullopt;
}

}  // namespace sallyport::conf
