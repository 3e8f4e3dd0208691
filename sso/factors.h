// A person's second factors. They are one sealed field, "factors", of the user's record: under the row's MAC and the
// epochs, so that neither an edited nor a rolled-back row loses or exchanges one. How each was used last is beside it
// (storage::FactorUse). A user has factors exactly if the field is there; policy::CompiledUser knows.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/task.h"
#include "policy/snapshot.h"
#include "storage/key_holder.h"
#include "storage/store.h"

namespace sallyport::sso {

constexpr size_t kTotpMax = 5;
constexpr size_t kPasskeysMax = 20;
constexpr size_t kRecoveryCodes = 10;
constexpr size_t kFactorNameBytesMax = 60;
constexpr size_t kTotpSecretBytes = 20;         // RFC 4226 s4 R6
constexpr size_t kUserHandleBytes = 32;         // of at most 64 (Web Authentication s5.4.3)
constexpr size_t kCredentialIdBytesMax = 1023;  // Web Authentication s4
constexpr size_t kPublicKeyBytesMax = 640;      // an RSA key of 4096 bits has 531
constexpr size_t kTransportsMax = 8;
constexpr size_t kTransportBytesMax = 32;

struct TotpFactor {
  RecordId id;
  std::string name;
  SecretBytes secret;  // kTotpSecretBytes random ones
  WallMicros created_at{};
};

struct Passkey {
  RecordId id;
  std::string name;
  Bytes credential_id;
  Bytes public_key;  // COSE_Key
  bool resident = false;
  bool verifies_user = false;
  std::vector<std::string> transports;
  uint32_t counter = 0;  // at registration
  WallMicros created_at{};
};

struct RecoveryCode {
  RecordId id;  // the first half of the hash
  Sha256 hash{};
};
RecoveryCode recovery_code_of(const Sha256& hash);

struct Factors {
  Bytes user_handle;  // kUserHandleBytes random ones: WebAuthn's user.id, and never the user's own id
  std::vector<TotpFactor> totp;
  std::vector<Passkey> passkeys;
  std::vector<RecoveryCode> recovery;

  // Recovery codes alone are no factor.
  bool can_sign_in() const { return !totp.empty() || !passkeys.empty(); }
};

// 1 to kFactorNameBytesMax bytes of UTF-8 without control characters.
bool is_factor_name(std::string_view name);

// One text for each value: JSON with its keys in alphabetical order and no white space. Reading refuses whatever
// writing would not have written. errors: kMalformed a bound above is passed, or an id, credential or code is there
// twice; kLimit no secret memory.
Result<SecretBytes> to_json(const Factors& factors);
Result<Factors> read_factors(const SecretBytes& json);

// The one door to the factors of people: behind the pages, the API and the sign-in. Any thread.
class FactorBook {
 public:
  // changed: told after each commit, so that whoever follows the store looks; must not wait; may be empty.
  FactorBook(storage::StoreThread& store, const storage::Keyring& keyring, storage::KeyHolder& keys,
             std::function<void()> changed = {})
      : store_(store), keyring_(keyring), keys_(keys), changed_(std::move(changed)) {}

  // errors: kNotFound the user has none; kDenied, kMalformed the field is not what was put there; kLimit.
  Task<Result<Factors>> read(Loop& home, const policy::CompiledUser& user);
  // Puts `factors` in the place of those that `user` has in its snapshot (of none, where it has none), in one commit
  // with `more` (the ends and rises of sessions, UseFactor). Where nothing is left to sign in with, the field goes. The
  // uses of factors that are gone are forgotten.
  // errors: kConflict they are others by now, or a change of `more` met a conflict; kMalformed as to_json; kNotFound
  // the user is gone; kDenied the record is damaged; and the store's.
  Task<Result<storage::Generation>> write(Loop& home, const policy::CompiledUser& user, const Factors& factors,
                                          storage::ChangeSet more, std::vector<storage::AdminEvent> events);
  Task<Result<std::vector<storage::FactorUse>>> uses(Loop& home, const UserId& user);

 private:
  storage::StoreThread& store_;
  const storage::Keyring& keyring_;
  storage::KeyHolder& keys_;
  std::function<void()> changed_;
};

}  // namespace sallyport::sso
