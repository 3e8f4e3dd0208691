// What an identity provider's metadata says (SAML Metadata s2): where it is, and whose signature counts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sso/saml/keys.h"

namespace sallyport::sso::saml {

struct ProviderEndpoint {
  std::string location;           // https, or http on this machine (loopback)
  std::string response_location;  // of single logout: where answers go; the location, unless it is said
};

struct ProviderMetadata {
  std::string entity_id;
  std::vector<VerifyKey> signing_keys;  // 1 to 8
  bool wants_signed_requests = false;
  std::optional<ProviderEndpoint> sso_redirect;
  std::optional<ProviderEndpoint> sso_post;
  std::optional<ProviderEndpoint> slo_redirect;
  std::optional<ProviderEndpoint> slo_post;
  std::optional<WallMicros> valid_until;  // the earliest that is said around it
};

constexpr size_t kSigningKeysMax = 8;

// text: an EntityDescriptor, or an EntitiesDescriptor that has the wanted one, at most 4 MiB.
// wanted: its entityID; empty: the document's only one.   signers: keys of whoever vouches for the document; with any,
// the root has to be signed by one of them, and only what was digested is read. Without any, the caller vouches.
// errors: kMalformed, kTooLarge, kLimit; kUnauthenticated the signature; kNotFound no such entity; kDenied out of date;
// kUnsupported no sign-in endpoint or no key that is taken.
Result<ProviderMetadata> read_provider_metadata(std::string_view text, std::string_view wanted,
                                                std::span<const VerifyKey> signers, WallMicros now);

}  // namespace sallyport::sso::saml
