// What is known of an identity provider, in words for admins.
#pragma once

#include <optional>

#include "sso/provider_page.h"
#include "sso/saml_book.h"

namespace sallyport::sso {

// known: nothing was asked for yet.
ProviderState saml_provider_state(const std::optional<MetadataState>& known);

}  // namespace sallyport::sso
