#include "sso/me_api.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/http/url.h"
#include "base/time_text.h"
#include "sso/account.h"
#include "sso/browser_name.h"
#include "sso/cookies.h"
#include "sso/form_guard.h"
#include "sso/secret_fields.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr Problem kNotFound{404, "not_found", "Not found", "There is nothing at this address."};
constexpr Problem kNobody{401, "unauthenticated", "Sign in first", "Nobody is signed in."};
constexpr Problem kTokenWithoutApi{403, "token_without_api", "Refused", "This token was not made for the API (--api)."};
constexpr Problem kNotFromHere{403, "foreign_origin", "Refused", "This request does not say that it comes from here."};

GateReply refuse(const GateRequest& request, const Problem& problem) {
  return problem_reply(request, problem, Format::kJson);
}

constexpr Problem kNewPasswordNeeded{403, "password_change_required", "New password needed",
                                     "Your password has to be changed first."};
constexpr Problem kNoPasswords{400, "malformed", "Not understood",
                               "What is sent is an object with `current` and `new`, both texts."};

GateReply refuse_password(const GateRequest& request, const PasswordOutcome& outcome) {
  using What = PasswordOutcome::What;
  switch (outcome.what) {
    case What::kMistake:
      return json_reply(400,
                        {{"error", "bad_password"},
                         {"message", outcome.mistake},
                         {"details", {{{"path", "new"}, {"message", outcome.mistake}, {"code", "bad_password"}}}},
                         {"request_id", request.request_id}},
                        "bad_password");
    case What::kWrong:
      return refuse(request, {403, "bad_credentials", "Not changed", "The present password is not right."});
    case What::kLimited: {
      GateReply reply = refuse(request, kLimited);
      add_header(reply, "Retry-After", std::to_string(outcome.wait.count()));
      return reply;
    }
    case What::kBusy: {
      GateReply reply = refuse(request, kBusy);
      add_header(reply, "Retry-After", "2");
      return reply;
    }
    case What::kMeanwhile:
      return refuse(request, {409, "changed_meanwhile", "Not changed", "The account was changed in this moment."});
    case What::kChanged:
    case What::kFailed:
      break;
  }
  return unavailable_reply(request, Format::kJson);
}

json show(const OwnSession& session) {
  return {{"id", session.id.to_string()},
          {"current", session.current},
          {"strength", std::string(policy::to_string(session.strength))},
          {"created", show_time_exactly(session.created_at)},
          {"last_seen", show_time_exactly(session.last_seen_at)},
          {"ends", show_time_exactly(session.absolute_end)},
          {"client", session.client},
          {"browser", browser_name(session.user_agent)},
          {"user_agent", session.user_agent},
          {"hosts", session.hosts}};
}

// What stands for the '*' of a route's path, or "" where it has none; nothing: another path.
std::optional<std::string_view> segment_of(std::string_view route, std::string_view path) {
  const size_t star = route.find('*');
  if (star == route.npos) return route == path ? std::optional<std::string_view>("") : std::nullopt;
  const std::string_view tail = route.substr(star + 1);
  if (path.size() <= star + tail.size() || !path.starts_with(route.substr(0, star)) || !path.ends_with(tail))
    return std::nullopt;
  const std::string_view segment = path.substr(star, path.size() - star - tail.size());
  return segment.contains('/') ? std::nullopt : std::optional(segment);
}

}  // namespace

// What is not in the table is 404, another method 405.
struct MeApi::Route {
  enum class Kind : uint8_t { kRead, kWrite };
  // Where one is demanded of this person: kEnrol is for who has none yet.
  enum class Factor : uint8_t { kNeeded, kEnrol, kNotYet };
  std::string_view path;  // a '*' stands for one segment, the id
  const char* method;
  const char* allow;
  Kind kind;
  Factor factor;
  Task<GateReply> (MeApi::*handler)(Loop&, const Call&);
};

std::span<const MeApi::Route> MeApi::all_routes() {
  using enum Route::Kind;
  using enum Route::Factor;
  static constexpr Route kRoutes[] = {
      {"/api/v1/me", "GET", "GET, HEAD", kRead, kNotYet, &MeApi::me},
      {"/api/v1/me/sessions", "GET", "GET, HEAD", kRead, kNeeded, &MeApi::list_sessions},
      {"/api/v1/me/sessions/end-others", "POST", "POST", kWrite, kNeeded, &MeApi::end_others},
      {"/api/v1/me/sessions/*", "DELETE", "DELETE", kWrite, kNeeded, &MeApi::end_session},
      {"/api/v1/me/tokens", "GET", "GET, HEAD, POST", kRead, kNeeded, &MeApi::list_tokens},
      {"/api/v1/me/tokens", "POST", "GET, HEAD, POST", kWrite, kNeeded, &MeApi::create_token},
      {"/api/v1/me/tokens/*", "DELETE", "DELETE", kWrite, kNeeded, &MeApi::revoke_token},
      {"/api/v1/me/tokens/*/rotate", "POST", "POST", kWrite, kNeeded, &MeApi::rotate_token},
      {"/api/v1/me/password", "POST", "POST", kWrite, kNeeded, &MeApi::change_password},
      {"/api/v1/me/factors", "GET", "GET, HEAD", kRead, kNeeded, &MeApi::list_factors},
      {"/api/v1/me/factors/*", "PATCH", "PATCH", kWrite, kNeeded, &MeApi::rename_factor},
      {"/api/v1/me/totp", "POST", "POST", kWrite, kEnrol, &MeApi::begin_totp},
      {"/api/v1/me/totp/*", "DELETE", "DELETE", kWrite, kNeeded, &MeApi::remove_totp},
      {"/api/v1/me/totp/*/confirm", "POST", "POST", kWrite, kEnrol, &MeApi::confirm_totp},
      {"/api/v1/me/passkeys/options", "POST", "POST", kWrite, kEnrol, &MeApi::passkey_options},
      {"/api/v1/me/passkeys", "POST", "POST", kWrite, kEnrol, &MeApi::add_passkey},
      {"/api/v1/me/passkeys/*", "DELETE", "DELETE", kWrite, kNeeded, &MeApi::remove_passkey},
      {"/api/v1/me/recovery-codes", "POST", "POST", kWrite, kNeeded, &MeApi::new_recovery_codes},
  };
  return kRoutes;
}

// The route of this method, or else one of this path.
const MeApi::Route* MeApi::find_route(std::string_view method, std::string_view path) {
  const auto routes = all_routes();
  const auto is_path = [&](const Route& route) { return segment_of(route.path, path).has_value(); };
  auto found =
      std::ranges::find_if(routes, [&](const Route& route) { return is_path(route) && route.method == method; });
  if (found == routes.end()) found = std::ranges::find_if(routes, is_path);
  return found == routes.end() ? nullptr : &*found;
}

std::vector<KnownRoute> MeApi::routes() {
  std::vector<KnownRoute> out;
  for (const Route& route : all_routes()) out.push_back({std::string(route.path), {route.method}});
  return out;
}

Task<GateReply> MeApi::handle(Loop& home, GateRequest request) {
  if (request.by_token && http::path_has_prefix(request.path, kMePath)) co_return refuse(request, kTokenRefused);
  if (request.by_token && !request.api_token) co_return refuse(request, kTokenWithoutApi);
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const Route* const route = find_route(method, request.path);
  if (route == nullptr) co_return refuse(request, kNotFound);
  if (method != route->method) co_return method_reply(request, route->allow, Format::kJson);
  if (route->kind == Route::Kind::kWrite) {
    if (origin_proof(request, parts_.origin) != OriginProof::kSame) co_return refuse(request, kNotFromHere);
    if (!request.sallyport_request) co_return refuse(request, kHeaderMissing);
  }
  auto who = signed_in_before_new_password(request, parts_.sessions, parts_.clock.wall());
  if (!who) co_return refuse(request, kNobody);
  if (who->password_due && !who->needs_factor && route->handler != &MeApi::change_password)
    co_return refuse(request, kNewPasswordNeeded);
  const bool enrols = route->factor == Route::Factor::kEnrol && !who->user->has_factors;
  if (who->needs_factor && route->factor != Route::Factor::kNotYet && !enrols) co_return refuse(request, kFactorNeeded);
  const auto id = RecordId::parse(*segment_of(route->path, request.path));
  const Call call{request, *std::move(who), id ? std::optional(*id) : std::nullopt};
  auto answering = (this->*route->handler)(home, call);
  GateReply reply = co_await answering;
  reply.user = call.who.user->id;
  co_return reply;
}

Task<GateReply> MeApi::me(Loop&, const Call& call) {
  const policy::CompiledUser& user = *call.who.user;
  co_return json_reply(200,
                       {{"name", user.name},
                        {"email", user.email},
                        {"admin", user.admin},
                        {"session", call.who.session.family.to_string()},
                        {"strength", std::string(policy::to_string(call.who.session.strength))},
                        {"mfa_required", call.who.needs_factor}},
                       "me");
}

Task<GateReply> MeApi::list_sessions(Loop& home, const Call& call) {
  auto listing = parts_.own.list(home, asker_of(call.request, call.who));
  const auto sessions = co_await listing;
  if (!sessions) co_return failed(call, sessions.error());
  json shown = json::array();
  for (const OwnSession& session : sessions->shown) shown.push_back(show(session));
  co_return json_reply(200, {{"sessions", std::move(shown)}, {"count", sessions->all}}, "sessions");
}

Task<GateReply> MeApi::end_session(Loop& home, const Call& call) {
  if (!call.id) co_return refuse(call.request, kNotFound);
  auto ending = parts_.own.end(home, asker_of(call.request, call.who), *call.id);
  const auto ended = co_await ending;
  if (!ended && ended.error().code == Code::kNotFound) co_return refuse(call.request, kNotFound);
  if (!ended) co_return failed(call, ended.error());
  GateReply reply = done_reply("session ended");
  if (*call.id == call.who.session.family) add_header(reply, "Set-Cookie", drop_cookie(kSessionCookie));
  co_return reply;
}

Task<GateReply> MeApi::end_others(Loop& home, const Call& call) {
  auto ending = parts_.own.end_others(home, asker_of(call.request, call.who));
  const auto ended = co_await ending;
  if (!ended) co_return failed(call, ended.error());
  co_return json_reply(200, {{"ended", *ended}}, "sessions ended");
}

Task<GateReply> MeApi::change_password(Loop& home, const Call& call) {
  if (!is_json(call.request)) co_return refuse(call.request, {415, "media_type", "Refused", "This is JSON."});
  auto fields = read_secret_json(call.request.body, {"current", "new"});
  if (!fields || (*fields)[0].empty() || (*fields)[1].empty()) co_return refuse(call.request, kNoPasswords);
  auto& [current, wanted] = *fields;
  auto changing = parts_.passwords.by_person(home, call.request, call.who, std::move(current), std::move(wanted));
  const PasswordOutcome outcome = co_await changing;
  if (outcome.what != PasswordOutcome::What::kChanged) co_return refuse_password(call.request, outcome);
  GateReply reply = json_reply(200, {{"ended", outcome.ended}}, "password changed");
  for (const std::string& cookie : outcome.cookies) add_header(reply, "Set-Cookie", cookie);
  co_return reply;
}

GateReply MeApi::failed(const Call& call, const Error& error) const {
  parts_.log.error("me_failed", {{"reason", error.what}, {"request_id", call.request.request_id}});
  return unavailable_reply(call.request, Format::kJson);
}

}  // namespace sallyport::sso
