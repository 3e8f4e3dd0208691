// The way of a session to another host: begin_sign_in on that host, the code made on the gate, the callback on the
// host.
#include <algorithm>

#include "base/http/cookie.h"
#include "policy/find_place.h"
#include "sso/cookies.h"
#include "sso/sign_in.h"

namespace sallyport::sso {
namespace {

constexpr Problem kBadCode{403, "bad_code", "This link has been used",
                           "The sign-in link is too old, was used before or belongs to another browser. "
                           "Open the page you wanted once more."};

constexpr Problem kNotEnough{403, "factor_not_enough", "A second factor is still asked for",
                             "You have shown your second factor, and this page asks for a fresher one than you could "
                             "bring here. Ask whoever runs it to allow more time."};

GateReply too_many(const GateRequest& request) {
  GateReply reply = problem_reply(request, {429, "too_many_sign_ins", "Too many sign-ins",
                                            "Too many sign-ins were begun. Please wait a little and try again."});
  add_header(reply, "Retry-After", "10");
  return reply;
}

bool is_query_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// What was asked for, as it will be asked for again. A query that no Location could carry is left out.
std::string target_of(const GateRequest& request) {
  std::string out = request.path;
  if (!request.query.empty() && is_query_text(request.query)) out += "?" + request.query;
  if (!out.starts_with('/') || out.size() > kTargetBytesMax || !is_query_text(out)) return "/";
  return out;
}

}  // namespace

bool SignIn::may_begin_flow(const IpAddress& client) {
  const Sha256 network = network_key(client);
  const Monotonic now = parts_.clock.monotonic();
  const std::lock_guard lock(flows_mutex_);
  if (flows_per_network_.wait(network, now) > std::chrono::nanoseconds::zero()) return false;
  if (flows_together_.wait({}, now) > std::chrono::nanoseconds::zero()) return false;
  flows_per_network_.take(network, now);
  flows_together_.take({}, now);
  return true;
}

bool SignIn::may_look_up(const IpAddress& client) {
  const Sha256 network = network_key(client);
  const Monotonic now = parts_.clock.monotonic();
  const std::lock_guard lock(flows_mutex_);
  if (lookups_per_network_.wait(network, now) > std::chrono::nanoseconds::zero()) return false;
  lookups_per_network_.take(network, now);
  return true;
}

Task<GateReply> SignIn::begin_sign_in(Loop& home, GateRequest request) {
  SignInFlow flow;
  flow.host = request.host;
  flow.target = target_of(request);
  flow.factor_after = request.factor_after;
  // One nonce for this browser on this host: tabs that begin beside each other share it, and all of them come back.
  const auto cookie = cookie_value(request.cookie, kNonceCookie);
  std::string nonce = cookie && is_random_handle(*cookie) ? std::string(*cookie) : random_handle();
  auto sending = send_to_gate(home, request, std::move(flow), std::move(nonce));
  co_return co_await sending;
}

// Keeps the flow and sends the browser to the gate, which hands over at once if nothing is lacking there.
Task<GateReply> SignIn::send_to_gate(Loop& home, const GateRequest& request, SignInFlow flow, std::string nonce) {
  if (!may_begin_flow(request.client.address)) co_return too_many(request);
  flow.nonce_hash = sha256(as_bytes(nonce));
  const std::string handle = random_handle();
  auto record = to_record(flow, handle, parts_.keyring, parts_.clock.wall());
  if (!record) co_return unavailable(request);
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutFlow{*std::move(record)});
  auto committing = parts_.store.commit(home, std::move(changes), {});
  const auto committed = co_await committing;
  if (!committed) co_return unavailable(request);
  const std::string_view path = flow.factor_after ? kMfaPath : kLoginPath;
  GateReply reply = redirect_reply(302, origin_of(parts_.gate.host) + std::string(path) + "?flow=" + handle,
                                   flow.factor_after ? "step-up" : "sign-in");
  add_header(reply, "Set-Cookie", set_cookie(kNonceCookie, nonce, kNonceLife));
  co_return reply;
}

// The page a handle stands for, while it is wanted and its host is still protected here. The flow stays until it is
// over: a form that is sent twice leads to the page twice.
Task<std::optional<SignInFlow>> SignIn::wanted_page(Loop& home, std::string handle, IpAddress client,
                                                    std::shared_ptr<const policy::Snapshot> snapshot) {
  if (!may_look_up(client)) co_return std::nullopt;
  const WallMicros now = parts_.clock.wall();
  auto peeking = parts_.store.peek_flow(home, sha256(as_bytes(handle)), now);
  const auto record = co_await peeking;
  if (!record) co_return std::nullopt;
  auto flow = read_sign_in_flow(*record, parts_.keyring, now);
  if (!flow || flow->host == parts_.gate.host || !snapshot->has_host(flow->host)) co_return std::nullopt;
  co_return *std::move(flow);
}

// Leads a session that lives on the gate on to the page wanted.
Task<GateReply> SignIn::hand_over(Loop& home, const GateRequest& request, const SignedIn& who, const SignInFlow& flow) {
  const std::string code = random_handle();
  auto record = to_record(HandOver{flow, who.session.family, who.user->id}, code, parts_.keyring, parts_.clock.wall());
  if (!record) co_return unavailable(request);
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutFlow{*std::move(record)});
  auto committing = parts_.store.commit(home, std::move(changes), {});
  const auto committed = co_await committing;
  if (!committed) co_return unavailable(request);
  GateReply reply = redirect_reply(302, callback_url(parts_.gate, flow.host, code), "hand-over");
  reply.user = who.user->id;
  co_return reply;
}

// Would the page send the browser away for a factor again? Then it would go back and forth.
bool SignIn::asks_again(const GateRequest& request, const SignInFlow& flow, const storage::LiveSession& session,
                        WallMicros now) const {
  std::string scratch;
  policy::FoundPlace place;
  const std::string_view sent = std::string_view(flow.target).substr(0, flow.target.find('?'));
  const auto found = policy::find_place(*request.snapshot, parts_.gate.host, request.host, sent, scratch, place);
  if (!found || place.at_gate || place.resource == nullptr) return false;
  const policy::Identity identity = identity_of(session);
  return policy::decide({.snapshot = *request.snapshot,
                         .resource = *place.resource,
                         .method = "GET",
                         .path = place.path,
                         .client = request.client,
                         .identity = &identity,
                         .certificate = request.certificate,
                         .now = now})
             .outcome == policy::Outcome::kStepUp;
}

Task<GateReply> SignIn::callback(Loop& home, GateRequest request) {
  const auto query = http::parse_form(request.query);
  const std::string* const code = query ? http::find_field(*query, "code") : nullptr;
  if (code == nullptr || !is_random_handle(*code)) co_return problem_reply(request, kBadCode);
  if (!may_look_up(request.client.address)) co_return too_many(request);

  const WallMicros now = parts_.clock.wall();
  auto taking = parts_.store.take_flow(home, sha256(as_bytes(*code)), now);
  const auto record = co_await taking;
  if (!record && record.error().code == Code::kUnavailable) co_return unavailable(request);
  if (!record) co_return problem_reply(request, kBadCode);
  // Used up from here on, whatever is found.
  auto hand_over = read_hand_over(*record, parts_.keyring, now);
  if (!hand_over || hand_over->flow.host != request.host) co_return problem_reply(request, kBadCode);
  const auto nonce = cookie_value(request.cookie, kNonceCookie);
  if (!nonce || !is_random_handle(*nonce)) co_return problem_reply(request, kBadCode);
  if (!constant_time_equal(sha256(as_bytes(*nonce)), hand_over->flow.nonce_hash)) {
    // Tabs whose very first requests crossed each got a nonce, and the browser kept the last. Begin again under that
    // one: it gives no more than opening the page anew would.
    if (hand_over->flow.restarts >= kRestartsMax) co_return problem_reply(request, kBadCode);
    ++hand_over->flow.restarts;
    auto sending = send_to_gate(home, request, std::move(hand_over->flow), std::string(*nonce));
    co_return co_await sending;
  }
  const policy::CompiledUser* const user = request.snapshot->user(hand_over->user);
  if (user == nullptr || user->suspended || user->damaged) co_return problem_reply(request, kBadCode);

  const auto gate = parts_.sessions.current(hand_over->family, hand_over->family, now);
  if (!gate || gate->user != user->id) co_return problem_reply(request, kBadCode);  // it has ended
  if (hand_over->flow.factor_after && asks_again(request, hand_over->flow, *gate, now))
    co_return problem_reply(request, kNotEnough);
  const auto cookie = cookie_value(request.cookie, kSessionCookie);
  const auto here = cookie ? parts_.sessions.find(session_id_hash(*cookie), request.host, now) : std::nullopt;
  const bool known = here && here->family == gate->family;
  auto coming = known ? raise_child(home, request, *user, *gate, here->id) : make_child(home, request, *user, *gate);
  const auto child = co_await coming;
  if (!child && child.error().code == Code::kConflict) co_return problem_reply(request, kBadCode);  // ended meanwhile
  if (!child) co_return unavailable(request);
  GateReply reply = redirect_reply(302, origin_of(request.host) + hand_over->flow.target, "hand-over");
  reply.user = user->id;
  add_header(reply, "Set-Cookie", set_cookie(kSessionCookie, *child));
  co_return reply;
}

// A session of this host in the gate session's family, as strong as that is now.
Task<Result<std::string>> SignIn::make_child(Loop& home, const GateRequest& request, const policy::CompiledUser& user,
                                             storage::LiveSession gate) {
  const WallMicros now = parts_.clock.wall();
  const std::string cookie = random_handle();
  storage::SessionRecord session;
  session.id_hash = session_id_hash(cookie);
  session.id = RecordId::random();
  session.family = gate.family;
  session.user = user.id;
  session.host = request.host;
  session.created_at = session.last_seen_at = now;
  session.absolute_end = now + request.snapshot->platform().session_absolute;  // and never later than its family's
  session.idle = request.snapshot->platform().session_idle;
  session.strength = gate.strength;
  session.factor_at = gate.factor_at;
  session.client = request.client.address.to_string();
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutSession{session});
  if (!parts_.sessions.insert(session))
    co_return fail(Code::kConflict, Side::kClient, "the session on the gate has ended");
  std::vector<storage::AdminEvent> events{child_event(request, user, gate, "session.extend")};
  auto committing = parts_.store.commit(home, std::move(changes), std::move(events));
  const auto committed = co_await committing;
  if (committed) co_return cookie;
  parts_.sessions.end(session.id);
  co_return std::unexpected(committed.error());
}

// The session that this host has already gets what the gate's has by now, under another cookie. It stays the same
// session, so what it keeps open goes on.
Task<Result<std::string>> SignIn::raise_child(Loop& home, const GateRequest& request, const policy::CompiledUser& user,
                                              storage::LiveSession gate, RecordId id) {
  const std::string cookie = random_handle();
  const storage::RaiseSession raise{
      .id = id, .id_hash = session_id_hash(cookie), .strength = gate.strength, .factor_at = gate.factor_at};
  storage::ChangeSet changes;
  changes.changes.emplace_back(raise);
  std::vector<storage::AdminEvent> events{child_event(request, user, gate, "session.raise")};
  auto committing = parts_.store.commit(home, std::move(changes), std::move(events));
  CO_CHECKED(co_await committing);
  if (!parts_.sessions.raise(gate.family, raise))
    co_return fail(Code::kConflict, Side::kClient, "the session has ended");
  co_return cookie;
}

storage::AdminEvent SignIn::child_event(const GateRequest& request, const policy::CompiledUser& user,
                                        const storage::LiveSession& gate, const char* action) const {
  storage::AdminEvent event;
  event.at = parts_.clock.wall();
  event.action = action;
  event.actor = user.name;
  event.object = "session " + gate.family.to_string();
  event.client = request.client.address.to_string();
  event.detail = "to " + request.host;
  return event;
}

}  // namespace sallyport::sso
