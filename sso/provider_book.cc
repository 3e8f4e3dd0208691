#include "sso/provider_book.h"

#include "base/random.h"

namespace sallyport::sso {
namespace {

// A quarter more at most, so that the nodes of an installation do not ask at once.
std::chrono::microseconds with_jitter(std::chrono::microseconds time) {
  const auto random = random_bytes<1>();
  return time + time / 4 * static_cast<int>(random[0]) / 256;
}

Result<std::string> fetch_metadata(Fetcher& fetcher, const policy::IdentityProvider& provider) {
  FetchRequest request;
  TRY(request.url, parse_fetch_url(provider.saml.metadata_url, Side::kIdentityProvider));
  request.headers.emplace_back("Accept", "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8");
  request.response_bytes_max = kMetadataBytesMax;
  request.ca_pem = provider.network.ca_pem;
  request.networks = provider.network.networks;
  request.side = Side::kIdentityProvider;
  TRY(FetchReply reply, fetcher.fetch(request));
  if (reply.status == 200) return std::move(reply.body);
  return fail(Code::kUnavailable, Side::kIdentityProvider, "the metadata's address did not answer with 200");
}

Result<std::string> fetch_discovery(Fetcher& fetcher, const policy::IdentityProvider& provider) {
  Checks checks;
  TRY(oidc::FetchedDocument fetched, oidc::fetch_provider_document(fetcher, provider, checks));
  return std::move(fetched.text);
}

Result<oidc::ProviderDocument> read_discovery(const policy::IdentityProvider& provider, std::string_view text,
                                              WallMicros) {
  Checks checks;
  return oidc::read_provider_document(text, provider.oidc, checks);
}

}  // namespace

Result<saml::ProviderMetadata> read_metadata_of(const policy::IdentityProvider& provider, std::string_view text,
                                                WallMicros now) {
  std::vector<saml::VerifyKey> signers;
  if (!provider.saml.metadata_signers_pem.empty()) {
    TRY(signers, saml::VerifyKey::from_pem(provider.saml.metadata_signers_pem));
  }
  const std::string_view document = provider.saml.metadata_url.empty() ? provider.saml.metadata_xml : text;
  return saml::read_provider_metadata(document, provider.saml.entity_id, signers, now);
}

const DocumentKind<saml::ProviderMetadata> kSamlMetadata{
    "metadata",
    policy::ProviderType::kSaml,
    [](const policy::IdentityProvider& provider) { return provider.saml.metadata_url; },
    fetch_metadata,
    read_metadata_of,
    [](const saml::ProviderMetadata& metadata, WallMicros now) {
      return !metadata.valid_until || *metadata.valid_until > now;
    }};

const DocumentKind<oidc::ProviderDocument> kOidcDiscovery{
    "discovery",
    policy::ProviderType::kOidc,
    [](const policy::IdentityProvider& provider) { return provider.oidc.issuer; },
    fetch_discovery,
    read_discovery,
    [](const oidc::ProviderDocument&, WallMicros) { return true; }};

template <class Document>
typename ProviderBook<Document>::Kept ProviderBook<Document>::known(const policy::CompiledProvider& provider) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(provider.id);
  return found != states_.end() && found->second->version == provider.version ? found->second : nullptr;
}

template <class Document>
typename ProviderBook<Document>::Kept ProviderBook<Document>::keep(const policy::CompiledProvider& provider,
                                                                   State state) {
  state.version = provider.version;
  if (state.problem)
    parts_.log.warning("provider_document", {{"provider", provider.name},
                                             {"what", kind_.what},
                                             {"reason", state.problem->what},
                                             {"going_on", state.document ? "with the last good one" : "without"}});
  auto kept = std::make_shared<const State>(std::move(state));
  const std::lock_guard lock(mutex_);
  states_[provider.id] = kept;
  return kept;
}

template <class Document>
std::optional<typename ProviderBook<Document>::State> ProviderBook<Document>::state(
    const policy::CompiledProvider& provider) const {
  const Kept found = known(provider);
  return found ? std::optional(*found) : std::nullopt;
}

template <class Document>
void ProviderBook<Document>::put_into_store(const policy::CompiledProvider& provider, std::string source,
                                            std::string text, WallMicros now) {
  storage::ProviderDocument document{provider.id, kind_.what, std::move(source), std::move(text), now};
  const bool queued = parts_.store.submit([document = std::move(document), &log = parts_.log](storage::Store& store) {
    if (const auto put = store.commit({{storage::PutProviderDocument{document}}, {}}, {}); !put)
      log.warning("provider_document_not_kept", {{"reason", put.error().what}});
  });
  if (!queued) parts_.log.warning("provider_document_not_kept", {{"reason", "too much work is waiting"}});
}

// From the resource, or asked for; else what this process has.
template <class Document>
typename ProviderBook<Document>::State ProviderBook<Document>::look(const policy::CompiledProvider& provider,
                                                                    const Kept& before) {
  const WallMicros now = parts_.clock.wall();
  const Monotonic at = parts_.clock.monotonic();
  State out;
  const auto read = [&](std::string_view text) -> Result<void> {
    TRY(Document document, kind_.read(provider.spec, text, now));
    out.document = std::make_shared<const Document>(std::move(document));
    return {};
  };
  const std::string address = kind_.address(provider.spec);
  if (address.empty()) {
    if (const auto done = read(""); !done) out.problem = done.error();
    out.next_attempt = Monotonic::max();
    return out;
  }
  auto text = kind_.fetch(parts_.fetcher, provider.spec);
  const Result<void> done = text ? read(*text) : std::unexpected(text.error());
  if (done) {
    out.fetched_at = now;
    out.next_attempt = at + with_jitter(kDocumentRefreshed);
    put_into_store(provider, address, *std::move(text), now);
    return out;
  }
  out.problem = done.error();
  out.next_attempt = at + with_jitter(kDocumentTriedAgain);
  if (before) {
    out.document = before->document;
    out.fetched_at = before->fetched_at;
  }
  return out;
}

template <class Document>
Task<Result<std::shared_ptr<const Document>>> ProviderBook<Document>::document(
    Loop& home, const policy::CompiledProvider& provider) {
  const WallMicros now = parts_.clock.wall();
  Kept state = known(provider);
  if (!state || (!state->document && state->next_attempt <= parts_.clock.monotonic())) {
    Offload<State> looking(
        parts_.pool, home,
        [this, owned = provider.shared_from_this(), state]() -> Result<State> {
          if (const Kept now = known(*owned); now && now != state) return *now;  // others have looked while this waited
          return look(*owned, state);
        },
        Turn::kInOrder, provider.id);
    CO_TRY(State fresh, co_await looking);
    const std::string address = kind_.address(provider.spec);
    if (!fresh.document && !address.empty()) {
      auto reading = parts_.store.template run<std::optional<storage::ProviderDocument>>(
          home,
          [id = provider.id, what = kind_.what](storage::Store& store) { return store.provider_document(id, what); });
      const auto kept = co_await reading;
      // What was kept counts for the address it came from alone.
      if (kept && *kept && (*kept)->source == address) {
        Offload<Document> again(
            parts_.pool, home,
            [this, owned = provider.shared_from_this(), text = (*kept)->body, now] {
              return kind_.read(owned->spec, text, now);
            },
            Turn::kInOrder, provider.id);
        auto read = co_await again;
        if (read) {
          fresh.document = std::make_shared<const Document>(*std::move(read));
          fresh.fetched_at = (*kept)->fetched_at;
        }
      }
    }
    state = keep(provider, std::move(fresh));
  }
  if (!state->document)
    co_return fail(Code::kUnavailable, Side::kIdentityProvider,
                   state->problem ? state->problem->what : "nothing is known of the provider that counts");
  if (!kind_.counts(*state->document, now))
    co_return fail(Code::kUnavailable, Side::kIdentityProvider, "what is known of the provider is out of date");
  co_return state->document;
}

template <class Document>
void ProviderBook<Document>::hurry(const policy::CompiledProvider& provider) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(provider.id);
  if (found == states_.end() || found->second->fetched_at + kDocumentHurried > parts_.clock.wall()) return;
  if (found->second->next_attempt == Monotonic::max()) return;  // it stands in the resource
  if (found->second->problem) return;                           // it has just failed, and waits
  State due = *found->second;
  due.next_attempt = std::min(due.next_attempt, parts_.clock.monotonic());
  found->second = std::make_shared<const State>(std::move(due));
}

template <class Document>
void ProviderBook<Document>::refresh(const policy::Snapshot& snapshot) {
  for (const auto& provider : snapshot.providers()) {
    if (provider->damaged || provider->spec.type != kind_.type || kind_.address(provider->spec).empty()) continue;
    const Kept state = known(*provider);
    if (state && state->next_attempt > parts_.clock.monotonic()) continue;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(under_way_[provider->id], true)) continue;
    }
    const auto done = [this, id = provider->id] {
      const std::lock_guard lock(mutex_);
      under_way_.erase(id);
    };
    const bool queued = parts_.pool.submit(
        [this, provider, state, done] {
          State fresh = look(*provider, state);
          // Without any, what the store has is read by the first who signs in.
          if (fresh.document || state) keep(*provider, std::move(fresh));
          done();
        },
        Turn::kInOrder, provider->id);
    if (!queued) done();
  }
}

template class ProviderBook<saml::ProviderMetadata>;
template class ProviderBook<oidc::ProviderDocument>;

}  // namespace sallyport::sso
