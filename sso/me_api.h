// What is below /api on the gate host so far: a person's own account as JSON, for a script of the same origin or a
// program with the session's cookie.
//
//   GET    /api/v1/me                      who am I
//   GET    /api/v1/me/sessions             where am I signed in
//   DELETE /api/v1/me/sessions/ID          204; 404 when it is nobody's or somebody else's
//   POST   /api/v1/me/sessions/end-others  {"ended": N}
//   GET    /api/v1/me/tokens               my tokens, and those of my teams' service accounts, without their values
//   POST   /api/v1/me/tokens               {name, expires, ...}: 201 with the value, this once (sso/token_wish.h)
//   DELETE /api/v1/me/tokens/ID            204; 404 when it is nobody's or not mine to end
//   POST   /api/v1/me/tokens/ID/rotate     {overlap?, expires?}: 201 as above
//   POST   /api/v1/me/password             {current, new}: {"ended": N}, and a new cookie
//   .../factors, .../totp, .../recovery-codes: see me_factors.cc; .../passkeys: see me_passkeys.cc
//
// A write needs Origin (or Sec-Fetch-Site) of the gate itself and X-Sallyport-Request: 1. All of this is the account,
// tokens and factors, which no token reaches: 403 token_refused. Elsewhere below /api one that was made for the API
// finds what anybody finds (nothing, so far), any other 403 token_without_api.
#pragma once

#include <span>

#include "base/log.h"
#include "sso/code_limiter.h"
#include "sso/own_factors.h"
#include "sso/own_passkeys.h"
#include "sso/own_sessions.h"
#include "sso/own_tokens.h"
#include "sso/password_change.h"
#include "sso/replies.h"
#include "sso/signed_in.h"

namespace sallyport::sso {

constexpr std::string_view kApiPath = "/api";
constexpr std::string_view kMePath = "/api/v1/me";

struct MeApiParts {
  OwnSessions& own;
  OwnTokens& tokens;
  PasswordChange& passwords;
  OwnFactors& factors;
  OwnPasskeys* passkeys;  // null: none can be used here
  CodeLimiter& codes;
  storage::SessionTable& sessions;
  const Clock& clock;
  Log& log;
  std::string origin;  // the gate's
};

class MeApi {
 public:
  explicit MeApi(MeApiParts parts) : parts_(std::move(parts)) {}

  Task<GateReply> handle(Loop& home, GateRequest request);
  static std::vector<KnownRoute> routes();

 private:
  struct Call {
    const GateRequest& request;  // in the frame of handle()
    SignedIn who;
    std::optional<RecordId> id;  // of the path; nothing where it is none
  };
  struct Route;
  static std::span<const Route> all_routes();
  static const Route* find_route(std::string_view method, std::string_view path);

  Task<GateReply> me(Loop& home, const Call& call);
  Task<GateReply> list_sessions(Loop& home, const Call& call);
  Task<GateReply> end_session(Loop& home, const Call& call);
  Task<GateReply> end_others(Loop& home, const Call& call);
  // me_api_tokens.cc
  Task<GateReply> list_tokens(Loop& home, const Call& call);
  Task<GateReply> create_token(Loop& home, const Call& call);
  Task<GateReply> revoke_token(Loop& home, const Call& call);
  Task<GateReply> rotate_token(Loop& home, const Call& call);
  GateReply refused_token(const Call& call, const Error& error) const;
  Task<GateReply> change_password(Loop& home, const Call& call);
  // me_factors.cc
  Task<GateReply> list_factors(Loop& home, const Call& call);
  Task<GateReply> begin_totp(Loop& home, const Call& call);
  Task<GateReply> confirm_totp(Loop& home, const Call& call);
  Task<GateReply> remove_totp(Loop& home, const Call& call);
  Task<GateReply> remove_passkey(Loop& home, const Call& call);
  Task<GateReply> remove_factor(Loop& home, const Call& call, FactorKind kind);
  Task<GateReply> rename_factor(Loop& home, const Call& call);
  Task<GateReply> new_recovery_codes(Loop& home, const Call& call);
  Task<std::optional<GateReply>> refuse_change(Loop& home, const Call& call);
  // me_passkeys.cc
  Task<GateReply> passkey_options(Loop& home, const Call& call);
  Task<GateReply> add_passkey(Loop& home, const Call& call);
  static GateReply factor_added(const OwnFactors::Added& added);  // and the session's new cookie
  GateReply factor_problem(const Call& call, const Error& error) const;
  GateReply failed(const Call& call, const Error& error) const;

  MeApiParts parts_;
};

}  // namespace sallyport::sso
