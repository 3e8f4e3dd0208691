#include "sso/saml/provider_metadata.h"

#include <algorithm>

#include "base/http/url.h"
#include "sso/saml/codec.h"
#include "sso/saml/envelope.h"
#include "sso/saml/instant.h"
#include "sso/saml/names.h"
#include "sso/saml/xml_signature.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kLocationBytesMax = 2048;

bool is_entity(const XmlElement& element) { return element.is(kMetadataSpace, "EntityDescriptor"); }
bool is_entities(const XmlElement& element) { return element.is(kMetadataSpace, "EntitiesDescriptor"); }

Result<XmlDocument> verified(XmlDocument document, std::span<const VerifyKey> signers) {
  if (signers.empty()) return document;
  TRY(const auto signature, own_signature(document.root()));
  if (!signature) return fail(Code::kUnauthenticated, kFrom, "metadata is not signed");
  Checks checks;
  TRY(const std::string bytes, verify_enveloped(document, *signature, signers, checks));
  return XmlDocument::parse(bytes, kMetadataRules);
}

// Its only EntityDescriptor with this name, or its only one at all.
Result<XmlElement> find_entity(const XmlDocument& document, std::string_view wanted) {
  if (!is_entity(document.root()) && !is_entities(document.root()))
    return malformed(kFrom, "metadata is no EntityDescriptor or EntitiesDescriptor");
  std::optional<XmlElement> found;
  for (const XmlElement& element : document.elements()) {
    if (!is_entity(element) || (!wanted.empty() && element.attribute("entityID") != wanted)) continue;
    if (found) return malformed(kFrom, "metadata has several entities that could be meant");
    found = element;
  }
  if (!found) return fail(Code::kNotFound, kFrom, "metadata has no such entity");
  for (auto parent = found->parent(); parent; parent = parent->parent())
    if (!is_entities(*parent)) return malformed(kFrom, "metadata has an entity in an unexpected place");
  return *found;
}

// validUntil of the element and of all around it.
Result<std::optional<WallMicros>> read_valid_until(std::optional<XmlElement> element, WallMicros now) {
  std::optional<WallMicros> out;
  for (; element; element = element->parent()) {
    const auto text = element->attribute("validUntil");
    if (!text) continue;
    TRY(const WallMicros until, parse_instant(*text));
    out = std::min(until, out.value_or(until));
  }
  if (out && now >= *out) return fail(Code::kDenied, kFrom, "metadata is out of date");
  return out;
}

// The one role that speaks SAML 2.0 to those who want to sign in.
Result<XmlElement> find_role(const XmlElement& entity) {
  std::vector<XmlElement> roles = entity.children(kMetadataSpace, "IDPSSODescriptor");
  std::erase_if(roles, [](const XmlElement& role) {
    const std::string protocols = " " + role.attribute("protocolSupportEnumeration").value_or("") + " ";
    return protocols.find(" " + std::string(kProtocolSpace) + " ") == protocols.npos;
  });
  if (roles.size() != 1)
    return fail(Code::kUnsupported, kFrom, "metadata has not exactly one SAML 2.0 identity provider");
  return roles[0];
}

bool is_this_machine(const http::Url& url) {
  return url.host == "localhost" || url.host == "::1" || (url.is_address() && url.host.starts_with("127."));
}

Result<std::string> read_location(const XmlElement& endpoint, std::string_view attribute) {
  const auto text = endpoint.attribute(attribute);
  if (!text) return std::string();
  const auto url = http::parse_url(*text);
  if (!url || text->size() > kLocationBytesMax || (url->scheme != "https" && !is_this_machine(*url)))
    return malformed(kFrom, "metadata has an endpoint that is no https URL");
  return *text;  // as it stands: the provider compares it with Destination
}

Result<std::optional<ProviderEndpoint>> find_endpoint(const XmlElement& role, std::string_view service,
                                                      std::string_view binding) {
  for (const XmlElement& endpoint : role.children(kMetadataSpace, service)) {
    if (endpoint.attribute("Binding") != binding) continue;
    TRY(std::string location, read_location(endpoint, "Location"));
    TRY(std::string response_location, read_location(endpoint, "ResponseLocation"));
    if (location.empty()) return malformed(kFrom, "metadata has an endpoint without a location");
    if (response_location.empty()) response_location = location;
    return ProviderEndpoint{std::move(location), std::move(response_location)};
  }
  return std::optional<ProviderEndpoint>();
}

// The first certificate of each X509Data: others would be its issuers. A key that is too weak is passed over, for there
// may be a better one beside it.
Result<std::vector<VerifyKey>> read_keys(const XmlElement& role) {
  std::vector<VerifyKey> out;
  for (const XmlElement& descriptor : role.children(kMetadataSpace, "KeyDescriptor")) {
    if (descriptor.attribute("use").value_or("signing") != "signing") continue;
    for (const XmlElement& info : descriptor.children(kSignatureSpace, "KeyInfo")) {
      for (const XmlElement& data : info.children(kSignatureSpace, "X509Data")) {
        const auto certificates = data.children(kSignatureSpace, "X509Certificate");
        if (certificates.empty()) continue;
        TRY(const Bytes der, xml_base64(certificates[0].text()));
        auto key = VerifyKey::from_certificate(der);
        if (!key && key.error().code != Code::kUnsupported) return std::unexpected(key.error());
        if (key) out.push_back(*std::move(key));
        if (out.size() > kSigningKeysMax) return fail(Code::kLimit, kFrom, "metadata has more than 8 signing keys");
      }
    }
  }
  if (out.empty()) return fail(Code::kUnsupported, kFrom, "metadata has no signing key that is taken");
  return out;
}

}  // namespace

Result<ProviderMetadata> read_provider_metadata(std::string_view text, std::string_view wanted,
                                                std::span<const VerifyKey> signers, WallMicros now) {
  TRY(XmlDocument parsed, XmlDocument::parse(text, kMetadataRules));
  TRY(const XmlDocument document, verified(std::move(parsed), signers));
  TRY(const XmlElement entity, find_entity(document, wanted));
  TRY(const XmlElement role, find_role(entity));
  ProviderMetadata out;
  out.entity_id = entity.attribute("entityID").value_or("");
  if (out.entity_id.empty() || out.entity_id.size() > 1024) return malformed(kFrom, "metadata has no entityID");
  TRY(out.valid_until, read_valid_until(role, now));
  TRY(out.signing_keys, read_keys(role));
  const std::string wants = role.attribute("WantAuthnRequestsSigned").value_or("false");
  out.wants_signed_requests = wants == "true" || wants == "1";
  TRY(out.sso_redirect, find_endpoint(role, "SingleSignOnService", kRedirectBinding));
  TRY(out.sso_post, find_endpoint(role, "SingleSignOnService", kPostBinding));
  TRY(out.slo_redirect, find_endpoint(role, "SingleLogoutService", kRedirectBinding));
  TRY(out.slo_post, find_endpoint(role, "SingleLogoutService", kPostBinding));
  if (!out.sso_redirect && !out.sso_post)
    return fail(Code::kUnsupported, kFrom, "metadata has no sign-in endpoint for Redirect or POST");
  return out;
}

}  // namespace sallyport::sso::saml
