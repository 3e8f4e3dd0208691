#include "sso/saml/sp_metadata.h"

#include <array>

#include "sso/saml/message_writer.h"
#include "sso/saml/names.h"

namespace sallyport::sso::saml {
namespace {

// What decrypt_element() takes without being asked, the best first.
constexpr std::array<std::string_view, 4> kEncryptionMethods{
    "http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"};

void append_key(std::string& out, const SpKey& key, std::string_view use) {
  out.append("<md:KeyDescriptor");
  append_attribute(out, "use", use);
  out.append("><ds:KeyInfo><ds:X509Data>");
  append_element(out, "ds:X509Certificate", base64_encode(key.certificate()));
  out.append("</ds:X509Data></ds:KeyInfo>");
  if (use == "encryption") {
    for (const std::string_view method : kEncryptionMethods) {
      out.append("<md:EncryptionMethod");
      append_attribute(out, "Algorithm", method);
      out.append("/>");
    }
  }
  out.append("</md:KeyDescriptor>");
}

void append_service(std::string& out, std::string_view name, std::string_view binding, std::string_view location) {
  out.append("<md:").append(name);
  append_attribute(out, "Binding", binding);
  append_attribute(out, "Location", location);
}

}  // namespace

std::string sp_metadata_xml(const SpMetadata& metadata, std::span<const SpKey> keys) {
  std::string out = "<md:EntityDescriptor";
  append_attribute(out, "xmlns:md", kMetadataSpace);
  append_attribute(out, "xmlns:ds", kSignatureSpace);
  append_attribute(out, "entityID", metadata.entity_id);
  out.append("><md:SPSSODescriptor");
  append_attribute(out, "AuthnRequestsSigned", metadata.signs_requests ? "true" : "false");
  append_attribute(out, "WantAssertionsSigned", "true");
  append_attribute(out, "protocolSupportEnumeration", kProtocolSpace);
  out.append(">");
  for (const SpKey& key : keys) append_key(out, key, "signing");
  for (const SpKey& key : keys) append_key(out, key, "encryption");
  append_service(out, "SingleLogoutService", kRedirectBinding, metadata.logout_url);
  out.append("/>");
  append_service(out, "SingleLogoutService", kPostBinding, metadata.logout_url);
  out.append("/>");
  append_service(out, "AssertionConsumerService", kPostBinding, metadata.consumer_url);
  append_attribute(out, "index", "0");
  append_attribute(out, "isDefault", "true");
  return out.append("/></md:SPSSODescriptor></md:EntityDescriptor>");
}

}  // namespace sallyport::sso::saml
