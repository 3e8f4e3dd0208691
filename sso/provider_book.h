// What providers say of themselves, as it counts now: SAML metadata, the document of OpenID Connect's discovery. It
// stands in the resource, or is asked for at its address, now and then again; the last good one is kept in the store
// for when the provider does not answer. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/blocking_pool.h"
#include "base/fetch.h"
#include "base/log.h"
#include "policy/snapshot.h"
#include "sso/oidc/provider_document.h"
#include "sso/saml/provider_metadata.h"
#include "storage/store.h"

namespace sallyport::sso {

constexpr std::chrono::hours kDocumentRefreshed{4};     // with up to a quarter more, by chance
constexpr std::chrono::minutes kDocumentTriedAgain{5};  // after a failure, likewise
constexpr std::chrono::minutes kDocumentHurried{1};     // not more often because somebody shows an unknown key
constexpr size_t kMetadataBytesMax = size_t{4} << 20;

// How one kind of document is come by.
template <class Document>
struct DocumentKind {
  const char* what;  // in the store and the log
  policy::ProviderType type;
  std::string (*address)(const policy::IdentityProvider& provider);  // "": it stands in the resource
  Result<std::string> (*fetch)(Fetcher& fetcher, const policy::IdentityProvider& provider);  // blocks
  // text: "" where it stands in the resource
  Result<Document> (*read)(const policy::IdentityProvider& provider, std::string_view text, WallMicros now);
  bool (*counts)(const Document& document, WallMicros now);
};
extern const DocumentKind<saml::ProviderMetadata> kSamlMetadata;
extern const DocumentKind<oidc::ProviderDocument> kOidcDiscovery;

template <class Document>
class ProviderBook {
 public:
  struct Parts {
    storage::StoreThread& store;
    BlockingPool& pool;  // asks and reads
    Fetcher& fetcher;
    const Clock& clock;
    Log& log;
  };
  struct State {
    std::shared_ptr<const Document> document;  // null: there is none
    uint64_t version = 0;                      // of the record it was made for
    WallMicros fetched_at{};                   // 0: it stands in the resource
    std::optional<Error> problem;              // of the last attempt
    Monotonic next_attempt{};
  };
  ProviderBook(Parts parts, const DocumentKind<Document>& kind) : parts_(std::move(parts)), kind_(kind) {}

  // errors: kUnavailable there is none that counts, and why the last attempt to get one failed.
  // provider: stays in the caller's snapshot.
  Task<Result<std::shared_ptr<const Document>>> document(Loop& home, const policy::CompiledProvider& provider);
  // As it is known now, for pages; nothing: not asked for yet.
  std::optional<State> state(const policy::CompiledProvider& provider) const;
  // What is known did not do: it is due now, if it was not asked for just before.
  void hurry(const policy::CompiledProvider& provider);
  // Asks all that are due again. To be called now and then; never waits.
  void refresh(const policy::Snapshot& snapshot);

 private:
  using Kept = std::shared_ptr<const State>;
  Kept known(const policy::CompiledProvider& provider) const;
  Kept keep(const policy::CompiledProvider& provider, State state);
  State look(const policy::CompiledProvider& provider, const Kept& before);  // blocks
  void put_into_store(const policy::CompiledProvider& provider, std::string source, std::string text, WallMicros now);

  Parts parts_;
  const DocumentKind<Document>& kind_;
  mutable std::mutex mutex_;
  std::map<RecordId, Kept> states_;
  std::map<RecordId, bool> under_way_;
};

extern template class ProviderBook<saml::ProviderMetadata>;
extern template class ProviderBook<oidc::ProviderDocument>;
using SamlBook = ProviderBook<saml::ProviderMetadata>;
using OidcBook = ProviderBook<oidc::ProviderDocument>;

// Of settings and signers as the resource says.   errors: those of read_provider_metadata(), and of the signers' PEM.
Result<saml::ProviderMetadata> read_metadata_of(const policy::IdentityProvider& provider, std::string_view text,
                                                WallMicros now);

}  // namespace sallyport::sso
