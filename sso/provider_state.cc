#include "sso/provider_state.h"

#include "base/time_text.h"

namespace sallyport::sso {

ProviderState saml_provider_state(const std::optional<MetadataState>& known) {
  if (!known) return {.fine = true, .words = "its metadata was not needed yet", .certificates = {}};
  ProviderState out;
  out.fine = known->metadata != nullptr && known->problem.empty();
  if (!known->metadata)
    out.words = "it has no metadata: nobody signs in there";
  else if (count(known->fetched_at) == 0)
    out.words = "its metadata is that of the resource";
  else
    out.words = "its metadata is of " + show_time(known->fetched_at);
  if (!known->problem.empty()) out.words += "; the last attempt to get it failed: " + known->problem;
  if (!known->metadata) return out;
  for (const saml::VerifyKey& key : known->metadata->signing_keys)
    out.certificates.push_back({.use = "signs what the provider says", .not_after = key.expires_at()});
  return out;
}

}  // namespace sallyport::sso
