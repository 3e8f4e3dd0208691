#include "sso/provider_refusal.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sso/pages.h"
#include "sso/provider_page.h"

namespace sallyport::sso {
namespace {

constexpr Problem kProblems[] = {
    {403, "sign_in_refused", "You were not signed in",
     "The sign-in at your organisation did not count here. Please try once more; if it fails again, give your "
     "administrator the reference below."},
    {403, "no_account", "There is no account for you here",
     "You are known to your organisation, and this gateway has no account for you. Ask your administrator for one."},
    {403, "account_elsewhere", "Your account is not linked",
     "There is an account here that may be yours, and this sign-in does not open it. Sign in as you did before, or ask "
     "your administrator to link the account."},
    {503, "provider_unavailable", "Your organisation's sign-in cannot be reached",
     "The sign-in at your organisation cannot be reached at the moment. Please try again in a few minutes."},
};

}  // namespace

const Problem& provider_problem(std::string_view code) {
  const auto* const found =
      std::ranges::find_if(kProblems, [code](const Problem& problem) { return problem.code == code; });
  return found == std::end(kProblems) ? kProblems[0] : *found;
}

GateReply provider_refusal(const GateRequest& request, std::string_view code, const std::string& reference, int status,
                           std::string_view again) {
  const Problem& problem = provider_problem(code);
  if (status == 0) status = problem.status;
  GateReply reply;
  if (format_for(request) == Format::kHtml)
    reply = page_reply(
        status, refused_sign_in_page(problem.title, problem.message, reference, again.empty() ? kLoginPath : again),
        problem.code);
  else
    reply = json_reply(status,
                       {{"error", problem.code},
                        {"message", problem.message},
                        {"details", nlohmann::json::array()},
                        {"request_id", request.request_id},
                        {"reference", reference}},
                       problem.code);
  if (status == 503) add_header(reply, "Retry-After", "30");
  return reply;
}

}  // namespace sallyport::sso
