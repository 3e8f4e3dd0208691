// The assertion keys in the store: read, made, and one put in the other's place. Each is a named key whose sealed text
// is its private half and since when it signs (storage/SEAL_FORMAT.md), so that neither can be changed from outside,
// and what is published is computed from the private half: a row that somebody slipped in never is.
#pragma once

#include <string>
#include <vector>

#include "sso/assertion_keys.h"
#include "storage/keyring.h"
#include "storage/store.h"

namespace sallyport::sso {

constexpr const char* kAssertionKeyPurpose = "jwt-signing";
constexpr size_t kOpenedKeysMax = 64;     // the newest; older ones have left the published set
constexpr size_t kPublishedKeysMax = 32;  // then somebody who rolls over by hand has to wait

struct OpenedKeys {
  std::vector<AssertionKey> keys;  // as they were made
  std::vector<RecordId> refused;   // changed outside of this program
};
// records: of Store::named_keys(), in its order.   cost: about 20 us each.
OpenedKeys open_assertion_keys(const storage::Keyring& keyring, const std::vector<storage::NamedKeyRecord>& records);

enum class RollOver : uint8_t {
  kWhenDue,  // the key has signed for kKeySigns, and the next has been published for kPublishedFirst
  kNow,      // whatever upstreams have heard of
};

struct RolledOver {
  bool changed = false;
  storage::Generation generation{};
  std::string signs;                          // kid of the key that signs now
  std::string next;                           // and of the one in reserve
  std::chrono::microseconds published_for{};  // before it signed
};

// Blocking, in one commit with its administrative event. Makes what is missing: the first keys, or the one in reserve.
// errors: kLimit kPublishedKeysMax are published; kConflict others changed keys all the time; and the store's.
Result<RolledOver> roll_over(storage::Store& store, const storage::Keyring& keyring, WallMicros now, RollOver when,
                             const std::string& actor);

}  // namespace sallyport::sso
