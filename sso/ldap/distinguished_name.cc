#include "sso/ldap/distinguished_name.h"

#include <algorithm>

namespace sallyport::sso::ldap {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

// descr or numericoid (RFC 4512 s1.4), roughly.
bool is_type(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.'; });
}

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

bool may_be_escaped(char c) { return std::string_view(" \"#+,;<=>\\").find(c) != std::string_view::npos; }

}  // namespace

std::optional<std::string> first_rdn_value(std::string_view dn) {
  const size_t equals = dn.find('=');
  if (equals == dn.npos || !is_type(without_spaces(dn.substr(0, equals)))) return std::nullopt;
  std::string_view rest = dn.substr(equals + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.starts_with('#')) return std::nullopt;

  std::string out;
  size_t kept = 0;  // of out: spaces behind it that were not escaped do not belong to the value
  for (size_t at = 0; at < rest.size(); ++at) {
    char c = rest[at];
    if (c == ',' || c == '+' || c == ';') break;
    if (c == '"' || c == '<' || c == '>') return std::nullopt;
    const bool escaped = c == '\\';
    if (escaped) {
      if (++at == rest.size()) return std::nullopt;
      c = rest[at];
      if (!may_be_escaped(c)) {
        if (at + 1 == rest.size() || hex_value(c) < 0 || hex_value(rest[at + 1]) < 0) return std::nullopt;
        c = static_cast<char>(hex_value(c) << 4 | hex_value(rest[++at]));
      }
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
    if (escaped || c != ' ') kept = out.size();
  }
  out.resize(kept);
  if (out.empty()) return std::nullopt;
  return out;
}

std::string spelling_of(std::string_view dn) {
  const auto separates = [](char c) { return c == ',' || c == '+' || c == '='; };
  std::string out;
  size_t fixed = 0;  // up to there no space is taken away: an escaped character stands at its end
  for (size_t at = 0; at < dn.size(); ++at) {
    const char c = dn[at];
    if (c == '\\' && at + 1 < dn.size()) {
      (out += c) += lower(dn[++at]);
      fixed = out.size();
      continue;
    }
    if (separates(c))
      while (out.size() > fixed && out.back() == ' ') out.pop_back();
    if (c == ' ' && (out.empty() || (out.size() > fixed && separates(out.back())))) continue;
    out += lower(c);
  }
  return out;
}

}  // namespace sallyport::sso::ldap
