#include "sso/oidc/provider_keys.h"

#include <algorithm>
#include <charconv>

#include "base/http/field.h"
#include "sso/oidc/provider_fetch.h"

namespace sallyport::sso::oidc {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;

Sha256 source_of(const policy::ProviderNetwork& network, const http::Url& jwks_uri) {
  std::string networks;
  for (const Cidr& each : network.networks) networks.append(each.to_string()).append(" ");
  const std::string url = jwks_uri.to_string();
  const std::byte end[1]{};
  return sha256({as_bytes(url), end, as_bytes(networks), end, as_bytes(network.ca_pem)});
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct FetchedKeys {
  std::shared_ptr<const JwkSet> keys;
  std::chrono::seconds age;
};

Result<FetchedKeys> fetch_keys(Fetcher& fetcher, const policy::ProviderNetwork& network, const http::Url& jwks_uri,
                               Checks& checks) {
  TRY(const FetchReply reply,
      fetch_ok(fetcher, request_to(jwks_uri, network, kJwkSetBytesMax), "provider's keys", checks));
  TRY(JwkSet set, checks.note("key set", "a list of keys", read_jwk_set(reply.body)));
  CHECKED(checks.require(!set.keys.empty(), "usable keys", "at least one",
                         std::to_string(set.keys.size()) + ", " + std::to_string(set.broken) + " broken, " +
                             std::to_string(set.foreign) + " of other kinds",
                         {Code::kUnsupported, kFrom, "provider has no key that is taken"}));
  return FetchedKeys{std::make_shared<const JwkSet>(std::move(set)), keys_age(reply.cache_control)};
}

}  // namespace

std::chrono::seconds keys_age(std::string_view cache_control) {
  std::chrono::seconds out = kKeysAgeUsual;
  while (!cache_control.empty()) {
    const std::string_view each = cache_control.substr(0, cache_control.find(','));
    cache_control.remove_prefix(std::min(each.size() + 1, cache_control.size()));
    const std::string_view directive = trimmed(each);
    if (http::iequals(directive, "no-store") || http::iequals(directive, "no-cache")) return kKeysAgeMin;
    const size_t equals = directive.find('=');
    if (equals == directive.npos || !http::iequals(directive.substr(0, equals), "max-age")) continue;
    const std::string_view digits = directive.substr(equals + 1);
    uint64_t seconds = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (error == std::errc::result_out_of_range) return kKeysAgeMax;
    if (error != std::errc() || end != digits.data() + digits.size()) continue;
    const auto max = static_cast<uint64_t>(kKeysAgeMax.count());
    out = std::chrono::seconds(static_cast<int64_t>(std::min(seconds, max)));
  }
  return std::clamp(out, kKeysAgeMin, kKeysAgeMax);
}

Result<ProviderKeys::Holder*> ProviderKeys::holder_of(const std::string& provider) {
  const std::lock_guard lock(mutex_);
  if (const auto found = holders_.find(provider); found != holders_.end()) return found->second.get();
  if (holders_.size() >= kKeyHoldersMax) return fail(Code::kLimit, Side::kSelf, "too many providers");
  return holders_.emplace(provider, std::make_unique<Holder>()).first->second.get();
}

// What answers without asking the provider; null: it has to be asked.
std::shared_ptr<const JwkSet> ProviderKeys::usable(Holder& holder, const Sha256& source, const JwsHeader& wanted) {
  const std::lock_guard lock(holder.held);
  const Monotonic now = clock_.monotonic();
  if (holder.source != source) {  // the provider's resource was changed: what is held is of somebody else
    holder.source = source;
    holder.keys = nullptr;
    holder.no_sooner_than.reset();
  }
  if (holder.keys == nullptr) return nullptr;
  if (now < holder.good_until && find_jwk(*holder.keys, wanted) != nullptr) return holder.keys;
  const bool paused = holder.no_sooner_than && now < *holder.no_sooner_than;
  return paused && now < holder.fetched + kKeysAgeMax ? holder.keys : nullptr;
}

Result<std::shared_ptr<const JwkSet>> ProviderKeys::keys_for(Fetcher& fetcher, const std::string& provider,
                                                             const policy::ProviderNetwork& network,
                                                             const http::Url& jwks_uri, const JwsHeader& wanted,
                                                             Checks& checks) {
  const Sha256 source = source_of(network, jwks_uri);
  TRY(Holder* const holder, holder_of(provider));
  if (auto keys = usable(*holder, source, wanted)) return keys;
  const std::lock_guard one_at_a_time(holder->fetching);
  if (auto keys = usable(*holder, source, wanted)) return keys;  // somebody else has asked meanwhile
  bool known = false;
  {
    const std::lock_guard lock(holder->held);
    known = holder->keys != nullptr;
    if (!known && holder->no_sooner_than && clock_.monotonic() < *holder->no_sooner_than)
      return fail(Code::kUnavailable, kFrom, "provider's keys could not be had a moment ago");
  }
  auto fetched = fetch_keys(fetcher, network, jwks_uri, checks);
  const std::lock_guard lock(holder->held);
  const bool still = holder->source == source;  // else the resource was changed while its old provider was asked
  const Monotonic now = clock_.monotonic();
  if (fetched && still) {
    holder->keys = fetched->keys;
    holder->fetched = now;
    holder->good_until = now + fetched->age;
    // The first set of a provider costs nothing: whoever changes its keys right then is asked again at once.
    if (known) holder->no_sooner_than = now + kKeysPause;
  }
  if (fetched) return fetched->keys;
  if (!still) return std::unexpected(fetched.error());
  holder->no_sooner_than = now + kKeysFailurePause;
  if (holder->keys != nullptr && now < holder->fetched + kKeysAgeMax) return holder->keys;
  holder->keys = nullptr;
  return std::unexpected(fetched.error());
}

}  // namespace sallyport::sso::oidc
