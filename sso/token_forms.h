// The page of one's tokens and its forms, for people: a session cookie, forms bound to it, no script.
#pragma once

#include "base/log.h"
#include "sso/form_guard.h"
#include "sso/own_tokens.h"
#include "sso/replies.h"
#include "sso/signed_in.h"
#include "sso/token_page.h"

namespace sallyport::sso {

struct TokenFormsParts {
  OwnTokens& own;
  storage::SessionTable& sessions;
  const FormGuard& forms;
  const Clock& clock;
  Log& log;
  std::string origin;  // the gate's
};

class TokenForms {
 public:
  explicit TokenForms(TokenFormsParts parts) : parts_(std::move(parts)) {}

  Task<GateReply> show(Loop& home, GateRequest request);
  // Forms {csrf, name, expires, ...}, {csrf, token} and {csrf, token, overlap?}.
  Task<GateReply> create(Loop& home, GateRequest request);
  Task<GateReply> revoke(Loop& home, GateRequest request);
  Task<GateReply> rotate(Loop& home, GateRequest request);

 private:
  // What is said on the page besides the list. The references stay in the frame of the coroutine that awaits page().
  struct Saying {
    int status = 200;
    const char* reason = "tokens";
    const char* note = "";
    const char* alert = "";
    TokenWish wish = {};
    Mistakes mistakes = {};
    const IssuedToken* issued = nullptr;
  };
  std::optional<GateReply> refuse(const GateRequest& request, const std::optional<SignedIn>& who) const;
  Task<GateReply> page(Loop& home, const GateRequest& request, const SignedIn& who, Saying saying);
  Task<GateReply> refused(Loop& home, const GateRequest& request, const SignedIn& who, const Error& error,
                          TokenWish wish);
  GateReply failed(const GateRequest& request, const Error& error) const;

  TokenFormsParts parts_;
};

TokenAsker token_asker_of(const GateRequest& request, const SignedIn& who);

}  // namespace sallyport::sso
