// The names that SAML 2.0, XML Signature and XML Encryption give to things.
#pragma once

namespace sallyport::sso::saml {

// Namespaces.
inline constexpr char kAssertionSpace[] = "urn:oasis:names:tc:SAML:2.0:assertion";
inline constexpr char kProtocolSpace[] = "urn:oasis:names:tc:SAML:2.0:protocol";
inline constexpr char kMetadataSpace[] = "urn:oasis:names:tc:SAML:2.0:metadata";
inline constexpr char kSignatureSpace[] = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr char kEncryptionSpace[] = "http://www.w3.org/2001/04/xmlenc#";
inline constexpr char kEncryption11Space[] = "http://www.w3.org/2009/xmlenc11#";
inline constexpr char kInstanceSpace[] = "http://www.w3.org/2001/XMLSchema-instance";
inline constexpr char kXmlSpace[] = "http://www.w3.org/XML/1998/namespace";

inline constexpr char kEnveloped[] = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
inline constexpr char kExclusiveC14n[] = "http://www.w3.org/2001/10/xml-exc-c14n#";  // a namespace, too
inline constexpr char kEncryptedElement[] = "http://www.w3.org/2001/04/xmlenc#Element";

inline constexpr char kRedirectBinding[] = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
inline constexpr char kPostBinding[] = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
inline constexpr char kBearer[] = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
inline constexpr char kSuccess[] = "urn:oasis:names:tc:SAML:2.0:status:Success";
inline constexpr char kResponder[] = "urn:oasis:names:tc:SAML:2.0:status:Responder";
inline constexpr char kRequester[] = "urn:oasis:names:tc:SAML:2.0:status:Requester";
inline constexpr char kPartialLogout[] = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
inline constexpr char kEntityFormat[] = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

}  // namespace sallyport::sso::saml
