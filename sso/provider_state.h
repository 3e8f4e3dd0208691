// What is known of an identity provider, in words for admins, and the certificates of its that end.
#pragma once

#include <optional>

#include "sso/provider_book.h"
#include "sso/provider_page.h"

namespace sallyport::sso {

// known: nothing was asked for yet.
ProviderState saml_provider_state(const std::optional<SamlBook::State>& known);
ProviderState oidc_provider_state(const std::optional<OidcBook::State>& known);

}  // namespace sallyport::sso
