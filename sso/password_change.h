// A person sets a new password: from the account, with the one in force, or by an administrator's link. One commit with
// everything that it ends; when the answer goes out, it is in force in every worker. Any thread.
#pragma once

#include <functional>
#include <string>

#include "base/blocking_pool.h"
#include "base/log.h"
#include "sso/attempt_limiter.h"
#include "sso/in_force.h"
#include "sso/known_device.h"
#include "sso/password.h"
#include "sso/refusal_recorder.h"
#include "sso/signed_in.h"
#include "storage/key_holder.h"
#include "storage/keyring.h"
#include "storage/resource_service.h"
#include "storage/session_table.h"
#include "storage/store.h"

namespace sallyport::sso {

struct PasswordChangeParts {
  storage::StoreThread& store;
  storage::SessionTable& sessions;
  const storage::Keyring& keyring;
  storage::KeyHolder& keys;
  BlockingPool& hashing;
  AttemptLimiter& attempts;
  RefusalRecorder& refusals;
  const KnownDevices& devices;
  const Clock& clock;
  Log& log;
  std::function<void(const RecordId& family)> session_ended;  // may be empty
  AwaitInForce in_force;                                      // may be empty
  Result<bool> (*verify)(const SecretBytes& phc, const SecretBytes& password);
  HashFunction hash;
};

struct PasswordOutcome {
  enum class What : uint8_t {
    kChanged,
    kMistake,    // the new one must not be: `mistake` says why, to the person
    kWrong,      // the one in force is another
    kLimited,    // too many attempts: `wait`
    kBusy,       // too many hashes are waiting
    kMeanwhile,  // the account, the session or the link is not what it was a moment ago
    kFailed,     // it could not be recorded
  };
  What what = What::kFailed;
  std::string mistake = {};
  std::chrono::seconds wait{};
  std::string user = {};                  // kChanged and kMistake: the name
  std::vector<std::string> cookies = {};  // kChanged: Set-Cookie values of who goes on
  size_t ended = 0;                       // kChanged: sessions
};

class PasswordChange {
 public:
  explicit PasswordChange(PasswordChangeParts parts) : parts_(std::move(parts)) {}

  // By the person of this session, which goes on under a new cookie; all others end.
  // `request` and `who` stay in the frame of the coroutine that awaits this.
  Task<PasswordOutcome> by_person(Loop& home, const GateRequest& request, const SignedIn& who, SecretBytes current,
                                  SecretBytes wanted);

  // Whose link this is.   errors: kDenied, kNotFound it does not count (any more); kUnavailable the store.
  struct Link {
    policy::ResourceRecord user;
    uint64_t epoch = 0;
  };
  Task<Result<Link>> link(Loop& home, std::string code);
  // By a link: all sessions end, and none begins: what the sign-in asks for beside a password it asks for after this,
  // too. kMeanwhile: the link does not count.
  Task<PasswordOutcome> by_link(Loop& home, const GateRequest& request, std::string code, SecretBytes wanted);

 private:
  Task<std::optional<SecretBytes>> last_phc(RecordId user, const std::vector<policy::SealedField>& secrets);
  Task<Result<storage::PutPassword>> put(Loop& home, storage::NewPassword wanted, std::string code);
  PasswordOutcome failed(const GateRequest& request, const Error& error) const;

  PasswordChangeParts parts_;
};

}  // namespace sallyport::sso
