// The form that adds a passkey, and its answer: the browser's part is in sso/assets/webauthn.js, which fills it in.
#include <nlohmann/json.hpp>

#include "sso/account.h"
#include "sso/cookies.h"
#include "sso/credentials.h"
#include "sso/factor_account.h"
#include "sso/passkey_pages.h"
#include "sso/strict_json.h"

namespace sallyport::sso {
namespace {

constexpr Problem kMalformed{400, "malformed", "Not understood", "This is not what a passkey answers."};

Result<RegistrationAnswer> read_answer(const SecretBytes& body) {
  TRY(const nlohmann::json credential, parse_strict_object(read_form_field(body, "credential")));
  return read_registration(credential);
}

}  // namespace

Html FactorAccount::passkey_form_for(const Call& call, const std::string& flow) const {
  return parts_.passkeys == nullptr ? Html() : passkey_form(csrf(call), flow);
}

Task<GateReply> FactorAccount::add_passkey(Loop& home, const Call& call) {
  const std::string sent_flow = read_form_field(call.request.body, "flow");
  const std::string flow = is_random_handle(sent_flow) ? sent_flow : std::string();
  auto answer = read_answer(call.request.body);
  const Problem* problem = answer && parts_.passkeys != nullptr ? nullptr : &kMalformed;
  if (problem == nullptr) {
    std::string name = factor_name_of_form(call.request.body);
    auto adding =
        parts_.passkeys->add(home, asker_of(call.request, call.who), call.who, std::move(name), *std::move(answer));
    const auto added = co_await adding;
    if (added) {
      GateReply reply =
          added->recovery_codes.empty() ? done("added") : codes_page(call, added->recovery_codes, true, flow);
      add_header(reply, "Set-Cookie", set_cookie(kSessionCookie, added->cookie));
      co_return reply;
    }
    problem = passkey_problem_of(added.error());
    if (problem == nullptr) co_return failed(call, added.error());
    parts_.log.warning(
        "passkey_refused",
        {{"reason", added.error().what}, {"user", call.who.user->name}, {"request_id", call.request.request_id}});
  }
  const Saying saying{.status = problem->status, .note = "", .alert = problem->message};
  if (!call.who.user->has_factors) co_return choice(call, flow, "", saying);
  auto showing = page(home, call, saying);
  co_return co_await showing;
}

}  // namespace sallyport::sso
