// What waits in the store between two requests of a sign-in, under a handle of 256 random bits of which the store knows
// the hash alone, sealed:
//   SignInFlow  the page wanted on another host, from the first redirect until the sign-in on the gate (10 minutes)
//   HandOver    the code that carries a fresh session to that host (60 seconds, one use)
//   ResetLink   an administrator's link with which a person sets a new password
//   ProviderFlow  a sign-in that is under way at an identity provider (10 minutes); its handle is the RelayState, or
//   state LogoutFlow  a sign-out that a provider was told of and has not answered yet
// No URL of a client is ever a target: what is wanted was seen by the gateway itself, and stays here.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/result.h"
#include "storage/keyring.h"
#include "storage/session_table.h"

namespace sallyport::sso {

constexpr std::chrono::minutes kSignInFlowLife{10};
constexpr std::chrono::seconds kHandOverLife{60};
constexpr std::string_view kSignInFlowKind = "sign-in";
constexpr std::string_view kHandOverKind = "hand-over";
constexpr std::string_view kResetLinkKind = "password-reset";
constexpr std::string_view kProviderFlowKind = "provider";
constexpr std::string_view kLogoutFlowKind = "provider-logout";
constexpr int kRestartsMax = 2;  // of a hand-over that met another tab's nonce

struct SignInFlow {
  std::string host;
  std::string target;   // path and query; begins with '/'
  Sha256 nonce_hash{};  // of the nonce cookie on that host
  int restarts = 0;
  // The page asks for a factor that was shown after this time; 0: whenever it was shown. Nothing: it asks for none.
  std::optional<WallMicros> factor_after;
};

// Would the page this flow leads to be satisfied with the factor of that session, as far as it has said what it wants?
bool is_enough(const SignInFlow& flow, const storage::LiveSession& session, WallMicros now);

struct HandOver {
  SignInFlow flow;
  RecordId family;  // the gate session
  UserId user;
};

struct ResetLink {
  UserId user;
  uint64_t epoch = 0;  // storage::kResetLinkField's, under which it counts
};

struct ProviderFlow {
  std::string provider;              // its name
  Sha256 browser_hash{};             // of the flow cookie: who begins it ends it
  std::string request_id;            // SAML: the request's ID; OpenID Connect: the nonce
  std::string verifier;              // OpenID Connect: PKCE's (RFC 7636)
  std::string flow;                  // the handle of a SignInFlow, or empty
  std::string then;                  // a page of the gate, by our own word for it
  std::optional<RecordId> replaces;  // the session of this browser, which a provider's POST does not name
  int restarts = 0;
  std::optional<WallMicros> fresh_after;  // the provider was asked to have the person sign in anew: not before this
};

struct LogoutFlow {
  std::string provider;
  std::string request_id;
};

// The record to put into the store under `handle`.   errors: the keyring's.
Result<storage::FlowRecord> to_record(const SignInFlow& flow, std::string_view handle, const storage::Keyring& keyring,
                                      WallMicros now);
Result<storage::FlowRecord> to_record(const HandOver& hand_over, std::string_view handle,
                                      const storage::Keyring& keyring, WallMicros now);
Result<storage::FlowRecord> to_record(const ResetLink& link, std::string_view handle, const storage::Keyring& keyring,
                                      WallMicros expires_at);

Result<storage::FlowRecord> to_record(const ProviderFlow& flow, std::string_view handle,
                                      const storage::Keyring& keyring, WallMicros now);
Result<storage::FlowRecord> to_record(const LogoutFlow& flow, std::string_view handle, const storage::Keyring& keyring,
                                      WallMicros now);

// errors: kDenied the record is not what was put there, or is over; kNotFound it is of another kind.
Result<SignInFlow> read_sign_in_flow(const storage::FlowRecord& record, const storage::Keyring& keyring,
                                     WallMicros now);
Result<HandOver> read_hand_over(const storage::FlowRecord& record, const storage::Keyring& keyring, WallMicros now);
Result<ProviderFlow> read_provider_flow(const storage::FlowRecord& record, const storage::Keyring& keyring,
                                        WallMicros now);
Result<LogoutFlow> read_logout_flow(const storage::FlowRecord& record, const storage::Keyring& keyring, WallMicros now);
Result<ResetLink> read_reset_link(const storage::FlowRecord& record, const storage::Keyring& keyring, WallMicros now);

}  // namespace sallyport::sso
