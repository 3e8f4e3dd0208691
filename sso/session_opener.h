// The session that comes of a sign-in, whatever proved it: one commit with what belongs to it, and the answer that
// leads the browser on, or tells a program where to go. Any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "sso/gate.h"
#include "sso/in_force.h"
#include "sso/login_flow.h"
#include "storage/keyring.h"
#include "storage/session_table.h"
#include "storage/store.h"

namespace sallyport::sso {

struct Proof {
  std::string means;  // in plain words, for the audit
  policy::Strength strength = policy::Strength::kPassword;
  std::optional<storage::FactorUse> factor{};  // that was shown with it, and counts in the same commit
};

struct SessionWish {
  Proof proof;
  std::string flow;                  // the handle of the page wanted; empty: none
  std::optional<SignInFlow> wanted;  // that page
  std::string_view then;             // "factors": goes on to the second factors; empty: to the home page
  bool in_browser = false;           // the answer is for a browser, whatever the request looks like

  // Of a provider that vouched for the person:
  std::optional<std::chrono::seconds> absolute;  // in the place of the platform's
  std::optional<std::chrono::seconds> idle;      // the same
  std::optional<WallMicros> ends_by;             // and no later than this
  std::optional<storage::SessionOrigin> origin;  // .session is set here
  std::vector<storage::Change> more;             // in the same commit
  std::optional<RecordId> replaces;              // a session of this browser that its cookie does not name here
  // In which the user was found; null: the request's.
  std::shared_ptr<const policy::Snapshot> snapshot;
};

class SessionOpener {
 public:
  struct Parts {
    storage::StoreThread& store;
    storage::SessionTable& sessions;
    const storage::Keyring& keyring;
    const Clock& clock;
    Log& log;
    http::Url gate;
    std::function<void(const RecordId& family)> session_ended;  // may be empty
    AwaitInForce in_force;                                      // the same; of an end, before the answer
  };
  explicit SessionOpener(Parts parts) : parts_(std::move(parts)) {}

  // `request` and `user` stay in the frame, and the snapshot, of the coroutine that awaits this.
  // errors: kDenied the user was changed meanwhile; kConflict what counts once was used, of the factor or of `more`;
  // and the store's.
  Task<Result<GateReply>> open(Loop& home, const GateRequest& request, const policy::CompiledUser& user,
                               SessionWish wish);

 private:
  std::vector<storage::LiveSession> replaced(const GateRequest& request, const SessionWish& wish, WallMicros now) const;
  Parts parts_;
};

// "https://host[:port]", with the gate's scheme and port.
std::string origin_beside(const http::Url& gate, const std::string& host);
// Where the code that carries a session to another host is taken.
std::string callback_url(const http::Url& gate, const std::string& host, const std::string& code);
// Where a person shows the factor that is asked for, or makes one; the page wanted is kept.
std::string factor_location(const policy::CompiledUser& user, const std::string& flow);
// The answer to a sign-in, or to its factor, after which nothing is reached before a new password is set.
GateReply new_password_first(const GateRequest& request, const std::string& flow, const char* reason);

}  // namespace sallyport::sso
