// The keys that providers sign with, as long as they may be used without asking again. One for the process; any
// thread, several at once. Blocks while it fetches: for a thread of the BlockingPool.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/digest.h"
#include "base/fetch.h"
#include "policy/identity_provider.h"
#include "sso/checks.h"
#include "sso/jose_verify.h"

namespace sallyport::sso::oidc {

constexpr std::chrono::seconds kKeysAgeMin{5 * 60};     // Cache-Control may say less
constexpr std::chrono::seconds kKeysAgeUsual{60 * 60};  // and may say nothing
constexpr std::chrono::seconds kKeysAgeMax{24 * 60 *
                                           60};       // and more; old ones serve until then while the provider is away
constexpr std::chrono::seconds kKeysPause{60};        // between two questions because of an unknown key
constexpr std::chrono::seconds kKeysFailurePause{5};  // after one that failed
constexpr size_t kKeyHoldersMax = 1000;               // providers

// How long Cache-Control lets keys be used (RFC 9111 s5.2.2), within the bounds above.
std::chrono::seconds keys_age(std::string_view cache_control);

class ProviderKeys {
 public:
  explicit ProviderKeys(const Clock& clock) : clock_(clock) {}
  ProviderKeys(const ProviderKeys&) = delete;
  ProviderKeys& operator=(const ProviderKeys&) = delete;

  // A set that has a key for `wanted`, if the provider has one: asked for when none is held, when what is held is too
  // old, or when it lacks that key, the last at most once in kKeysPause. The set may lack it: verify_jws() says so.
  // errors: of fetch_ok() and read_jwk_set(), when nothing is held that still counts.
  Result<std::shared_ptr<const JwkSet>> keys_for(Fetcher& fetcher, const std::string& provider,
                                                 const policy::ProviderNetwork& network, const http::Url& jwks_uri,
                                                 const JwsHeader& wanted, Checks& checks);

 private:
  struct Holder {
    std::mutex fetching;  // held while the provider is asked: one at a time
    std::mutex held;      // of all below
    Sha256 source{};      // where from, and whom it was believed
    std::shared_ptr<const JwkSet> keys;
    Monotonic fetched{};
    Monotonic good_until{};
    std::optional<Monotonic> no_sooner_than;
  };
  Result<Holder*> holder_of(const std::string& provider);
  std::shared_ptr<const JwkSet> usable(Holder& holder, const Sha256& source, const JwsHeader& wanted);

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Holder>, std::less<>> holders_;
};

}  // namespace sallyport::sso::oidc
