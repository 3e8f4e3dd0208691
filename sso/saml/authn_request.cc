#include "sso/saml/authn_request.h"

#include "base/bytes.h"
#include "base/random.h"
#include "sso/saml/message_writer.h"
#include "sso/saml/names.h"

namespace sallyport::sso::saml {

std::string new_message_id() { return "_" + hex_encode(random_bytes<16>()); }

std::string authn_request_xml(const AuthnRequest& request) {
  std::string out = message_head("AuthnRequest", request.id, request.destination, request.now);
  append_attribute(out, "ProtocolBinding", kPostBinding);
  append_attribute(out, "AssertionConsumerServiceURL", request.consumer_url);
  if (request.force_authn) append_attribute(out, "ForceAuthn", "true");
  if (request.is_passive) append_attribute(out, "IsPassive", "true");
  out.append(">");
  append_element(out, "saml:Issuer", request.issuer);
  out.append("<samlp:NameIDPolicy");
  if (!request.name_id_format.empty()) append_attribute(out, "Format", request.name_id_format);
  out.append(" AllowCreate=\"true\"/>");
  if (!request.authn_contexts.empty()) {
    out.append("<samlp:RequestedAuthnContext Comparison=\"exact\">");
    for (const std::string& context : request.authn_contexts) append_element(out, "saml:AuthnContextClassRef", context);
    out.append("</samlp:RequestedAuthnContext>");
  }
  return out.append("</samlp:AuthnRequest>");
}

}  // namespace sallyport::sso::saml
