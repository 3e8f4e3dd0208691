#include "base/http/forwarded.h"

#include <algorithm>
#include <string>

#include "base/http/field.h"

namespace sallyport::http {
namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_token_byte(char c) {  // RFC 9110 s5.6.2
  return is_alpha(c) || is_digit(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_text_byte(char c) {  // of a quoted string, RFC 9110 s5.6.4
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
}

// "_" and at least one more (s6.3).
bool is_obfuscated(std::string_view text) {
  return text.size() > 1 && text[0] == '_' && std::ranges::all_of(text.substr(1), [](char c) {
           return is_alpha(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

bool is_scheme(std::string_view text) {  // RFC 3986 s3.1
  return !text.empty() && is_alpha(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_nameless(std::string_view name) { return iequals(name, "unknown") || is_obfuscated(name); }

std::unexpected<Error> no_node() { return malformed(Side::kClient, "for= in Forwarded names no node"); }

// A node without its port: an address, or nothing for one that is nameless (s6).
Result<std::optional<IpAddress>> read_node_name(std::string_view name) {
  if (is_nameless(name)) return std::nullopt;
  const bool bracket = name.starts_with('[') && name.ends_with(']');
  if (bracket) name = name.substr(1, name.size() - 2);
  const auto address = IpAddress::parse(name);
  if (!address || bracket != (name.find(':') != name.npos)) return no_node();
  return *address;
}

Result<std::optional<IpAddress>> read_node(std::string_view text) {
  if (const auto with_port = Endpoint::parse(text)) return with_port->address;
  const size_t colon = text.rfind(':');
  if (colon == text.npos || text.ends_with(']')) return read_node_name(text);
  const std::string_view name = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (is_obfuscated(port)) return read_node_name(name);
  if (is_nameless(name) && Endpoint::parse("0.0.0.0:" + std::string(port))) return std::nullopt;
  return no_node();
}

struct Value {
  std::string_view text;
  bool escaped = false;
};

class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }
  bool at(char c) const { return rest_.starts_with(c); }
  bool take(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_space() {
    while (at(' ') || at('\t')) rest_.remove_prefix(1);
  }
  std::string_view take_token() {
    const auto end = std::ranges::find_if_not(rest_, is_token_byte);
    const std::string_view token(rest_.begin(), end);
    rest_.remove_prefix(token.size());
    return token;
  }
  Result<Value> take_value() {
    if (!take('"')) {
      const std::string_view token = take_token();
      if (token.empty()) return malformed(Side::kClient, "a pair without a value in Forwarded");
      return Value{token};
    }
    Value out;
    for (size_t i = 0; i < rest_.size() && is_text_byte(rest_[i]); ++i) {
      if (rest_[i] == '"') {
        out.text = rest_.substr(0, i);
        rest_.remove_prefix(i + 1);
        return out;
      }
      if (rest_[i] != '\\') continue;
      out.escaped = true;
      ++i;
      if (i == rest_.size() || !is_text_byte(rest_[i])) break;
    }
    return malformed(Side::kClient, "quotes that do not close in Forwarded");
  }

 private:
  std::string_view rest_;
};

enum Seen : uint8_t { kFor = 1, kProto = 2, kBy = 4, kHost = 8 };

uint8_t seen_bit(std::string_view name) {
  if (iequals(name, "for")) return kFor;
  if (iequals(name, "proto")) return kProto;
  if (iequals(name, "by")) return kBy;
  if (iequals(name, "host")) return kHost;
  return 0;
}

Result<void> read_pair(Reader& reader, ForwardedElement& out, uint8_t& seen) {
  const std::string_view name = reader.take_token();
  if (name.empty() || !reader.take('=')) return malformed(Side::kClient, "no pair of name and value in Forwarded");
  TRY(const Value value, reader.take_value());
  const uint8_t bit = seen_bit(name);
  if ((seen & bit) != 0) return malformed(Side::kClient, "a name stands twice in an element of Forwarded");
  seen |= bit;
  if ((bit & (kFor | kProto)) == 0) return {};
  if (value.escaped) return malformed(Side::kClient, "an escape in Forwarded");
  if (bit == kFor) {
    TRY(out.client, read_node(value.text));
  } else {
    if (!is_scheme(value.text)) return malformed(Side::kClient, "proto= in Forwarded is no scheme");
    out.proto = value.text;
  }
  return {};
}

// Up to the comma or the end. White space stands around ";" in the RFC's own examples (s4), so it may.
Result<ForwardedElement> read_element(Reader& reader) {
  ForwardedElement out;
  uint8_t seen = 0;
  bool any = false;
  do {
    reader.skip_space();
    if (reader.at(';') || reader.at(',') || reader.at_end()) continue;  // a pair may be empty
    CHECKED(read_pair(reader, out, seen));
    any = true;
    reader.skip_space();
  } while (reader.take(';'));
  if (!any) return malformed(Side::kClient, "an element of nothing in Forwarded");
  return out;
}

}  // namespace

Result<void> parse_forwarded(std::string_view field, std::vector<ForwardedElement>& elements) {
  Reader reader(field);
  do {
    if (elements.size() == kForwardedElementsMax) return malformed(Side::kClient, "too many elements in Forwarded");
    TRY(const ForwardedElement element, read_element(reader));
    elements.push_back(element);
  } while (reader.take(','));
  if (!reader.at_end()) return malformed(Side::kClient, "no list of elements in Forwarded");
  return {};
}

}  // namespace sallyport::http
