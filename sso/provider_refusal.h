// What a person hears who was not let in after a sign-in at an identity provider: a plain sentence and the reference
// under which the flight recorder knows why. The reason itself is for admins.
#pragma once

#include <string>
#include <string_view>

#include "sso/replies.h"

namespace sallyport::sso {

// code: sign_in_refused, no_account, account_elsewhere or provider_unavailable; another is the first.
const Problem& provider_problem(std::string_view code);

// A page, or {error, message, details, request_id, reference}. status: 0 is the problem's own (403; 503 with
// Retry-After). again: where the page leads, built by us; "": the sign-in page.
GateReply provider_refusal(const GateRequest& request, std::string_view code, const std::string& reference,
                           int status = 0, std::string_view again = {});

}  // namespace sallyport::sso
