#include "cli/provider_documents.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/provider_checks.h"
#include "sso/provider_book.h"
#include "sso/saml_keys.h"
#include "storage/resource_draft.h"

namespace sallyport::cli {

Mistakes check_provider_documents(const std::vector<nlohmann::json>& documents, WallMicros now) {
  Mistakes out;
  for (size_t i = 0; i < documents.size(); ++i) {
    const auto resource = policy::read_resource(documents[i]);  // what does not read is told of by who applies it
    const auto* const provider = resource ? std::get_if<policy::IdentityProvider>(&resource->body) : nullptr;
    if (provider == nullptr || provider->type != policy::ProviderType::kSaml) continue;
    const auto complain = [&](const char* key, const Error& error) {
      out.push_back({storage::path_in(i, key), std::string("does not read: ") + error.what, "invalid_value", "", 0});
    };
    if (!provider->saml.metadata_signers_pem.empty())
      if (const auto signers = sso::saml::VerifyKey::from_pem(provider->saml.metadata_signers_pem); !signers)
        complain("saml.metadata_signers", signers.error());
    if (provider->saml.metadata_xml.empty() || !out.empty()) continue;
    if (const auto read = sso::read_metadata_of(*provider, "", now); !read) complain("saml.metadata", read.error());
  }
  return out;
}

void make_saml_key_for(Terminal& terminal, NodeParts& node, const std::vector<storage::PlannedChange>& changes) {
  const bool concerns = std::ranges::any_of(changes, [](const storage::PlannedChange& change) {
    return change.kind == policy::Kind::kIdentityProvider && change.sign != '-';
  });
  if (!concerns) return;
  const auto records = node.store->named_keys(sso::kSamlKeyPurpose);
  if (!records || !records->empty()) return;
  const WallMicros now = node.clock.wall();
  const auto material = sso::make_saml_key(now);
  const auto added = material ? sso::add_saml_key(*node.store, *node.keyring, *material, now, now, actor())
                              : std::unexpected(material.error());
  if (!added && added.error().code != Code::kConflict)
    warn(terminal, std::string("the gateway's SAML key could not be made yet: ") + added.error().what);
}

}  // namespace sallyport::cli
