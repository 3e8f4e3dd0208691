#include "sso/provider_state.h"

#include "base/time_text.h"

namespace sallyport::sso {
namespace {

// what: "metadata", as a sentence goes on.
template <class State>
ProviderState state_of(const std::optional<State>& known, const std::string& what) {
  if (!known) return {.fine = true, .words = "its " + what + " was not needed yet", .certificates = {}};
  ProviderState out;
  out.fine = known->document != nullptr && !known->problem;
  if (!known->document)
    out.words = "it has no " + what + ": nobody signs in there";
  else if (count(known->fetched_at) == 0)
    out.words = "its " + what + " is that of the resource";
  else
    out.words = "its " + what + " is of " + show_time(known->fetched_at);
  if (known->problem) out.words += std::string("; the last attempt to get it failed: ") + known->problem->what;
  return out;
}

}  // namespace

ProviderState saml_provider_state(const std::optional<SamlBook::State>& known) {
  ProviderState out = state_of(known, "metadata");
  if (!known || !known->document) return out;
  for (const saml::VerifyKey& key : known->document->signing_keys)
    out.certificates.push_back({.use = "signs what the provider says", .not_after = key.expires_at()});
  return out;
}

ProviderState oidc_provider_state(const std::optional<OidcBook::State>& known) {
  return state_of(known, "discovery document");
}

}  // namespace sallyport::sso
