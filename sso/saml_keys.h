// The gateway's own SAML keys: one signs what is sent, all of them open what is encrypted for us, and all stand in our
// metadata, so that providers know the next one before it is used (SAML V2.0 Metadata Interoperability s2.5).
//
//   made, in the metadata --(kSamlKeyAnnounced, or `key rotate-saml --after`)--> signs --> the one before goes on
//     opening for kSamlKeyKept
//
// They are named keys of the store (storage/SEAL_FORMAT.md): the sealed text is since when the key signs, its
// certificate and its private half, so that none of it can be changed from outside.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/blocking_pool.h"
#include "sso/saml/keys.h"
#include "storage/keyring.h"
#include "storage/store.h"

namespace sallyport::sso {

constexpr const char* kSamlKeyPurpose = "saml-sp";
constexpr std::chrono::days kSamlKeyAnnounced{7};
constexpr std::chrono::days kSamlKeyKept{30};
constexpr size_t kSamlKeysMax = 8;
constexpr std::chrono::seconds kSamlKeysLookedAt{30};  // another node may have made one

struct SamlKey {
  RecordId id;
  WallMicros signs_from{};
  saml::SpKey key;
};

// The one that signs first. Immutable.
struct SamlKeys {
  std::vector<SamlKey> keys;
  std::vector<RecordId> refused;  // changed outside of this program
  const saml::SpKey& signing() const { return keys.front().key; }
  std::vector<saml::SpKey> all() const;
};

// records: of Store::named_keys(). What was replaced longer than kSamlKeyKept ago is left out.   cost: about 0.2 ms
// each
SamlKeys open_saml_keys(const storage::Keyring& keyring, const std::vector<storage::NamedKeyRecord>& records,
                        WallMicros now);

// cost: up to seconds; not for the store's thread
Result<saml::SpKey::Material> make_saml_key(WallMicros now);
// Blocking: it signs from then on; in one commit with its administrative event.
// errors: kLimit kSamlKeysMax are in use; kConflict others change keys or resources at this moment; and the store's.
Result<storage::Generation> add_saml_key(storage::Store& store, const storage::Keyring& keyring,
                                         const saml::SpKey::Material& material, WallMicros now, WallMicros signs_from,
                                         const std::string& actor);

// The keys as a running gateway uses them; makes the first one when it is asked for it. Any thread.
class SamlKeySource {
 public:
  SamlKeySource(storage::StoreThread& store, BlockingPool& pool, const storage::Keyring& keyring, const Clock& clock)
      : store_(store), pool_(pool), keyring_(keyring), clock_(clock) {}
  Task<Result<std::shared_ptr<const SamlKeys>>> keys(Loop& home);

 private:
  using Keys = std::shared_ptr<const SamlKeys>;
  // With a key to add if there is none.
  // A job of the store, which may outlive this object.
  static Result<Keys> read(storage::Store& store, const storage::Keyring& keyring, const Clock& clock,
                           const saml::SpKey::Material* first);

  storage::StoreThread& store_;
  BlockingPool& pool_;
  const storage::Keyring& keyring_;
  const Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<const SamlKeys> known_;
  Monotonic looked_at_{};
};

}  // namespace sallyport::sso
