// The part of a person's own API that is about passkeys:
//
//   POST   /api/v1/me/passkeys/options   -> {"publicKey": {...}} for navigator.credentials.create()
//   POST   /api/v1/me/passkeys           {"name"?, "credential"} -> {"factor"}, and with the first one
//   {"recovery_codes": [...]}
//   DELETE /api/v1/me/passkeys/ID        204; see me_factors.cc
//
// Under the conditions of every change of factors (sso/me_factors.cc).
#include <nlohmann/json.hpp>

#include "sso/account.h"
#include "sso/cookies.h"
#include "sso/factor_account.h"
#include "sso/factor_json.h"
#include "sso/me_api.h"
#include "sso/strict_json.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr Problem kMalformed{400, "malformed", "Not understood", "This is not the JSON that is asked for."};
constexpr Problem kUnused{404, "not_found", "Not found", "Passkeys cannot be used here: the gateway has no name."};

GateReply refuse(const GateRequest& request, const Problem& problem) {
  return problem_reply(request, problem, Format::kJson);
}

}  // namespace

Task<GateReply> MeApi::passkey_options(Loop& home, const Call& call) {
  auto asking = refuse_change(home, call);
  if (auto refused = co_await asking) co_return *std::move(refused);
  if (parts_.passkeys == nullptr) co_return refuse(call.request, kUnused);
  auto beginning = parts_.passkeys->begin(home, call.who);
  auto options = co_await beginning;
  if (options) co_return json_reply(200, {{"publicKey", *std::move(options)}}, "passkey options");
  const Problem* const problem = passkey_problem_of(options.error());
  co_return problem == nullptr ? failed(call, options.error()) : refuse(call.request, *problem);
}

Task<GateReply> MeApi::add_passkey(Loop& home, const Call& call) {
  auto asking = refuse_change(home, call);
  if (auto refused = co_await asking) co_return *std::move(refused);
  if (parts_.passkeys == nullptr) co_return refuse(call.request, kUnused);
  const auto body = parse_strict_object(call.request.body.reveal());
  if (!body || !body->contains("credential")) co_return refuse(call.request, kMalformed);
  const std::string* const name = text_member(*body, "name");
  if (name == nullptr && body->contains("name")) co_return refuse(call.request, kMalformed);
  auto answer = read_registration((*body)["credential"]);
  if (!answer) co_return refuse(call.request, kMalformed);
  auto adding = parts_.passkeys->add(home, asker_of(call.request, call.who), call.who,
                                     name == nullptr ? std::string() : *name, *std::move(answer));
  const auto added = co_await adding;
  if (!added) {
    const Problem* const problem = passkey_problem_of(added.error());
    if (problem == nullptr) co_return failed(call, added.error());
    parts_.log.warning(
        "passkey_refused",
        {{"reason", added.error().what}, {"user", call.who.user->name}, {"request_id", call.request.request_id}});
    co_return refuse(call.request, *problem);
  }
  co_return factor_added(*added);
}

}  // namespace sallyport::sso
