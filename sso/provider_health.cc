#include "sso/provider_health.h"

#include <algorithm>

#include "base/time_text.h"
#include "sso/ldap/host_lookup.h"
#include "sso/ldap/ldap_check.h"
#include "sso/oidc/provider_check.h"
#include "sso/oidc_sign_in.h"
#include "sso/provider_book.h"

namespace sallyport::sso {
namespace {

// Not a failure: with most providers somebody else renews it. One that is over fails where it is used.
void check_end(ProviderHealth& health, const char* name, WallMicros ends, WallMicros now) {
  if (ends <= now + kCertificateSoon) health.hints.push_back(std::string(name) + " ends " + show_time(ends));
}

// Does anybody answer there? With which status does not matter: nothing was asked.
void check_endpoint(ProviderHealth& health, const char* name, const std::string& location, const HealthParts& parts,
                    const policy::CompiledProvider& provider) {
  const auto url = parse_fetch_url(location, Side::kIdentityProvider);
  if (!url) return;
  FetchRequest request;
  request.url = *url;
  request.ca_pem = provider.spec.network.ca_pem;
  request.networks = provider.spec.network.networks;
  request.side = Side::kIdentityProvider;
  request.response_bytes_max = size_t{1} << 20;
  const auto reply = parts.fetcher.fetch(request);
  const std::string found =
      reply ? url->host + " answers with " + std::to_string(reply->status) : url->host + ": " + reply.error().what;
  // People's browsers go there, and they may reach what this machine does not.
  if (reply)
    health.checks.add(true, name, "an answer", found);
  else
    health.hints.push_back(std::string(name) + " could not be reached from here (" + found +
                           "); browsers have to reach it, this gateway does not");
}

void check_saml(ProviderHealth& health, const policy::CompiledProvider& provider, const HealthParts& parts) {
  const WallMicros now = parts.clock.wall();
  std::string text;
  if (!provider.spec.saml.metadata_url.empty()) {
    auto fetched = health.checks.note("metadata fetched", "200 from saml.metadata",
                                      kSamlMetadata.fetch(parts.fetcher, provider.spec));
    if (!fetched) return;
    text = *std::move(fetched);
  }
  const auto metadata = health.checks.note("metadata read", "a provider's metadata that counts",
                                           kSamlMetadata.read(provider.spec, text, now));
  if (!metadata) return;
  health.checks.add(true, "provider", "an entity", metadata->entity_id);
  for (const saml::VerifyKey& key : metadata->signing_keys)
    check_end(health, "the certificate it signs with", key.expires_at(), now);
  if (metadata->valid_until) check_end(health, "its metadata", *metadata->valid_until, now);
  const bool redirect = metadata->sso_redirect.has_value();
  health.checks.add(redirect || metadata->sso_post, "place to sign in", "Redirect or POST",
                    redirect             ? "Redirect"
                    : metadata->sso_post ? "POST"
                                         : "none");
  if (redirect) check_endpoint(health, "the place to sign in", metadata->sso_redirect->location, parts, provider);
  if (!metadata->slo_redirect && !metadata->slo_post)
    health.hints.emplace_back("it names no place to sign out: a sign-out here ends nothing there");
  if (metadata->wants_signed_requests && !provider.spec.saml.sign_requests)
    health.hints.emplace_back("it wants requests to be signed, and so they are, whatever sign_requests says");
}

void check_ldap(ProviderHealth& health, const policy::CompiledProvider& provider, const HealthParts& parts) {
  ldap::SystemLookup lookup;
  const auto directory =
      health.checks.note("settings", "servers and authorities that read",
                         ldap::Directory::make(provider.spec.ldap, provider.spec.network, lookup, parts.clock));
  if (!directory) return;
  const ldap::LdapHealth found = ldap::ldap_check(**directory, parts.secret);
  for (const ldap::LdapHealth::Server& server : found.servers) {
    health.checks.append(server.checks);
    if (server.certificate_ends)
      check_end(health, "a server's certificate", *server.certificate_ends, parts.clock.wall());
  }
}

}  // namespace

bool ProviderHealth::passed() const { return std::ranges::all_of(checks.list(), &Check::passed); }

ProviderHealth check_provider_health(const policy::CompiledProvider& provider, HealthParts parts) {
  ProviderHealth out;
  switch (provider.spec.type) {
    case policy::ProviderType::kSaml:
      check_saml(out, provider, parts);
      break;
    case policy::ProviderType::kOidc: {
      const oidc::ProviderReport report =
          oidc::check_provider(parts.fetcher, provider.spec, parts.secret,
                               oidc_urls(parts.gate, provider.name).redirect, parts.clock.wall());
      out.checks.append(report.checks);
      break;
    }
    case policy::ProviderType::kLdap:
      check_ldap(out, provider, parts);
      break;
  }
  const policy::IdentityProvider& spec = provider.spec;
  if (spec.domains.empty())
    out.hints.emplace_back("no domains: nobody is known by an e-mail address, only by links that are there");
  if (!spec.provision) out.hints.emplace_back("provision is off: who has no account here is refused");
  return out;
}

}  // namespace sallyport::sso
