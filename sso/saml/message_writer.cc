#include "sso/saml/message_writer.h"

#include "base/time_text.h"
#include "sso/saml/codec.h"
#include "sso/saml/names.h"
#include "sso/saml/xml_signature.h"

namespace sallyport::sso::saml {

std::string message_head(std::string_view name, std::string_view id, std::string_view destination, WallMicros now) {
  std::string out = "<samlp:";
  out.append(name);
  append_attribute(out, "xmlns:samlp", kProtocolSpace);
  append_attribute(out, "xmlns:saml", kAssertionSpace);
  append_attribute(out, "ID", id);
  append_attribute(out, "Version", "2.0");
  append_attribute(out, "IssueInstant", show_time(now));
  append_attribute(out, "Destination", destination);
  return out;
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out.append(" ").append(name).append("=\"").append(xml_escaped(value)).append("\"");
}

void append_element(std::string& out, std::string_view name, std::string_view content) {
  out.append("<").append(name).append(">").append(xml_escaped(content)).append("</").append(name).append(">");
}

Result<std::string> redirect_url(std::string_view destination, MessageKind kind, std::string_view xml,
                                 std::string_view relay_state, const SpKey* key) {
  TRY(const std::string query, redirect_query(kind, xml, relay_state, key));
  std::string out(destination);
  return out.append(destination.find('?') == destination.npos ? "?" : "&").append(query);
}

Result<std::string> posted_message(std::string_view xml, const SpKey* key) {
  if (!key) return encode_posted(xml);
  TRY(const std::string signed_xml, sign_enveloped(xml, *key));
  return encode_posted(signed_xml);
}

}  // namespace sallyport::sso::saml
