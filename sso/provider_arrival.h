// The last part of a sign-in at an identity provider, whichever kind it is: what was verified becomes an account, a
// session and an entry of the flight recorder, or a plain refusal with a reference.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sso/checks.h"
#include "sso/external_identity.h"
#include "sso/flight_recorder.h"
#include "sso/in_force.h"
#include "sso/provider_account.h"
#include "sso/session_opener.h"
#include "storage/keyring.h"
#include "storage/store.h"

namespace sallyport::sso {

// Where a session came from, in the words that a logout there needs.
struct OriginWords {
  std::string subject;                                    // as the provider names the person in a logout
  std::string index;                                      // its own name for its session; "": none
  std::vector<std::pair<std::string, std::string>> more;  // what else a logout has to say; sealed
  bool fresh = false;  // the provider was asked to have the person sign in anew for this, and says that he did; sealed
};

struct Arrival {
  ExternalIdentity identity;
  Checks checks;
  std::optional<storage::UseOnce> once;  // what must not count again
  std::optional<OriginWords> origin;
  std::string flow;  // the handle of the page wanted; "": none
  std::string then;
  std::optional<RecordId> replaces;
};

// The page a handle stands for (SignIn::wanted_page).
using FindWanted = std::function<Task<std::optional<SignInFlow>>(Loop& home, std::string handle, IpAddress client,
                                                                 std::shared_ptr<const policy::Snapshot> snapshot)>;

class ProviderArrivals {
 public:
  struct Parts {
    storage::StoreThread& store;
    const storage::Keyring& keyring;
    const Clock& clock;
    Log& log;
    FlightRecorder& recorder;
    SessionOpener& opener;
    AwaitInForce in_force;  // may be empty
    // The newest snapshot; null: the request's.
    std::function<std::shared_ptr<const policy::Snapshot>()> snapshot;
    FindWanted wanted;
  };
  explicit ProviderArrivals(Parts parts) : parts_(std::move(parts)) {}

  // `request` and `provider` stay in the caller's frame and snapshot.
  Task<GateReply> arrive(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                         Arrival arrival);
  // Somebody was not let in: said in log, flight recorder and to the person. reason: a literal.
  GateReply refuse(const GateRequest& request, const policy::CompiledProvider& provider, const char* code,
                   const char* reason, const Checks& checks, const std::string& user = {});

  // Of a session's origin, which was sealed here.   errors: as Keyring::unseal().
  static Result<OriginWords> open_origin(const storage::SessionOrigin& origin, const storage::Keyring& keyring);
  static Sha256 subject_hash(const RecordId& provider, std::string_view subject);

 private:
  struct Settled {
    std::shared_ptr<const policy::Snapshot> snapshot;
    const policy::CompiledUser* user = nullptr;
    bool once_used = false;  // committed already
  };
  // The account, made or changed if need be and in force.   errors: kDenied with the code for programs in the plan.
  Task<Result<Settled>> settle(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                               const Arrival& arrival, AccountPlan& plan);
  Result<storage::SessionOrigin> sealed_origin(const policy::CompiledProvider& provider,
                                               const OriginWords& words) const;

  Parts parts_;
};

}  // namespace sallyport::sso
