// Everything below /.sallyport/account/factors: the list, setting an app up, new recovery codes, renaming and removing.
// For people: a session cookie, forms bound to it, no script. The API (sso/me_factors.h) is the other face of the same
// service.
#pragma once

#include <span>

#include "base/log.h"
#include "sso/code_limiter.h"
#include "sso/form_guard.h"
#include "sso/own_factors.h"
#include "sso/own_passkeys.h"
#include "sso/replies.h"

namespace sallyport::sso {

struct FactorAccountParts {
  OwnFactors& own;
  OwnPasskeys* passkeys;  // null: none can be used here
  CodeLimiter& codes;
  storage::SessionTable& sessions;
  const FormGuard& forms;
  const Clock& clock;
  Log& log;
  std::string origin;  // the gate's
};

class FactorAccount {
 public:
  explicit FactorAccount(FactorAccountParts parts) : parts_(std::move(parts)) {}

  // request: its path is kFactorsPath or below; no token.
  Task<GateReply> handle(Loop& home, GateRequest request);
  static std::vector<KnownRoute> routes();

 private:
  struct Route;
  static std::span<const Route> all_routes();
  static const Route* find_route(std::string_view path);
  // In the frame of handle().
  struct Call {
    const GateRequest& request;
    const SignedIn& who;
    bool fresh;  // may change things now
  };
  struct Saying {
    int status = 200;
    const char* note = "";
    const char* alert = "";
  };

  Task<GateReply> list(Loop& home, const Call& call);
  Task<GateReply> page(Loop& home, const Call& call, Saying saying);
  // Forms {csrf, name, flow}, {csrf, id, code, flow}, {csrf}, {csrf, id, name} and {csrf, id}.
  Task<GateReply> begin_totp(Loop& home, const Call& call);
  Task<GateReply> confirm_totp(Loop& home, const Call& call);
  Task<GateReply> new_codes(Loop& home, const Call& call);
  // factor_account_passkey.cc: the form {csrf, name, credential, flow} that the script fills in
  Task<GateReply> add_passkey(Loop& home, const Call& call);
  Html passkey_form_for(const Call& call, const std::string& flow) const;
  Task<GateReply> rename(Loop& home, const Call& call);
  Task<GateReply> remove(Loop& home, const Call& call);

  GateReply choice(const Call& call, const std::string& flow, const std::string& name, Saying saying) const;
  GateReply enrolment_page(const Call& call, const TotpEnrolment& enrolment, const std::string& flow, int status,
                           std::string alert) const;
  GateReply codes_page(const Call& call, const std::vector<NewRecoveryCode>& codes, bool first,
                       const std::string& flow) const;
  GateReply done(const char* what) const;  // back to the list, which says so
  GateReply failed(const Call& call, const Error& error) const;
  std::string csrf(const Call& call) const;

  FactorAccountParts parts_;
};

// The purpose of the field in the forms of factors.
constexpr const char* kFactorsPurpose = "factors";

// Why what is done with factors was refused, in words for the person and the program.
constexpr Problem kFactorsChanged{409, "conflict", "Changed meanwhile",
                                  "Your second factors were changed meanwhile. Please look again."};
constexpr Problem kNoEnrolment{404, "not_found", "Not found",
                               "This enrolment is over, or it was begun elsewhere. Please begin anew."};
constexpr Problem kWrongCode{401, "bad_code", "Wrong code", "That code is not right. Type the one that is shown now."};
constexpr Problem kTooManyCodes{429, "too_many_attempts", "Too many attempts",
                                "There were too many wrong codes. Please wait and try again."};
constexpr Problem kLastFactor{409, "last_factor", "The last one stays",
                              "A second factor is required here, so the last one stays. Add another first."};
constexpr Problem kAppsFull{409, "limit", "No more room", "You have five authenticator apps. Remove one first."};
constexpr Problem kBadName{400, "malformed", "Not understood", "A name has 1 to 60 letters."};
constexpr Problem kStale{401, "step_up_required", "Confirm that it is you",
                         "Changing second factors asks for one shown within 15 minutes, or a new sign-in without any."};
// `error` of OwnFactors as one of these; null: it is no answer for people, but a failure.
const Problem* problem_of(const Error& error);

// What a form calls a factor, without the spaces around it; may be empty.
std::string factor_name_of_form(const SecretBytes& body);

// Wait, and for how long.
GateReply limited_reply(const GateRequest& request, std::chrono::seconds wait, Format format);

}  // namespace sallyport::sso
