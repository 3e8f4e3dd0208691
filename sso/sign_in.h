// The Gate of `serve`: signs people in with a local password or a client certificate, hands the session over to the
// other hosts, signs them out, and shows the few pages that go with it. One object for all workers; everything in it
// may be used from any thread.
//
//   a host without a session --begin_sign_in--> gate/.sallyport/login?flow=HANDLE --password--> gate session
//     --> host/.sallyport/callback?code=CODE --(nonce cookie of that host)--> child session of that host --> the page
//     wanted
//
// Sessions on other hosts are children of the gate's: one family, ended together.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "base/blocking_pool.h"
#include "base/log.h"
#include "sso/account.h"
#include "sso/attempt_limiter.h"
#include "sso/code_limiter.h"
#include "sso/credentials.h"
#include "sso/factor_account.h"
#include "sso/form_guard.h"
#include "sso/gate.h"
#include "sso/login_flow.h"
#include "sso/me_api.h"
#include "sso/own_passkeys.h"
#include "sso/pages.h"
#include "sso/password.h"
#include "sso/password_change.h"
#include "sso/provider_door.h"
#include "sso/provider_pages.h"
#include "sso/refusal_recorder.h"
#include "sso/replies.h"
#include "sso/second_factor.h"
#include "sso/session_opener.h"
#include "sso/signed_in.h"
#include "sso/token_forms.h"
#include "storage/key_holder.h"
#include "storage/keyring.h"
#include "storage/session_table.h"
#include "storage/store.h"

namespace sallyport::sso {

// The lane of the pool that passwords are verified in: each takes 64 MiB and about 240 ms of a core. Half the cores at
// most, and those behind what else wants them (Pace::kBehind); beyond a wait of some two seconds the answer is 503.
constexpr size_t kHashingThreadsMax = 8;  // 512 MiB
size_t hashing_threads();
constexpr size_t kHashingQueuePerThread = 8;

// How many flows may begin: each is a row of the store made for somebody who has proven nothing.
constexpr Rate kFlowsPerNetwork{600, 600};
constexpr Rate kFlowsTogether{1000, 3000};
// How often the store is asked for a handle or a code that anybody can make up.
constexpr Rate kLookupsPerNetwork{3000, 3000};
// How often one certificate may sign in: each time is a row of the store and costs its holder nothing.
constexpr Rate kSignInsPerCertificate{20, 20};
constexpr size_t kTargetBytesMax = 8 * 1024;
constexpr std::chrono::hours kNonceLife{1};

// What signing in at identity providers needs.
struct ProviderLanes {
  BlockingPool& xml;     // xml_threads(), kXmlQueueMax
  BlockingPool& asking;  // kProviderThreads, kProviderQueueMax, kBoundsOfOneProvider
  Fetcher& fetcher;
  std::function<std::shared_ptr<const policy::Snapshot>()> snapshot;  // the newest
};

struct SignInParts {
  storage::StoreThread& store;
  storage::SessionTable& sessions;
  storage::TokenTable& tokens;
  const storage::Keyring& keyring;
  storage::KeyHolder& keys;
  BlockingPool& hashing;  // hashing_threads(), kHashingQueuePerThread
  const Clock& clock;
  Log& log;
  http::Url gate;
  // Told of every family that was ended here, after commit and table, before the answer: closes what lives on it. Must
  // not wait; called on the workers' threads. May be empty.
  std::function<void(const RecordId& family)> session_ended;
  // Waits until what was committed up to a generation is in force: who has ended or changed something of his own is
  // told once nothing lives by it any more.
  AwaitInForce in_force = {};               // may be empty
  std::optional<ProviderLanes> lanes = {};  // none: nobody signs in elsewhere
  Result<bool> (*verify)(const SecretBytes& phc, const SecretBytes& password) = verify_password;
  HashFunction hash = hash_password;
};

// What a form that is shown (again) says.
struct FormRefusal {
  int status = 200;
  std::string alert;
  const char* reason = "";
  std::string retry_after = {};
};

class SignIn final : public Gate {
 public:
  // errors: the keyring's.
  static Result<std::unique_ptr<SignIn>> make(SignInParts parts);

  Task<GateReply> handle(Loop& home, GateRequest request) override;
  Task<GateReply> begin_sign_in(Loop& home, GateRequest request) override;

  FlightRecorder& flight_recorder() { return flight_recorder_; }

  std::vector<ProviderCertificateEnd> certificate_ends() const override;
  // What is due at the door of providers. To be called every second; never waits.
  void tick(std::shared_ptr<const policy::Snapshot> snapshot);

  // Every path that is answered, the API's too, with its methods: for who wants to try them all.
  static std::vector<KnownRoute> routes();

 private:
  struct Route;
  static std::span<const Route> all_routes();
  static const Route* find_route(bool on_gate, std::string_view path);

  SignIn(SignInParts parts, SecretBytes csrf_key, SecretBytes device_key);

  // sign_in.cc: pages of who is signed in
  Task<GateReply> style(Loop& home, GateRequest request);
  Task<GateReply> jwks(Loop& home, GateRequest request);
  Task<GateReply> home_page(Loop& home, GateRequest request);
  // The same of account_, token_forms_ and me_api_.
  Task<GateReply> show_tokens(Loop& home, GateRequest request);
  Task<GateReply> create_token(Loop& home, GateRequest request);
  Task<GateReply> revoke_token(Loop& home, GateRequest request);
  Task<GateReply> rotate_token(Loop& home, GateRequest request);
  Task<GateReply> account(Loop& home, GateRequest request);
  Task<GateReply> end_session(Loop& home, GateRequest request);
  Task<GateReply> end_others(Loop& home, GateRequest request);
  // sign_in_password.cc
  // `request` stays in the frame of the coroutine that awaits these.
  Task<GateReply> show_login(Loop& home, GateRequest request);
  Task<GateReply> post_login(Loop& home, GateRequest request);
  Task<Result<bool>> password_fits(Loop& home, const policy::CompiledUser* user, SecretBytes password, Turn turn);
  struct LoginForm {
    int status = 200;
    std::string flow;
    std::optional<SignInFlow> wanted;
    std::string user;
    const char* alert = "";
    const char* reason = "";
    std::string_view then;  // "factors": goes on to the second factors; empty: to the home page
    void set_then(std::string_view sent) { then = sent == "factors" ? "factors" : ""; }
  };
  // sign_in_elsewhere.cc
  std::optional<GateReply> lead_to_provider(const GateRequest& request, const LoginForm& form,
                                            bool with_password) const;
  bool signs_in_here(const policy::Snapshot& snapshot, const policy::CompiledUser& user) const;
  void remember_device(const GateRequest& request, GateReply& reply) const;
  Task<std::optional<GateReply>> ask_directories(Loop& home, const GateRequest& request, const LoginForm& form,
                                                 const policy::CompiledUser* user, const SecretBytes& password,
                                                 const Attempt& attempt);
  static SessionWish wish_of(const LoginForm& form, Proof proof);
  static std::vector<ProviderLink> provider_links(const policy::Snapshot& snapshot, const std::string& flow,
                                                  std::string_view then);
  GateReply login_form(const GateRequest& request, LoginForm form) const;
  // An answer to a sign-in that failed: the form again, or JSON.
  GateReply refuse_login(const GateRequest& request, const Problem& problem, LoginForm form) const;
  // The same, with the reason in the log and the audit alone.
  GateReply refuse_proof(const GateRequest& request, const Problem& problem, LoginForm form,
                         const policy::CompiledUser* user, const char* reason);
  // sign_in_new_password.cc
  Task<GateReply> show_password(Loop& home, GateRequest request);
  Task<GateReply> post_password(Loop& home, GateRequest request);
  GateReply password_form(const GateRequest& request, const SignedIn& who, std::string flow,
                          const FormRefusal& refusal) const;
  Task<GateReply> after_new_password(Loop& home, const GateRequest& request, const SignedIn& who, std::string flow);
  Task<GateReply> show_reset(Loop& home, GateRequest request);
  Task<GateReply> post_reset(Loop& home, GateRequest request);
  GateReply reset_form(const GateRequest& request, const std::string& code, const std::string& user,
                       const FormRefusal& refusal) const;
  Task<std::expected<std::string, GateReply>> name_of_link(Loop& home, const GateRequest& request, std::string code);
  // sign_in_certificate.cc
  Task<GateReply> post_certificate(Loop& home, GateRequest request);
  std::optional<std::chrono::seconds> refuse_certificate_for_now(const ClientCertificate& certificate);
  // sign_in_factor.cc
  Task<GateReply> show_mfa(Loop& home, GateRequest request);
  Task<GateReply> post_mfa(Loop& home, GateRequest request);
  // What a request to show a factor is about, besides the factor.
  struct FactorAim {
    std::string flow;  // the handle; empty: none
    std::optional<SignInFlow> wanted;
    std::string then;  // a page of the gate, by our own word for it
    CodeField field = CodeField::kApp;
  };
  static std::string location_of(const FactorAim& aim);  // on the gate itself
  static FactorAim factor_aim(std::string flow, std::string then, std::string_view with);
  // errors: kConflict the factor has counted before, or the session has ended; kDenied the user was changed meanwhile;
  // and the store's.
  Task<Result<GateReply>> factor_shown(Loop& home, const GateRequest& request, const SignedIn& who,
                                       const FactorAim& aim, ShownFactor factor);
  struct FactorSaying {
    int status = 200;
    std::string alert;
    const char* reason = "second factor";
  };
  GateReply factor_form(const SignedIn& who, const Factors& factors, const FactorAim& aim, FactorSaying saying) const;
  // reason: for the log and the audit; null: nothing was tried. alert: in place of the problem's message; may be empty.
  GateReply refuse_code(const GateRequest& request, const SignedIn& who, const Factors& factors, const FactorAim& aim,
                        const Problem& problem, const char* reason, std::string alert = {});
  GateReply factors_unread(const GateRequest& request, const Error& error) const;
  // sign_in_passkey.cc
  bool passkeys_usable() const;
  Task<GateReply> passkey_script(Loop& home, GateRequest request);
  Task<GateReply> post_passkey_options(Loop& home, GateRequest request);
  Task<GateReply> post_passkey(Loop& home, GateRequest request);
  std::optional<GateReply> refuse_passkey_request(const GateRequest& request) const;
  Task<GateReply> passkey_as_factor(Loop& home, const GateRequest& request, const std::optional<SignedIn>& signed_in,
                                    const FactorAim& aim, const AssertionAnswer& answer,
                                    const PasskeyChallenge& challenge);
  Task<GateReply> passkey_alone(Loop& home, const GateRequest& request, const FactorAim& aim,
                                const AssertionAnswer& answer, const PasskeyChallenge& challenge);
  Task<Result<ShownFactor>> match_passkey_of(Loop& home, const policy::CompiledUser& user,
                                             const AssertionAnswer& answer, const PasskeyChallenge& challenge);
  GateReply passkey_failed(const GateRequest& request, const policy::CompiledUser* user, const Error& error);
  GateReply refuse_passkey(const GateRequest& request, const policy::CompiledUser* user, const char* reason);
  // sign_in_hand_over.cc
  Task<GateReply> callback(Loop& home, GateRequest request);
  Task<GateReply> send_to_gate(Loop& home, const GateRequest& request, SignInFlow flow, std::string nonce);
  Task<std::optional<SignInFlow>> wanted_page(Loop& home, std::string handle, IpAddress client,
                                              std::shared_ptr<const policy::Snapshot> snapshot);
  Task<GateReply> hand_over(Loop& home, const GateRequest& request, const SignedIn& who, const SignInFlow& flow);
  bool asks_again(const GateRequest& request, const SignInFlow& flow, const storage::LiveSession& session,
                  WallMicros now) const;
  // These return the session's cookie.   errors: kConflict it, or the gate's, has ended; and the store's.
  Task<Result<std::string>> make_child(Loop& home, const GateRequest& request, const policy::CompiledUser& user,
                                       storage::LiveSession gate);
  Task<Result<std::string>> raise_child(Loop& home, const GateRequest& request, const policy::CompiledUser& user,
                                        storage::LiveSession gate, RecordId id);
  storage::AdminEvent child_event(const GateRequest& request, const policy::CompiledUser& user,
                                  const storage::LiveSession& gate, const char* action) const;
  bool may_begin_flow(const IpAddress& client);
  bool may_look_up(const IpAddress& client);
  // sign_out.cc
  Task<GateReply> show_logout(Loop& home, GateRequest request);
  Task<GateReply> post_logout(Loop& home, GateRequest request);

  ProviderState provider_state(const policy::CompiledProvider& provider) const;  // for admins
  // See sso/signed_in.h; at all: even before a new password is set.
  std::optional<SignedIn> who(const GateRequest& request) const;
  std::optional<SignedIn> who_at_all(const GateRequest& request) const;
  std::string origin_of(const std::string& host) const;  // "https://host[:port]", with the gate's scheme and port
  void end_family(const RecordId& family);               // in the table, and tells
  GateReply ask_for_factor(const GateRequest& request, const SignedIn& who) const;
  GateReply unavailable(const GateRequest& request) const;

  SignInParts parts_;
  FormGuard forms_;
  AttemptLimiter attempts_;
  RefusalRecorder refusals_;
  SessionOpener opener_;
  KnownDevices devices_;
  PasswordChange passwords_;
  CodeLimiter codes_;
  OwnSessions own_sessions_;
  OwnTokens own_tokens_;
  FactorBook factor_book_;
  OwnFactors own_factors_;
  OwnPasskeys own_passkeys_;
  FactorAccount factor_account_;
  Account account_;
  TokenForms token_forms_;
  MeApi me_api_;
  FlightRecorder flight_recorder_;
  std::optional<ProviderDoor> door_;
  ProviderPages provider_pages_;
  std::mutex flows_mutex_;
  TokenBuckets flows_per_network_{kFlowsPerNetwork, kAttemptKeysMax};
  TokenBuckets flows_together_{kFlowsTogether, 1};
  TokenBuckets lookups_per_network_{kLookupsPerNetwork, kAttemptKeysMax};
  TokenBuckets sign_ins_per_certificate_{kSignInsPerCertificate, kAttemptKeysMax};
};

}  // namespace sallyport::sso
