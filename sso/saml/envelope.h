// The shape of a response before anything in it is believed: where its assertion and its signatures are, and that there
// is nothing else that could be taken for one of them.
#pragma once

#include <optional>

#include "sso/checks.h"
#include "sso/saml/xml.h"

namespace sallyport::sso::saml {

// The Signature of `signed_element`, if it has one: a child, right behind its Issuer, or first where there is no
// Issuer. errors: kMalformed two of them, or one in another place among the children.
Result<std::optional<XmlElement>> own_signature(const XmlElement& signed_element);

struct Envelope {
  XmlElement assertion;  // or EncryptedAssertion
  bool encrypted;
  std::optional<XmlElement> response_signature;
  std::optional<XmlElement> assertion_signature;
};

// The root is a Response of SAML 2.0 with its parts in order, and exactly one assertion: a child of the root. No other
// element is called Assertion, EncryptedAssertion or Response, and none is called Signature but the two in their
// places: names count in any namespace here.
Result<Envelope> read_envelope(const XmlDocument& document, Checks& checks);

// The same of what was decrypted: the wrapper's only child is an Assertion.
struct Inner {
  XmlElement assertion;
  std::optional<XmlElement> signature;
};
Result<Inner> read_inner(const XmlDocument& decrypted, Checks& checks);

}  // namespace sallyport::sso::saml
