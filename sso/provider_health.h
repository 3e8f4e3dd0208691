// Everything that can be found out about an identity provider without a person: `sallyport sso test NAME`. Blocks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fetch.h"
#include "policy/snapshot.h"
#include "sso/checks.h"

namespace sallyport::sso {

constexpr std::chrono::days kCertificateSoon{30};

struct ProviderHealth {
  Checks checks;
  std::vector<std::string> hints;  // nothing is wrong with these, and somebody may wonder: in plain words
  bool passed() const;
};

struct HealthParts {
  Fetcher& fetcher;
  const Clock& clock;
  http::Url gate;
  SecretBytes secret;  // secrets.client_secret or bind_password; empty: there is none
};
ProviderHealth check_provider_health(const policy::CompiledProvider& provider, HealthParts parts);

}  // namespace sallyport::sso
