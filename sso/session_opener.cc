#include "sso/session_opener.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/decision.h"
#include "sso/cookies.h"
#include "sso/pages.h"
#include "sso/replies.h"
#include "sso/session_commit.h"
#include "sso/signed_in.h"

namespace sallyport::sso {
namespace {

constexpr size_t kUserAgentBytesMax = 200;

// What can be shown of a User-Agent: printable ASCII, and not much of it.
std::string shown_user_agent(std::string_view text) {
  std::string out(text.substr(0, kUserAgentBytesMax));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

storage::AdminEvent event_of(const GateRequest& request, const policy::CompiledUser& user, const char* action,
                             const RecordId& session, std::string detail, WallMicros at) {
  storage::AdminEvent out;
  out.at = at;
  out.action = action;
  out.actor = user.name;
  out.object = "session " + session.to_string();
  out.client = request.client.address.to_string();
  out.detail = std::move(detail);
  return out;
}

storage::SessionRecord record_of(const GateRequest& request, const policy::CompiledUser& user, const SessionWish& wish,
                                 const policy::Platform& platform, std::string_view cookie, WallMicros now) {
  storage::SessionRecord out;
  out.id_hash = session_id_hash(cookie);
  out.id = RecordId::random();
  out.family = out.id;
  out.user = user.id;
  out.host = request.host;
  out.created_at = out.last_seen_at = now;
  out.absolute_end = now + wish.absolute.value_or(platform.session_absolute);
  if (wish.ends_by) out.absolute_end = std::min(out.absolute_end, *wish.ends_by);
  out.idle = wish.idle.value_or(platform.session_idle);
  out.strength = wish.proof.strength;
  if (wish.proof.factor) out.factor_at = now;
  out.client = request.client.address.to_string();
  out.user_agent = shown_user_agent(request.user_agent);
  return out;
}

}  // namespace

std::vector<storage::LiveSession> SessionOpener::replaced(const GateRequest& request, const SessionWish& wish,
                                                          WallMicros now) const {
  std::vector<storage::LiveSession> out;
  if (const auto cookie = cookie_value(request.cookie, kSessionCookie))
    if (const auto old = parts_.sessions.find(session_id_hash(*cookie), request.host, now)) out.push_back(*old);
  if (wish.replaces && (out.empty() || out.front().family != *wish.replaces))
    if (const auto old = parts_.sessions.current(*wish.replaces, *wish.replaces, now)) out.push_back(*old);
  return out;
}

// A new session under a new id; those this browser had on the gate end in the same commit, and the code that leads on
// to another host is made in it, too. One that lacks a factor leads to where that is shown, and nowhere else.
Task<Result<GateReply>> SessionOpener::open(Loop& home, const GateRequest& request, const policy::CompiledUser& user,
                                            SessionWish wish) {
  const WallMicros now = parts_.clock.wall();
  const policy::Snapshot& snapshot = wish.snapshot ? *wish.snapshot : *request.snapshot;
  const std::string cookie = random_handle();
  const storage::SessionRecord session = record_of(request, user, wish, snapshot.platform(), cookie, now);

  storage::ChangeSet changes;
  std::vector<storage::AdminEvent> events;
  const std::vector<storage::LiveSession> old = replaced(request, wish, now);
  for (const storage::LiveSession& one : old) {
    changes.changes.emplace_back(storage::EndSession{one.family});
    events.push_back(event_of(request, user, "session.end", one.family, "replaced by a new sign-in", now));
  }
  for (storage::Change& change : wish.more) changes.changes.push_back(std::move(change));
  if (wish.proof.factor) changes.changes.emplace_back(storage::UseFactor{*wish.proof.factor});
  changes.changes.emplace_back(storage::PutSession{session});
  if (wish.origin) {
    wish.origin->session = session.id;
    changes.changes.emplace_back(storage::PutSessionOrigin{*std::move(wish.origin)});
  }
  events.push_back(event_of(request, user, "session.begin", session.id, wish.proof.means, now));
  const storage::LiveSession opened{session.id, session.family, session.user, session.strength, session.factor_at};
  const bool lacks_factor =
      policy::decide_gate(snapshot, identity_of(opened), now).outcome == policy::Outcome::kStepUp ||
      (wish.wanted && !is_enough(*wish.wanted, opened, now));
  const bool password_due = !lacks_factor && policy::must_change_password(snapshot, user, now);
  const std::optional<SignInFlow> flow = lacks_factor || password_due ? std::nullopt : wish.wanted;
  std::string location = lacks_factor        ? factor_location(user, wish.wanted ? wish.flow : "")
                         : wish.then.empty() ? "/"
                                             : std::string(kFactorsPath);
  if (flow) {
    const std::string code = random_handle();
    CO_TRY(storage::FlowRecord record, to_record(HandOver{*flow, session.family, user.id}, code, parts_.keyring, now));
    changes.changes.emplace_back(storage::PutFlow{std::move(record)});
    location = callback_url(parts_.gate, flow->host, code);
  }

  // Known to the table first: whoever ends this user's sessions from now on finds it there. Nobody has its cookie yet.
  parts_.sessions.insert(session);
  const VerifiedUser verified{user.id, storage::Generation{snapshot.generation()}};
  auto committing = commit_for(home, parts_.store, verified, std::move(changes), std::move(events));
  const auto committed = co_await committing;
  if (!committed) {
    parts_.sessions.end(session.id);
    co_return std::unexpected(committed.error());
  }
  for (const storage::LiveSession& one : old) {
    parts_.sessions.end(one.family);
    if (parts_.session_ended) parts_.session_ended(one.family);
  }
  if (!old.empty()) {
    auto following = wait_until_in_force(parts_.in_force, home, *committed);
    co_await following;
  }
  parts_.log.info("sign_in", {{"user", user.name}, {"client", session.client}, {"request_id", request.request_id}});

  const bool for_browser = wish.in_browser || is_form(request);
  GateReply reply;
  if (password_due)
    reply = new_password_first(request, wish.flow, "signed in");
  else if (!for_browser)
    reply = json_reply(200, {{"next", lacks_factor ? "mfa" : "done"}, {"location", location}}, "signed in");
  else if (flow && request.sec_fetch_mode == "navigate" && request.method == "POST")
    reply = page_reply(200, onward_page(location, flow->host), "signed in");
  else
    reply = redirect_reply(303, location, "signed in");
  reply.user = user.id;
  add_header(reply, "Set-Cookie", set_cookie(kSessionCookie, cookie));
  co_return reply;
}

std::string origin_beside(const http::Url& gate, const std::string& host) {
  http::Url url = gate;
  url.host = host;
  return url.scheme + "://" + url.authority();
}

std::string callback_url(const http::Url& gate, const std::string& host, const std::string& code) {
  return origin_beside(gate, host) + std::string(kCallbackPath) + "?code=" + code;
}

std::string factor_location(const policy::CompiledUser& user, const std::string& flow) {
  std::string out(user.has_factors ? kMfaPath : kFactorsPath);
  if (!flow.empty()) out += "?flow=" + flow;
  return out;
}

GateReply new_password_first(const GateRequest& request, const std::string& flow, const char* reason) {
  std::string location(kPasswordPath);
  if (!flow.empty()) location += "?flow=" + flow;
  if (is_form(request) || request.method == "GET") return redirect_reply(303, std::move(location), reason);
  return json_reply(200, {{"next", "password"}, {"location", std::move(location)}}, reason);
}

}  // namespace sallyport::sso
