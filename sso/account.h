// The account page and its buttons, for people: a session cookie, forms bound to it, no script.
#pragma once

#include "base/log.h"
#include "sso/form_guard.h"
#include "sso/own_sessions.h"
#include "sso/replies.h"
#include "sso/signed_in.h"

namespace sallyport::sso {

struct AccountParts {
  OwnSessions& own;
  storage::SessionTable& sessions;
  const FormGuard& forms;
  const Clock& clock;
  Log& log;
  std::string origin;  // the gate's
};

class Account {
 public:
  explicit Account(AccountParts parts) : parts_(std::move(parts)) {}

  Task<GateReply> show(Loop& home, GateRequest request);
  // Forms {csrf, session} and {csrf}.
  Task<GateReply> end_session(Loop& home, GateRequest request);
  Task<GateReply> end_others(Loop& home, GateRequest request);

 private:
  struct Saying {
    int status = 200;
    const char* note = "";
    const char* alert = "";
  };
  // Why a form is refused; nothing: it is this person's own.
  std::optional<GateReply> refuse_form(const GateRequest& request, const std::optional<SignedIn>& who) const;
  // `request` stays in the frame of the coroutine that awaits this.
  Task<GateReply> page(Loop& home, const GateRequest& request, SignedIn who, Saying saying);
  GateReply failed(const GateRequest& request, const char* event, const Error& error) const;

  AccountParts parts_;
};

// The person of a request, for the audit and for what is theirs.
Asker asker_of(const GateRequest& request, const SignedIn& who);

constexpr Problem kTokenRefused{403, "token_refused", "Refused", "A token never reaches this; it takes a sign-in."};
constexpr Problem kFactorNeeded{401, "mfa_required", "Second factor needed",
                                "A second factor is required here, and this session has none."};

}  // namespace sallyport::sso
