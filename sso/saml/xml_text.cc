#include "sso/saml/xml_text.h"

#include <algorithm>

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;

// The length of the well-formed UTF-8 sequence (RFC 3629 s4) that `text` begins with, if XML 1.0 has that character;
// else 0.
size_t character_size(std::string_view text) {
  const auto byte = [&](size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  const auto tail = [&](size_t at) { return (byte(at) & 0xc0U) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead >= 0x20 || lead == '\t' || lead == '\n' || lead == '\r' ? 1 : 0;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    const unsigned code = (lead & 0xfU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
    return code >= 0x800 && (code < 0xd800 || code > 0xdfff) && code < 0xfffe ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    const unsigned code = (lead & 7U) << 18 | (byte(1) & 0x3fU) << 12 | (byte(2) & 0x3fU) << 6 | (byte(3) & 0x3fU);
    return code >= 0x10000 && code <= 0x10ffff ? 4 : 0;
  }
  return 0;
}

Result<void> check_characters(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) return malformed(kFrom, "XML begins with a byte order mark");
  while (!text.empty()) {
    const size_t size = character_size(text);
    if (size == 0) return malformed(kFrom, "XML is not UTF-8, or has a control character");
    text.remove_prefix(size);
  }
  return {};
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Takes `<?xml version="1.0" encoding="UTF-8" standalone="..."?>` off the front, if it is there.
Result<void> skip_declaration(std::string_view& text) {
  if (!text.starts_with("<?xml") || text.size() < 6 || !is_space(text[5])) return {};
  const size_t end = text.find("?>");
  if (end == text.npos) return malformed(kFrom, "XML declaration without an end");
  std::string said;
  for (const char c : text.substr(5, end - 5))
    if (!is_space(c)) said.push_back(c == '\'' ? '"' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  std::string_view rest = said;
  const auto take = [&rest](std::string_view word) {
    const bool there = rest.starts_with(word);
    if (there) rest.remove_prefix(word.size());
    return there;
  };
  if (!take("version=\"1.0\"")) return malformed(kFrom, "XML is not of version 1.0");
  if (rest.starts_with("encoding=") && !take("encoding=\"utf-8\""))
    return malformed(kFrom, "XML declares another encoding than UTF-8");
  if (!take("standalone=\"yes\"")) take("standalone=\"no\"");
  if (!rest.empty()) return malformed(kFrom, "XML declaration is not understood");
  text.remove_prefix(end + 2);
  return {};
}

// Walks over tags as a parser would, as far as the text is well-formed; what is not, the parser refuses at that place.
class Measure {
 public:
  explicit Measure(const XmlRules& rules) : rules_(rules) {}

  Result<void> run(std::string_view text) {
    while (!text.empty()) {
      const size_t open = text.find('<');
      if (std::min(open, text.size()) > kXmlTextBytesMax) return fail(Code::kLimit, kFrom, "XML text is too long");
      if (open == text.npos) return {};
      text.remove_prefix(open);
      if (text.starts_with("<!") || text.starts_with("<?")) {
        CHECKED(skip_comment(text));
        continue;
      }
      CHECKED(tag(text));
    }
    return {};
  }

 private:
  Result<void> skip_comment(std::string_view& text) const {
    if (text.starts_with("<?")) return malformed(kFrom, "XML has a processing instruction");
    if (text.starts_with("<![")) return malformed(kFrom, "XML has a CDATA section");
    if (!text.starts_with("<!--")) return malformed(kFrom, "XML has a document type");
    if (!rules_.lenient) return malformed(kFrom, "XML has a comment");
    const size_t end = text.find("-->", 4);
    if (end == text.npos) return malformed(kFrom, "XML comment without an end");
    text.remove_prefix(end + 3);
    return {};
  }

  Result<void> tag(std::string_view& text) {
    size_t attributes = 0;
    size_t at = 1;
    for (; at < text.size() && text[at] != '>'; ++at) {
      if (text[at] == '=') ++attributes;
      if (text[at] != '"' && text[at] != '\'') continue;
      const size_t end = text.find(text[at], at + 1);
      if (end == text.npos) return malformed(kFrom, "XML attribute without an end");
      if (end - at > kXmlAttributeBytesMax) return fail(Code::kLimit, kFrom, "XML attribute is too long");
      at = end;
    }
    if (at == text.size()) return malformed(kFrom, "XML tag without an end");
    if (attributes > kXmlAttributesMax) return fail(Code::kLimit, kFrom, "XML element with too many attributes");
    if (text[1] == '/') {
      if (depth_ > 0) --depth_;
    } else {
      if (++elements_ > rules_.elements_max) return fail(Code::kLimit, kFrom, "XML has too many elements");
      if (depth_ + 1 > kXmlDepthMax) return fail(Code::kLimit, kFrom, "XML is nested too deep");
      if (text[at - 1] != '/') ++depth_;
    }
    text.remove_prefix(at + 1);
    return {};
  }

  const XmlRules& rules_;
  size_t elements_ = 0;
  size_t depth_ = 0;
};

}  // namespace

Result<void> check_xml_text(std::string_view text, const XmlRules& rules) {
  if (text.size() > rules.bytes_max) return fail(Code::kTooLarge, kFrom, "XML is too large");
  if (text.empty()) return malformed(kFrom, "XML is empty");
  CHECKED(check_characters(text));
  CHECKED(skip_declaration(text));
  return Measure(rules).run(text);
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t size = character_size(text);
    const std::string_view character = text.substr(0, std::max<size_t>(size, 1));
    if (size == 0) {
      out.append("\xef\xbf\xbd");
    } else if (size > 1 || character.find_first_of("&<>\"'\t\r\n") == character.npos) {
      out.append(character);
    } else {
      out.append("&#").append(std::to_string(static_cast<int>(character[0]))).append(";");
    }
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace sallyport::sso::saml
