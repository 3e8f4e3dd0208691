// The metadata of SAML providers as it counts now: from the resource itself, or from its URL, asked again now and then,
// with the last good document kept in the store for when the provider does not answer. Any thread.
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
#include "sso/saml/provider_metadata.h"
#include "storage/store.h"

namespace sallyport::sso {

constexpr std::chrono::hours kMetadataRefreshed{4};     // with up to a quarter more, by chance
constexpr std::chrono::minutes kMetadataTriedAgain{5};  // after a failure
constexpr size_t kMetadataBytesMax = size_t{4} << 20;

struct MetadataState {
  std::shared_ptr<const saml::ProviderMetadata> metadata;  // null: there is none
  uint64_t version = 0;                                    // of the record it was made for
  WallMicros fetched_at{};                                 // 0: it stands in the resource
  std::string problem;                                     // of the last attempt; empty: it went well
  Monotonic next_attempt{};
};

class SamlBook {
 public:
  struct Parts {
    storage::StoreThread& store;
    BlockingPool& pool;  // asks and reads
    Fetcher& fetcher;
    const Clock& clock;
    Log& log;
  };
  explicit SamlBook(Parts parts) : parts_(std::move(parts)) {}

  // errors: kUnavailable there is none, with what is wrong in `what`; and those of read_provider_metadata().
  // provider: stays in the caller's snapshot.
  Task<Result<std::shared_ptr<const saml::ProviderMetadata>>> metadata(Loop& home,
                                                                       const policy::CompiledProvider& provider);
  // As it is known now, for pages; nothing: not asked for yet.
  std::optional<MetadataState> state(const policy::CompiledProvider& provider) const;

  // Asks all that are due again. To be called every minute; never waits.
  void refresh(std::shared_ptr<const policy::Snapshot> snapshot);

 private:
  using State = std::shared_ptr<const MetadataState>;
  State known(const policy::CompiledProvider& provider) const;
  State keep(const policy::CompiledProvider& provider, MetadataState state);
  // Blocking.
  MetadataState look(const policy::CompiledProvider& provider, const State& before);
  Result<std::string> fetch(const policy::CompiledProvider& provider);

  Parts parts_;
  mutable std::mutex mutex_;
  std::map<RecordId, State> states_;
  std::map<RecordId, bool> under_way_;
};

// Blocking, without a book: what `sso test` does.   errors: as above.
Result<saml::ProviderMetadata> read_metadata_of(const policy::IdentityProvider& provider, std::string_view text,
                                                WallMicros now);

}  // namespace sallyport::sso
