// A name and a password that a directory knows (LDAP), behind the gate's own sign-in form: which directory is asked,
// and what comes of its answer. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/blocking_pool.h"
#include "sso/ldap/directory.h"
#include "sso/ldap/host_lookup.h"
#include "sso/provider_arrival.h"
#include "sso/shared_buckets.h"
#include "storage/key_holder.h"

namespace sallyport::sso {

constexpr size_t kDirectoriesAskedMax = 3;  // for a name that says nothing of where it belongs

// What the account has here.
enum class Own : uint8_t {
  kPassword,
  kNothing,  // or there is no account
  kRefused,  // whatever it has, the provider of its address is demanded
};
// Whom to ask about what was typed: the directory of its domain; that of the account it means, if it is linked to one
// and has no password here; all of them, in the order of their names, where it means nobody here. kRefused: the
// provider that is demanded, if it is a directory, and no other.
std::vector<const policy::CompiledProvider*> directories_for(const policy::Snapshot& snapshot, std::string_view typed,
                                                             const policy::CompiledUser* user, Own own);

// Wrong passwords for one entry of a directory: of strangers, and, apart from them (docs/decisions/0016), of all
// devices together on which an account is known. Each of those has kAttemptsPerKnown, so that a stolen cookie does not
// use up what the others have.
constexpr Rate kAttemptsPerEntry = kAttemptsPerAccount;
constexpr Rate kKnownAttemptsPerEntry{3 * kAttemptsPerKnown.burst, 3 * kAttemptsPerKnown.per_minute};

class DirectorySignIn {
 public:
  struct Parts {
    storage::KeyHolder& keys;
    BlockingPool& asking;
    ProviderArrivals& arrivals;
    const Clock& clock;
    Log& log;
  };
  explicit DirectorySignIn(const Parts& parts)
      : parts_(parts), strangers_(kAttemptsPerEntry, parts_.clock), known_(kKnownAttemptsPerEntry, parts_.clock) {}

  struct Outcome {
    enum class What : uint8_t {
      kWrong,        // no directory knows this name with this password
      kUnavailable,  // one did not answer
      kBusy,
      kAnswered,  // it did, and `reply` is what becomes of it
    };
    What what = What::kWrong;
    GateReply reply = {};
  };
  // `request` stays in the caller's frame; directories are of its snapshot. known_at: the account that this device has
  // signed in to before, if what was typed leads to one. An entry whose password was tried too often is kWrong, too:
  // told apart, it would tell that there is one, and which names lead to it.
  Task<Outcome> sign_in(Loop& home, const GateRequest& request,
                        std::vector<const policy::CompiledProvider*> directories, std::string typed,
                        SecretBytes password, std::optional<UserId> known_at, std::string flow, std::string then);

  // Closes connections that nobody uses any more. To be called every minute or so; never waits.
  void close_idle();

 private:
  // Of one version of a provider's record; outlives it while a thread of the pool asks there.
  struct Made {
    uint64_t version = 0;
    std::unique_ptr<ldap::Directory> directory;
  };
  Result<std::shared_ptr<const Made>> directory(const policy::CompiledProvider& provider);
  Task<Result<SecretBytes>> bind_password(const policy::CompiledProvider& provider);

  Parts parts_;
  ldap::SystemLookup lookup_;
  SharedBuckets strangers_;
  SharedBuckets known_;
  std::mutex mutex_;
  std::map<RecordId, std::shared_ptr<const Made>> made_;
};

}  // namespace sallyport::sso
