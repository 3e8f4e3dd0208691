// Our own metadata (SAML Metadata s2.4.4), which an administrator gives to the provider.
#pragma once

#include <span>
#include <string>

#include "sso/saml/keys.h"

namespace sallyport::sso::saml {

struct SpMetadata {
  std::string entity_id;
  std::string consumer_url;  // POST
  std::string logout_url;    // Redirect and POST
  bool signs_requests = true;
};

// keys: each is offered for signing and for encryption; the second of a roll-over, too, so that the provider knows it
// before it is used. The provider's answers are to be signed.   returns: without a declaration, unsigned
std::string sp_metadata_xml(const SpMetadata& metadata, std::span<const SpKey> keys);

}  // namespace sallyport::sso::saml
