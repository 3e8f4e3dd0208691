// The verified assertion: conditions, confirmation and statements, and the claims. Called with a tree that was parsed
// from digested bytes, never with another one.
#pragma once

#include "sso/saml/message_checks.h"
#include "sso/saml/response.h"
#include "sso/saml/xml.h"

namespace sallyport::sso::saml {

// errors: kDenied a condition that is not met; kMalformed what is missing or twice; kUnsupported a condition, statement
// or encrypted attribute that is not understood.
Result<Claims> read_assertion(const XmlElement& assertion, const ResponseRules& rules, WallMicros now, Checks& checks);

// Of a Subject or a LogoutRequest: NameID, or EncryptedID decrypted.   errors: kMalformed, kUnauthenticated,
// kUnsupported
Result<NameId> read_name_id(const XmlElement& holder, std::span<const SpKey> keys, CbcMode cbc, Checks& checks);

}  // namespace sallyport::sso::saml
