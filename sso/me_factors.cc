// The part of a person's own API that is about second factors:
//
//   GET    /api/v1/me/factors               {"factors": [...], "recovery_codes": N}
//   POST   /api/v1/me/totp                  {"name"} -> {"id", "name", "secret", "uri", "qr_svg"}, once; pending
//   POST   /api/v1/me/totp/ID/confirm       {"code"} -> {"factor"}, and with the first one {"recovery_codes": [...]}
//   DELETE /api/v1/me/totp/ID               204
//   PATCH  /api/v1/me/factors/ID            {"name"} -> 204
//   POST   /api/v1/me/recovery-codes        {"codes": [...]}; those from before stop working
//
// Every change asks for a factor shown within 15 minutes, or where there is none yet for a sign-in within them (401
// step_up_required). The answer to a confirmation sets the session's new cookie.
#include <nlohmann/json.hpp>

#include "sso/account.h"
#include "sso/cookies.h"
#include "sso/credentials.h"
#include "sso/factor_account.h"
#include "sso/factor_json.h"
#include "sso/me_api.h"
#include "sso/qr.h"
#include "sso/totp.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr Problem kMalformed{400, "malformed", "Not understood", "This is not the JSON that is asked for."};
constexpr Problem kGone{404, "not_found", "Not found", "There is nothing at this address."};

GateReply refuse(const GateRequest& request, const Problem& problem) {
  return problem_reply(request, problem, Format::kJson);
}

// The member "name" of the body. Nothing: it is no object, or the member is no string. Without a body: an empty name.
std::optional<std::string> name_of(const GateRequest& request) {
  if (request.body.empty()) return std::string();
  const auto body = json::parse(request.body.reveal(), nullptr, false);
  if (!body.is_object()) return std::nullopt;
  const auto name = body.find("name");
  if (name == body.end()) return std::string();
  return name->is_string() ? std::optional(name->get<std::string>()) : std::nullopt;
}

constexpr const char* kChanged = "second factors changed";

}  // namespace

// Nothing: the person may change their factors now.
Task<std::optional<GateReply>> MeApi::refuse_change(Loop& home, const Call& call) {
  auto asking = parts_.factors.may_change(home, call.who);
  const auto fresh = co_await asking;
  if (!fresh) co_return failed(call, fresh.error());
  if (*fresh) co_return std::nullopt;
  co_return json_reply(kStale.status,
                       {{"error", kStale.code},
                        {"message", kStale.message},
                        {"details", {{{"path", "mfa"}, {"message", kStale.message}, {"code", "within=900s"}}}},
                        {"request_id", call.request.request_id}},
                       kStale.code);
}

GateReply MeApi::factor_problem(const Call& call, const Error& error) const {
  const Problem* const problem = problem_of(error);
  return problem == nullptr ? failed(call, error) : refuse(call.request, *problem);
}

Task<GateReply> MeApi::list_factors(Loop& home, const Call& call) {
  auto listing = parts_.factors.list(home, call.who);
  const auto listed = co_await listing;
  if (!listed) co_return failed(call, listed.error());
  json factors = json::array();
  for (const FactorShown& factor : listed->factors) factors.push_back(factor_json(factor));
  co_return json_reply(200, {{"factors", std::move(factors)}, {"recovery_codes", listed->recovery_left}}, "factors");
}

Task<GateReply> MeApi::begin_totp(Loop& home, const Call& call) {
  auto asking = refuse_change(home, call);
  if (auto refused = co_await asking) co_return *std::move(refused);
  auto name = name_of(call.request);
  if (!name) co_return refuse(call.request, kMalformed);
  auto beginning = parts_.factors.begin_totp(home, call.who, *std::move(name));
  const auto enrolment = co_await beginning;
  if (!enrolment) co_return factor_problem(call, enrolment.error());
  const auto uri = totp_uri(enrolment->secret, parts_.factors.gate(), call.who.user->name);
  const auto key = base32_encode(enrolment->secret.view());
  if (!uri || !key) co_return failed(call, uri ? key.error() : uri.error());
  auto qr = qr_svg(*uri, "QR code for your authenticator app");
  if (!qr) co_return failed(call, qr.error());
  co_return json_reply(200,
                       {{"id", enrolment->id.to_string()},
                        {"name", enrolment->name},
                        {"secret", key->reveal()},
                        {"uri", uri->reveal()},
                        {"qr_svg", (*std::move(qr)).take()}},
                       "enrolment begun");
}

Task<GateReply> MeApi::confirm_totp(Loop& home, const Call& call) {
  auto asking = refuse_change(home, call);
  if (auto refused = co_await asking) co_return *std::move(refused);
  if (!call.id) co_return refuse(call.request, kNoEnrolment);
  auto code = read_secret_member(call.request.body, "code");
  if (!code || code->empty()) co_return refuse(call.request, kMalformed);
  auto looking = parts_.factors.pending_totp(home, call.who, *call.id);
  const auto pending = co_await looking;
  if (!pending) co_return factor_problem(call, pending.error());
  const policy::CompiledUser& user = *call.who.user;
  if (const auto wait = parts_.codes.refuse(user, call.who.session.family, parts_.clock.monotonic()))
    co_return limited_reply(call.request, *wait, Format::kJson);
  auto confirming =
      parts_.factors.confirm_totp(home, asker_of(call.request, call.who), call.who, *call.id, *std::move(code));
  const auto added = co_await confirming;
  if (!added) co_return factor_problem(call, added.error());
  parts_.codes.succeeded(user, call.who.session.family);
  co_return factor_added(*added);
}

GateReply MeApi::factor_added(const OwnFactors::Added& added) {
  json body{{"factor", factor_json(added.factor)}};
  if (!added.recovery_codes.empty()) body["recovery_codes"] = codes_json(added.recovery_codes);
  GateReply reply = json_reply(200, body, "factor added");
  add_header(reply, "Set-Cookie", set_cookie(kSessionCookie, added.cookie));
  return reply;
}

Task<GateReply> MeApi::remove_totp(Loop& home, const Call& call) {
  auto removing = remove_factor(home, call, FactorKind::kTotp);
  co_return co_await removing;
}

Task<GateReply> MeApi::remove_passkey(Loop& home, const Call& call) {
  auto removing = remove_factor(home, call, FactorKind::kPasskey);
  co_return co_await removing;
}

Task<GateReply> MeApi::remove_factor(Loop& home, const Call& call, FactorKind kind) {
  auto asking = refuse_change(home, call);
  if (auto refused = co_await asking) co_return *std::move(refused);
  if (!call.id) co_return refuse(call.request, kGone);
  auto removing =
      parts_.factors.remove(home, asker_of(call.request, call.who), call.who, *call.request.snapshot, kind, *call.id);
  const auto removed = co_await removing;
  if (removed) co_return done_reply(kChanged);
  if (removed.error().code == Code::kNotFound) co_return refuse(call.request, kGone);
  co_return factor_problem(call, removed.error());
}

Task<GateReply> MeApi::rename_factor(Loop& home, const Call& call) {
  auto asking = refuse_change(home, call);
  if (auto refused = co_await asking) co_return *std::move(refused);
  if (!call.id) co_return refuse(call.request, kGone);
  auto name = name_of(call.request);
  if (!name) co_return refuse(call.request, kMalformed);
  auto renaming = parts_.factors.rename(home, asker_of(call.request, call.who), call.who, *call.id, *std::move(name));
  const auto renamed = co_await renaming;
  if (renamed) co_return done_reply(kChanged);
  if (renamed.error().code == Code::kNotFound) co_return refuse(call.request, kGone);
  co_return factor_problem(call, renamed.error());
}

Task<GateReply> MeApi::new_recovery_codes(Loop& home, const Call& call) {
  auto asking = refuse_change(home, call);
  if (auto refused = co_await asking) co_return *std::move(refused);
  auto making = parts_.factors.new_recovery_codes(home, asker_of(call.request, call.who), call.who);
  const auto codes = co_await making;
  if (codes) co_return json_reply(200, {{"codes", codes_json(*codes)}}, "recovery codes");
  if (codes.error().code == Code::kNotFound) co_return refuse(call.request, kGone);
  co_return factor_problem(call, codes.error());
}

}  // namespace sallyport::sso
