// An XML document as this room reads it: parsed once, by the rules of xml_text.h, then looked at through elements that
// compare namespace and name. Beside xml_library.cc and xml_signature.cc the only place that knows libxml2.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/c_handle.h"
#include "sso/saml/xml_text.h"

struct _xmlDoc;   // NOLINT: libxml2's name
struct _xmlNode;  // NOLINT: libxml2's name

namespace sallyport::sso::saml {

void free_xml_document(_xmlDoc* document);

// A place in a document; must not outlive it. Copied freely.
class XmlElement {
 public:
  std::string_view name() const;   // without a prefix
  std::string_view space() const;  // its namespace, "" for none
  bool is(std::string_view space, std::string_view name) const;
  // Of an attribute in no namespace, or in `space`; entities and character references resolved.
  std::optional<std::string> attribute(std::string_view name, std::string_view space = {}) const;
  size_t attribute_count() const;  // without namespace declarations
  std::vector<XmlElement> children() const;
  std::vector<XmlElement> children(std::string_view space, std::string_view name) const;
  std::optional<XmlElement> parent() const;  // none for the root
  bool has_children() const;
  // All that stands in it, white space at both ends taken off. An element with children has no text of its own: "".
  std::string text() const;
  // Every namespace that is in force here: prefix -> name, "" for the default one.
  std::map<std::string, std::string> namespaces() const;

  _xmlNode* node() const { return node_; }
  friend bool operator==(const XmlElement&, const XmlElement&) = default;

 private:
  friend class XmlDocument;
  explicit XmlElement(_xmlNode* node) : node_(node) {}
  _xmlNode* node_;
};

class XmlDocument {
 public:
  // Beyond check_xml_text(): names and namespaces well-formed, no undeclared entity, no xml:id or xml:base, no text
  // beside child elements (unless lenient), and the values of all attributes called id, in any spelling, differ.
  // errors: kMalformed, kLimit, kTooLarge.   cost: 10 us per KiB
  static Result<XmlDocument> parse(std::string_view text, const XmlRules& rules);

  XmlElement root() const;
  std::vector<XmlElement> elements() const;  // all of them, in the order of the document
  std::string serialize() const;             // without a declaration

  _xmlDoc* handle() const { return document_.get(); }

 private:
  XmlDocument() = default;
  CHandle<_xmlDoc, free_xml_document> document_;
};

}  // namespace sallyport::sso::saml
