#include "sso/saml_book.h"

#include "base/random.h"

namespace sallyport::sso {
namespace {

constexpr const char* kWhat = "metadata";

// A quarter more at most, so that the nodes of an installation do not ask at once.
std::chrono::microseconds with_jitter(std::chrono::microseconds time) {
  const auto random = random_bytes<1>();
  return time + time / 4 * static_cast<int>(random[0]) / 256;
}

std::unexpected<Error> without_metadata() {
  return fail(Code::kUnavailable, Side::kIdentityProvider, "there is no metadata of the provider that counts");
}

}  // namespace

Result<saml::ProviderMetadata> read_metadata_of(const policy::IdentityProvider& provider, std::string_view text,
                                                WallMicros now) {
  std::vector<saml::VerifyKey> signers;
  if (!provider.saml.metadata_signers_pem.empty()) {
    TRY(signers, saml::VerifyKey::from_pem(provider.saml.metadata_signers_pem));
  }
  return saml::read_provider_metadata(text, provider.saml.entity_id, signers, now);
}

SamlBook::State SamlBook::known(const policy::CompiledProvider& provider) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(provider.id);
  return found != states_.end() && found->second->version == provider.version ? found->second : nullptr;
}

SamlBook::State SamlBook::keep(const policy::CompiledProvider& provider, MetadataState state) {
  state.version = provider.version;
  if (!state.problem.empty())
    parts_.log.warning("provider_metadata", {{"provider", provider.name},
                                             {"reason", state.problem},
                                             {"going_on", state.metadata ? "with the last good one" : "no"}});
  auto kept = std::make_shared<const MetadataState>(std::move(state));
  const std::lock_guard lock(mutex_);
  states_[provider.id] = kept;
  return kept;
}

std::optional<MetadataState> SamlBook::state(const policy::CompiledProvider& provider) const {
  const State found = known(provider);
  return found ? std::optional(*found) : std::nullopt;
}

Result<std::string> SamlBook::fetch(const policy::CompiledProvider& provider) {
  FetchRequest request;
  TRY(request.url, parse_fetch_url(provider.spec.saml.metadata_url, Side::kIdentityProvider));
  request.headers.emplace_back("Accept", "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8");
  request.response_bytes_max = kMetadataBytesMax;
  request.ca_pem = provider.spec.network.ca_pem;
  request.networks = provider.spec.network.networks;
  request.side = Side::kIdentityProvider;
  TRY(FetchReply reply, parts_.fetcher.fetch(request));
  if (reply.status != 200)
    return fail(Code::kUnavailable, Side::kIdentityProvider, "the metadata's address did not answer with 200");
  return std::move(reply.body);
}

// From the resource, or asked for; else the last good one of this process, else the store's. The store is asked on its
// own thread by who awaits this: see metadata().
MetadataState SamlBook::look(const policy::CompiledProvider& provider, const State& before) {
  const WallMicros now = parts_.clock.wall();
  const Monotonic at = parts_.clock.monotonic();
  MetadataState out;
  const auto& settings = provider.spec.saml;
  const auto read = [&](std::string_view text) -> Result<void> {
    TRY(saml::ProviderMetadata metadata, read_metadata_of(provider.spec, text, now));
    out.metadata = std::make_shared<const saml::ProviderMetadata>(std::move(metadata));
    return {};
  };
  if (settings.metadata_url.empty()) {
    if (const auto done = read(settings.metadata_xml); !done) out.problem = done.error().what;
    out.next_attempt = Monotonic::max();
    return out;
  }
  const auto text = fetch(provider);
  const auto done = text ? read(*text) : std::unexpected(text.error());
  if (done) {
    out.fetched_at = now;
    out.next_attempt = at + with_jitter(kMetadataRefreshed);
    const storage::ProviderDocument document{provider.id, kWhat, settings.metadata_url, *text, now};
    const bool queued = parts_.store.submit([document, &log = parts_.log](storage::Store& store) {
      if (const auto put = store.commit({{storage::PutProviderDocument{document}}, {}}, {}); !put)
        log.warning("provider_metadata_not_kept", {{"reason", put.error().what}});
    });
    if (!queued) parts_.log.warning("provider_metadata_not_kept", {{"reason", "too much work is waiting"}});
    return out;
  }
  out.problem = done.error().what;
  out.next_attempt = at + with_jitter(kMetadataTriedAgain);
  if (before && before->metadata) {
    out.metadata = before->metadata;
    out.fetched_at = before->fetched_at;
  }
  return out;
}

Task<Result<std::shared_ptr<const saml::ProviderMetadata>>> SamlBook::metadata(
    Loop& home, const policy::CompiledProvider& provider) {
  const WallMicros now = parts_.clock.wall();
  State state = known(provider);
  if (!state || (!state->metadata && state->next_attempt <= parts_.clock.monotonic())) {
    Offload<MetadataState> looking(parts_.pool, home,
                                   [this, kept = provider.shared_from_this(), state] { return look(*kept, state); });
    CO_TRY(MetadataState fresh, co_await looking);
    if (!fresh.metadata && !provider.spec.saml.metadata_url.empty()) {
      auto reading = parts_.store.run<std::optional<storage::ProviderDocument>>(
          home, [id = provider.id](storage::Store& store) { return store.provider_document(id, kWhat); });
      const auto kept = co_await reading;
      // What was kept counts for the address it came from alone.
      if (kept && *kept && (*kept)->source == provider.spec.saml.metadata_url) {
        Offload<saml::ProviderMetadata> again(parts_.pool, home,
                                              [owned = provider.shared_from_this(), text = (*kept)->body, now] {
                                                return read_metadata_of(owned->spec, text, now);
                                              });
        auto read = co_await again;
        if (read) {
          fresh.metadata = std::make_shared<const saml::ProviderMetadata>(*std::move(read));
          fresh.fetched_at = (*kept)->fetched_at;
        }
      }
    }
    state = keep(provider, std::move(fresh));
  }
  if (!state->metadata) co_return without_metadata();
  if (state->metadata->valid_until && *state->metadata->valid_until <= now)
    co_return fail(Code::kUnavailable, Side::kIdentityProvider, "the provider's metadata is out of date");
  co_return state->metadata;
}

void SamlBook::refresh(std::shared_ptr<const policy::Snapshot> snapshot) {
  for (const auto& provider : snapshot->providers()) {
    if (provider->damaged || provider->spec.type != policy::ProviderType::kSaml) continue;
    if (provider->spec.saml.metadata_url.empty()) continue;
    const State state = known(*provider);
    if (state && state->next_attempt > parts_.clock.monotonic()) continue;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(under_way_[provider->id], true)) continue;
    }
    const bool queued = parts_.pool.submit([this, provider, state] {
      MetadataState fresh = look(*provider, state);
      // Without any, what the store has is read by the first who signs in.
      if (fresh.metadata || state) keep(*provider, std::move(fresh));
      const std::lock_guard lock(mutex_);
      under_way_.erase(provider->id);
    });
    if (queued) continue;
    const std::lock_guard lock(mutex_);
    under_way_.erase(provider->id);
  }
}

}  // namespace sallyport::sso
