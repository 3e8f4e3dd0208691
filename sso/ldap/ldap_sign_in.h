// Signing in with a name and a password that a directory knows: search as bind_dn, bind as the one entry that was
// found, and only then read what it says. Blocks: for a thread of a BlockingPool.
#pragma once

#include <string_view>

#include "policy/identity_provider.h"
#include "sso/external_identity.h"
#include "sso/ldap/directory.h"
#include "sso/shared_buckets.h"

namespace sallyport::sso::ldap {

constexpr size_t kTypedNameBytesMax = 256;
constexpr int kTimeoutsOfOneSignIn = 4;  // so many times settings.timeout, whatever is asked of whom

struct LdapVerdict {
  Result<ExternalIdentity> identity;
  Checks checks;  // of a failure, the last one says why
};

// How often the password of one entry may be tried, whatever was typed to find it. Every bind that the directory
// refuses counts.
struct EntryAttempts {
  SharedBuckets& buckets;
  std::string whose;  // of each that is told apart here, an entry has a bucket of its own
};

// directory: made of provider.ldap and provider.network. typed_user: as typed. An empty password, or one of zero bytes
// alone, is refused before anything is asked.
// errors: kDenied wrong name or password, one Error for both; kMalformed no name that anybody could have, or an entry
// that cannot be read; kLimit the entry was tried too often, or an answer is too long; kUnavailable no server answers,
// bind_dn is refused, or a search is.
LdapVerdict ldap_sign_in(Directory& directory, const policy::IdentityProvider& provider, std::string_view typed_user,
                         const SecretBytes& password, const SecretBytes& bind_password, EntryAttempts attempts);

}  // namespace sallyport::sso::ldap
