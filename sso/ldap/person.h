// What a person's entry says of him. Pure.
#pragma once

#include "policy/identity_provider.h"
#include "sso/checks.h"
#include "sso/external_identity.h"
#include "sso/ldap/entry.h"

namespace sallyport::sso::ldap {

// The attribute that names somebody's groups where no search does.
std::string group_attribute(const policy::IdentityProvider& provider);

// All attributes that are read of a person, to be asked for by name, since some are operational (RFC 4512 s3.4).
std::vector<std::string> wanted_attributes(const policy::IdentityProvider& provider);

// Without groups. Subject: the configured attribute, else entryUUID, else objectGUID, with exactly one value; those of
// Active Directory that are bytes (objectGUID, objectSid) in hex. E-mail and name: the first value, or "".
// errors: kMalformed no subject, several, or text that is none.
Result<ExternalIdentity> person_in(const Entry& entry, const policy::ProviderAttributes& attributes, Checks& checks);

}  // namespace sallyport::sso::ldap
