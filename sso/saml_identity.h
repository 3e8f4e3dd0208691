// What a SAML assertion says of a person, read by the settings of its provider.
#pragma once

#include "base/result.h"
#include "policy/identity_provider.h"
#include "sso/external_identity.h"
#include "sso/saml/claims.h"

namespace sallyport::sso {

// The subject is attributes.subject, or the NameID; where that is a transient one, which is another each time (SAML
// Core s8.3.8), the e-mail address. claims: verified. errors: kDenied it has no subject, or one that is too long;
// kLimit too many groups.
Result<ExternalIdentity> identity_of_claims(const policy::IdentityProvider& provider, const saml::Claims& claims);

}  // namespace sallyport::sso
