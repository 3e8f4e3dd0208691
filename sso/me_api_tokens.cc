// /api/v1/me/tokens.
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "sso/me_api.h"
#include "sso/token_forms.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr std::string_view kTokensPrefix = "/api/v1/me/tokens/";

constexpr Problem kNoToken{404, "not_found", "Not found", "There is nothing at this address."};
constexpr Problem kMediaType{415, "media_type", "Refused", "This is JSON."};
constexpr Problem kTokenLimit{409, "token_limit", "Too many tokens", "There are as many tokens as one may have here."};
constexpr Problem kSessionOver{401, "unauthenticated", "Sign in first", "Nobody is signed in."};

json show(const storage::TokenRecord& token, WallMicros ends_at) {
  json out{{"id", token.id.to_string()},
           {"name", token.name},
           {"created", show_time_exactly(token.created_at)},
           {"expires", show_time_exactly(ends_at)},
           {"last_used", nullptr},
           {"last_used_from", nullptr},
           {"team", token.scope.team},
           {"resource", token.scope.resource},
           {"read_only", token.scope.read_only},
           {"path", token.scope.path_prefix},
           {"networks", json::array()},
           {"api", token.scope.api},
           {"admin", token.scope.admin},
           {"strength", std::string(policy::to_string(token.strength))}};
  if (token.last_used_at) out["last_used"] = show_time_exactly(*token.last_used_at);
  if (!token.last_used_from.empty()) out["last_used_from"] = token.last_used_from;
  for (const Cidr& network : token.scope.networks) out["networks"].push_back(network.to_string());
  return out;
}

// The one answer that holds a token. It is written into the body last, and that is never copied afterwards; whoever
// sends it wipes it.
GateReply issued_reply(const IssuedToken& issued, const char* reason) {
  GateReply out = json_reply(201, show(issued.record, issued.record.expires_at), reason);
  constexpr std::string_view kKey = "\"token\":\"";
  const std::string_view value = issued.text.reveal();  // base64url: nothing to escape
  out.body.reserve(out.body.size() + kKey.size() + value.size() + 2);
  out.body.insert(1, "\",");
  out.body.insert(1, value);
  out.body.insert(1, kKey);
  return out;
}

GateReply mistaken(const GateRequest& request, const Mistakes& mistakes) {
  json details = json::array();
  for (const Mistake& mistake : mistakes)
    details.push_back({{"path", mistake.path}, {"message", mistake.message}, {"code", mistake.code}});
  return json_reply(400,
                    {{"error", "invalid"},
                     {"message", "What was sent is not what is wanted here."},
                     {"details", std::move(details)},
                     {"request_id", request.request_id}},
                    "invalid");
}

// An empty body is an empty object.
json document_of(const GateRequest& request) {
  return request.body.empty() ? json::object() : json::parse(request.body.reveal(), nullptr, false);
}

Mistakes not_json() { return {{"", "must be JSON", "invalid_value", "", 0}}; }

// "ID" or "ID/rotate".
Result<RecordId> id_of(const GateRequest& request) {
  const std::string_view rest = std::string_view(request.path).substr(kTokensPrefix.size());
  return RecordId::parse(rest.substr(0, rest.find('/')));
}

}  // namespace

Task<GateReply> MeApi::list_tokens(Loop& home, const Call& call) {
  auto reading = parts_.tokens.list(home, token_asker_of(call.request, call.who));
  const auto tokens = co_await reading;
  if (!tokens) co_return failed(call, tokens.error());
  json shown = json::array();
  for (const OwnToken& token : *tokens) {
    shown.push_back(show(token.record, token.ends_at));
    shown.back()["service_account"] = token.account.empty() ? json() : json(token.account);
  }
  co_return json_reply(200, {{"tokens", std::move(shown)}}, "tokens");
}

Task<GateReply> MeApi::create_token(Loop& home, const Call& call) {
  if (!is_json(call.request)) co_return problem_reply(call.request, kMediaType, Format::kJson);
  const json document = document_of(call.request);
  if (document.is_discarded()) co_return mistaken(call.request, not_json());
  const auto wish = read_token_wish(document);
  if (!wish) co_return mistaken(call.request, wish.error());
  auto wanted = judge_wish(*wish, *call.who.user, call.who.session.strength, *call.request.snapshot);
  if (!wanted) co_return mistaken(call.request, wanted.error());
  auto making = parts_.tokens.create(home, token_asker_of(call.request, call.who), *std::move(wanted));
  const auto made = co_await making;
  co_return made ? issued_reply(*made, "token made") : refused_token(call, made.error());
}

Task<GateReply> MeApi::revoke_token(Loop& home, const Call& call) {
  const auto id = id_of(call.request);
  if (!id) co_return problem_reply(call.request, kNoToken, Format::kJson);
  auto ending = parts_.tokens.revoke(home, token_asker_of(call.request, call.who), *id);
  const auto ended = co_await ending;
  if (!ended) co_return refused_token(call, ended.error());
  co_return done_reply("token revoked");
}

Task<GateReply> MeApi::rotate_token(Loop& home, const Call& call) {
  const auto id = id_of(call.request);
  if (!id) co_return problem_reply(call.request, kNoToken, Format::kJson);
  if (!call.request.body.empty() && !is_json(call.request))
    co_return problem_reply(call.request, kMediaType, Format::kJson);
  const json document = document_of(call.request);
  if (document.is_discarded()) co_return mistaken(call.request, not_json());
  const auto wish = read_rotation(document);
  if (!wish) co_return mistaken(call.request, wish.error());
  auto rotating = parts_.tokens.rotate(home, token_asker_of(call.request, call.who), *id, *wish);
  const auto made = co_await rotating;
  co_return made ? issued_reply(*made, "token rotated") : refused_token(call, made.error());
}

GateReply MeApi::refused_token(const Call& call, const Error& error) const {
  switch (error.code) {
    case Code::kNotFound:
      return problem_reply(call.request, kNoToken, Format::kJson);
    case Code::kConflict:
      return problem_reply(call.request, kTokenLimit, Format::kJson);
    case Code::kLimit:
    case Code::kMalformed:
      return mistaken(call.request, {{"expires", error.what, "out_of_range", "", 0}});
    case Code::kUnauthenticated:
      return problem_reply(call.request, kSessionOver, Format::kJson);
    default:
      return failed(call, error);
  }
}

}  // namespace sallyport::sso
