#include "sso/saml/xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <algorithm>
#include <set>

#include "sso/saml/names.h"
#include "sso/saml/xml_library.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr std::string_view kWhiteSpace = " \t\r\n";

using Parser = CHandle<xmlParserCtxt, xmlFreeParserCtxt>;
void free_bytes(xmlChar* bytes) { xmlFree(bytes); }
using OwnBytes = CHandle<xmlChar, free_bytes>;

std::string_view view(const xmlChar* text) { return text ? reinterpret_cast<const char*>(text) : std::string_view(); }
std::string_view space_of(const xmlNs* space) { return space ? view(space->href) : std::string_view(); }

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == text.npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1));
}

// Without a DTD an attribute's value is text nodes alone.
std::string value_of(const xmlAttr* attribute) {
  std::string out;
  for (const xmlNode* part = attribute->children; part; part = part->next) out.append(view(part->content));
  return out;
}

bool is_called_id(std::string_view name) {
  return name.size() == 2 && (name[0] == 'I' || name[0] == 'i') && (name[1] == 'D' || name[1] == 'd');
}

// In the order of the document; null after the last.
xmlNode* next_in_order(xmlNode* node, const xmlNode* root) {
  if (node->children) return node->children;
  while (node != root && !node->next) node = node->parent;
  return node == root ? nullptr : node->next;
}

class TreeRules {
 public:
  explicit TreeRules(const XmlRules& rules) : rules_(rules) {}

  Result<void> check(xmlNode* root) {
    for (xmlNode* node = root; node; node = next_in_order(node, root)) {
      if (node->type == XML_TEXT_NODE) continue;
      if (node->type != XML_ELEMENT_NODE)  // check_xml_text() has refused all others; they stay refused
        return malformed(kFrom, "XML has something else than elements and text");
      CHECKED(check_content(node));
      for (const xmlAttr* attribute = node->properties; attribute; attribute = attribute->next)
        CHECKED(check_attribute(attribute));
    }
    return {};
  }

 private:
  Result<void> check_content(const xmlNode* node) const {
    bool text = false;
    bool element = false;
    for (const xmlNode* child = node->children; child; child = child->next) {
      element |= child->type == XML_ELEMENT_NODE;
      text |= child->type == XML_TEXT_NODE && view(child->content).find_first_not_of(kWhiteSpace) != std::string::npos;
    }
    if (text && element && !rules_.lenient) return malformed(kFrom, "XML has text beside elements");
    return {};
  }

  Result<void> check_attribute(const xmlAttr* attribute) {
    const std::string_view name = view(attribute->name);
    if (space_of(attribute->ns) == kXmlSpace && (name == "id" || name == "base"))
      return malformed(kFrom, "XML has an xml:id or xml:base");
    if (is_called_id(name) && !ids_.insert(value_of(attribute)).second) return malformed(kFrom, "XML has an id twice");
    return {};
  }

  const XmlRules& rules_;
  std::set<std::string> ids_;
};

}  // namespace

void free_xml_document(_xmlDoc* document) { xmlFreeDoc(document); }

std::string_view XmlElement::name() const { return view(node_->name); }
std::string_view XmlElement::space() const { return space_of(node_->ns); }
bool XmlElement::is(std::string_view space, std::string_view name) const {
  return this->name() == name && this->space() == space;
}

std::optional<std::string> XmlElement::attribute(std::string_view name, std::string_view space) const {
  for (const xmlAttr* attribute = node_->properties; attribute; attribute = attribute->next)
    if (view(attribute->name) == name && space_of(attribute->ns) == space) return value_of(attribute);
  return {};
}

size_t XmlElement::attribute_count() const {
  size_t out = 0;
  for (const xmlAttr* attribute = node_->properties; attribute; attribute = attribute->next) ++out;
  return out;
}

std::vector<XmlElement> XmlElement::children() const {
  std::vector<XmlElement> out;
  for (xmlNode* child = node_->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE) out.push_back(XmlElement(child));
  return out;
}

std::vector<XmlElement> XmlElement::children(std::string_view space, std::string_view name) const {
  std::vector<XmlElement> out = children();
  std::erase_if(out, [&](const XmlElement& child) { return !child.is(space, name); });
  return out;
}

std::optional<XmlElement> XmlElement::parent() const {
  if (!node_->parent || node_->parent->type != XML_ELEMENT_NODE) return {};
  return XmlElement(node_->parent);
}

bool XmlElement::has_children() const {
  for (const xmlNode* child = node_->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE) return true;
  return false;
}

std::string XmlElement::text() const {
  if (has_children()) return {};
  std::string out;
  for (const xmlNode* part = node_->children; part; part = part->next) out.append(view(part->content));
  return trimmed(out);
}

std::map<std::string, std::string> XmlElement::namespaces() const {
  std::map<std::string, std::string> out;
  for (const xmlNode* node = node_; node && node->type == XML_ELEMENT_NODE; node = node->parent)
    for (const xmlNs* space = node->nsDef; space; space = space->next)
      out.emplace(view(space->prefix), view(space->href));  // the innermost counts
  return out;
}

Result<XmlDocument> XmlDocument::parse(std::string_view text, const XmlRules& rules) {
  CHECKED(check_xml_text(text, rules));
  use_xml_library();
  const Parser parser(xmlNewParserCtxt());
  if (!parser) return fail(Code::kUnavailable, Side::kSelf, "no memory for XML");
  if (rules.lenient) parser->sax->comment = nullptr;
  XmlDocument out;
  out.document_.reset(xmlCtxtReadMemory(parser.get(), text.data(), static_cast<int>(text.size()), nullptr, "UTF-8",
                                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  // Names without a declared namespace are only a complaint to libxml2, and the document is there nevertheless.
  if (!out.document_ || parser->wellFormed != 1 || parser->nsWellFormed != 1 || parser->valid != 1 ||
      parser->lastError.code != XML_ERR_OK)
    return malformed(kFrom, "XML is not well-formed");
  xmlNode* root = xmlDocGetRootElement(out.document_.get());
  if (!root || out.document_->intSubset || out.document_->extSubset) return malformed(kFrom, "XML is not well-formed");
  CHECKED(TreeRules(rules).check(root));
  return out;
}

XmlElement XmlDocument::root() const { return XmlElement(xmlDocGetRootElement(document_.get())); }

std::vector<XmlElement> XmlDocument::elements() const {
  std::vector<XmlElement> out;
  xmlNode* root = xmlDocGetRootElement(document_.get());
  for (xmlNode* node = root; node; node = next_in_order(node, root))
    if (node->type == XML_ELEMENT_NODE) out.push_back(XmlElement(node));
  return out;
}

std::string XmlDocument::serialize() const {
  const CHandle<xmlBuffer, xmlBufferFree> buffer(xmlBufferCreate());
  xmlNodeDump(buffer.get(), document_.get(), xmlDocGetRootElement(document_.get()), 0, 0);
  return std::string(view(xmlBufferContent(buffer.get())));
}

}  // namespace sallyport::sso::saml
