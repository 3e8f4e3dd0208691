// What every form of the account has to prove before anything else is looked at.
#pragma once

#include "sso/form_guard.h"
#include "sso/replies.h"
#include "sso/signed_in.h"

namespace sallyport::sso {

// Why it is refused; nothing: it comes from this site, from a page that this person was shown, and the session has the
// factor that is demanded.   purpose: of the form's csrf field; origin: the gate's.
std::optional<GateReply> refuse_form(const GateRequest& request, const std::optional<SignedIn>& who,
                                     const FormGuard& forms, std::string_view purpose, std::string_view origin);

}  // namespace sallyport::sso
