// XML Signature as SAML uses it (Core s5.4): one enveloped signature over its own parent. What was verified is handed
// back as the bytes that were digested, and nothing else may be believed. The only place that knows xmlsec1, beside
// xml_library.cc.
#pragma once

#include <span>
#include <string>

#include "sso/checks.h"
#include "sso/saml/keys.h"
#include "sso/saml/xml.h"

namespace sallyport::sso::saml {

// What a <Signature> says of itself, after it was found to be of the one shape that is taken: SignedInfo,
// SignatureValue, perhaps KeyInfo, no Object; exclusive C14N without comments; one Reference to "#" and the id of the
// element it stands in; transforms enveloped and exclusive C14N, in this order.
struct SignatureShape {
  const SignatureAlgorithm* algorithm;
  const DigestAlgorithm* digest;
  std::string id;  // of the signed element
};
// errors: kMalformed with what is wrong; kUnsupported an algorithm that is not in the tables.
Result<SignatureShape> read_signature_shape(const XmlElement& signature);

// Verifies `signature`, which stands in the element that it signs, and returns that element's canonical bytes, the
// signature taken out. Its KeyInfo is removed from the document before anybody could read it: keys come from `keys`
// alone. The document is used up by this: read on in XmlDocument::parse(bytes). errors: those of the shape;
// kUnauthenticated the digest differs, or none of the keys fits. cost: RSA-2048 and 8 KiB: about 0.3 ms, and a digest
// for each key more.
Result<std::string> verify_enveloped(XmlDocument& document, const XmlElement& signature,
                                     std::span<const VerifyKey> keys, Checks& checks);

// `message`, our own, with a signature over its root behind the root's first child, which is its Issuer.
Result<std::string> sign_enveloped(std::string_view message, const SpKey& key);

}  // namespace sallyport::sso::saml
