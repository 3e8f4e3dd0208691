// What is looked at before a parser sees a document: its size, its encoding, markup that no SAML message needs, and how
// much work it would be. Pure text; no library.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::sso::saml {

struct XmlRules {
  size_t bytes_max;
  size_t elements_max;
  bool lenient = false;  // metadata: comments are dropped, text beside elements is taken
};
constexpr XmlRules kMessageRules{.bytes_max = size_t{512} << 10, .elements_max = 10'000};
constexpr XmlRules kMetadataRules{.bytes_max = size_t{4} << 20, .elements_max = 100'000, .lenient = true};

constexpr size_t kXmlDepthMax = 32;
constexpr size_t kXmlAttributesMax = 48;  // of one element, its namespaces counted
constexpr size_t kXmlAttributeBytesMax = size_t{16} << 10;
constexpr size_t kXmlTextBytesMax = size_t{384} << 10;  // of one run of text; an encrypted assertion is one

// UTF-8 without a byte order mark; an XML declaration that says 1.0 and UTF-8, or none; no DOCTYPE, CDATA section or
// processing instruction, and no comment unless the rules are lenient. In XML "<!" and "<?" stand in markup alone, so
// that looking for them is exact.
// errors: kTooLarge; kLimit elements, depth, attributes, text; kMalformed the rest.   cost: two passes, no allocation.
Result<void> check_xml_text(std::string_view text, const XmlRules& rules);

// `text` for an attribute value or for content. Never fails: what XML 1.0 cannot say becomes U+FFFD.
std::string xml_escaped(std::string_view text);

}  // namespace sallyport::sso::saml
