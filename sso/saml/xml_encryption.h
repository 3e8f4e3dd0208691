// XML Encryption as SAML uses it (Core s6): an EncryptedAssertion or EncryptedID with one EncryptedData, whose AES key
// comes in one EncryptedKey by RSA-OAEP, inside or beside it. Decrypted by OpenSSL directly; no reference is followed.
#pragma once

#include <span>

#include "sso/checks.h"
#include "sso/saml/keys.h"
#include "sso/saml/xml.h"

namespace sallyport::sso::saml {

enum class CbcMode : uint8_t {
  kRefused,
  kTaken,  // only inside something whose signature was verified: alone it can be decrypted by asking (padding oracle)
};

// What was encrypted: a document of its own, whose root is a wrapper of ours that declares the namespaces in force at
// `encrypted` (those who encrypt without canonicalizing rely on them), and whose only child is the element.
// errors: kMalformed, kUnsupported the shape or the algorithm; kUnauthenticated not for us, or changed on the way: one
// error for all of these.
// cost: an RSA decryption, 1 to 2 ms
Result<XmlDocument> decrypt_element(const XmlElement& encrypted, std::span<const SpKey> keys, CbcMode cbc,
                                    Checks& checks);

}  // namespace sallyport::sso::saml
