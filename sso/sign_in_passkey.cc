// Passkeys at the sign-in, in JSON for the page's script: a sign-in without a password, the second factor after one,
// and the fresh one that a place asks for.
//
//   POST /.sallyport/webauthn/options  {}                          -> 200 {"publicKey": {...}} for
//   navigator.credentials.get() POST /.sallyport/webauthn          {credential, flow?, then?}  -> 200 {next, location}
//
// Who is signed in is asked for one of their own passkeys; nobody's options say nothing of anybody.
#include <nlohmann/json.hpp>

#include "sso/cookies.h"
#include "sso/factor_account.h"
#include "sso/passkey_pages.h"
#include "sso/passkey_use.h"
#include "sso/sign_in.h"
#include "sso/sign_in_problems.h"
#include "sso/strict_json.h"
#include "sso/webauthn_options.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr Problem kMalformed{400, "malformed", "Not understood", "This is not what a passkey answers."};
constexpr Problem kUnused{404, "not_found", "Not found", "Passkeys cannot be used here: the gateway has no name."};
constexpr Problem kNoPasskey{409, "no_factor", "No passkey", "You have no passkey here."};
// One answer for every reason, and whoever it would have been.
constexpr Problem kBadPasskey{401, "bad_passkey", "Not accepted", "That passkey was not accepted. Please try again."};

// Counted by credential and session, so that whoever knows somebody's password, and so the ids of their passkeys, can
// make nobody else wait. There is nothing to guess: what is kept low is the work.
Attempt attempt_of(const AssertionAnswer& answer, const std::optional<SignedIn>& signed_in, const IpAddress& client) {
  const RecordId session = signed_in ? signed_in->session.family : RecordId{};
  return {sha256({as_bytes("passkey"), session.view(), answer.credential_id}), client};
}

std::string text_of(const json& body, const char* name) {
  const std::string* const text = text_member(body, name);
  return text == nullptr ? std::string() : *text;
}

}  // namespace

bool SignIn::passkeys_usable() const { return !parts_.gate.is_address() && parts_.gate.scheme == "https"; }

Task<GateReply> SignIn::passkey_script(Loop&, GateRequest) { co_return passkey_script_reply(); }

// The proofs of a JSON sign-in, and passkeys can be used at all. Nothing: go on.
std::optional<GateReply> SignIn::refuse_passkey_request(const GateRequest& request) const {
  if (origin_proof(request, origin_of(request.host)) == OriginProof::kForeign)
    return problem_reply(request, kForeignOrigin, Format::kJson);
  if (!request.sallyport_request) return problem_reply(request, kHeaderMissing, Format::kJson);
  if (!is_json(request)) return problem_reply(request, kMediaType, Format::kJson);
  if (!passkeys_usable()) return problem_reply(request, kUnused, Format::kJson);
  return std::nullopt;
}

Task<GateReply> SignIn::post_passkey_options(Loop& home, GateRequest request) {
  if (auto refused = refuse_passkey_request(request)) co_return *std::move(refused);
  if (!parse_strict_object(request.body.reveal())) co_return problem_reply(request, kMalformed, Format::kJson);
  if (!may_begin_flow(request.client.address)) {
    GateReply reply = problem_reply(request, kLimited, Format::kJson);
    add_header(reply, "Retry-After", "5");
    co_return reply;
  }
  const auto signed_in = who(request);
  const auto csrf_cookie = cookie_value(request.cookie, kCsrfCookie);
  const bool has_cookie = csrf_cookie && is_random_handle(*csrf_cookie);
  const std::string browser = has_cookie ? std::string(*csrf_cookie) : random_handle();
  PasskeyChallenge challenge = new_challenge(PasskeyPurpose::kSignIn, UserId{}, binding_to_browser(browser));
  std::vector<Passkey> allow;
  if (signed_in) {
    if (!signed_in->user->has_factors) co_return problem_reply(request, kNoPasskey, Format::kJson);
    auto reading = factor_book_.read(home, *signed_in->user);
    auto factors = co_await reading;
    if (!factors) co_return factors_unread(request, factors.error());
    if (factors->passkeys.empty()) co_return problem_reply(request, kNoPasskey, Format::kJson);
    allow = std::move(factors->passkeys);
    challenge =
        new_challenge(PasskeyPurpose::kFactor, signed_in->user->id, binding_to_session(signed_in->session.family));
  }
  auto record = to_record(challenge, parts_.keyring, parts_.clock.wall());
  if (!record) co_return unavailable(request);
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutFlow{*std::move(record)});
  auto committing = parts_.store.commit(home, std::move(changes), {});
  const auto committed = co_await committing;
  if (!committed) co_return unavailable(request);
  GateReply reply = json_reply(200,
                               {{"publicKey", request_options(own_passkeys_.party(), challenge.challenge,
                                                              verification_for(challenge.purpose), allow)}},
                               "passkey options");
  if (!signed_in && !has_cookie) add_header(reply, "Set-Cookie", set_cookie(kCsrfCookie, browser));
  if (signed_in) reply.user = signed_in->user->id;
  co_return reply;
}

Task<GateReply> SignIn::post_passkey(Loop& home, GateRequest request) {
  if (auto refused = refuse_passkey_request(request)) co_return *std::move(refused);
  const auto body = parse_strict_object(request.body.reveal());
  request.body = SecretBytes();
  if (!body || !body->contains("credential")) co_return problem_reply(request, kMalformed, Format::kJson);
  const auto answer = read_assertion((*body)["credential"]);
  if (!answer) co_return problem_reply(request, kMalformed, Format::kJson);
  FactorAim aim = factor_aim(text_of(*body, "flow"), text_of(*body, "then"), "");

  const auto signed_in = who(request);
  std::optional<std::chrono::seconds> wait;
  if (!may_look_up(request.client.address)) wait = std::chrono::seconds(5);
  const Attempt attempt = attempt_of(*answer, signed_in, request.client.address);
  if (!wait) wait = attempts_.refuse(attempt, parts_.clock.monotonic());
  if (wait) {
    refusals_.record(signed_in ? signed_in->user->name : std::string(), request.client.address, "too many attempts",
                     parts_.clock.wall(), parts_.clock.monotonic());
    GateReply reply = problem_reply(request, kLimited, Format::kJson);
    add_header(reply, "Retry-After", std::to_string(wait->count()));
    co_return reply;
  }
  // Used up from here on, whatever is found.
  const WallMicros now = parts_.clock.wall();
  auto taking = parts_.store.take_flow(home, key_of(answer->client_data.challenge), now);
  const auto record = co_await taking;
  if (!record && record.error().code != Code::kNotFound) co_return unavailable(request);
  const auto challenge =
      record ? read_passkey_challenge(*record, parts_.keyring, now) : std::unexpected(record.error());
  if (!challenge) co_return refuse_passkey(request, nullptr, "an answer to no challenge of ours");
  if (!aim.flow.empty()) {
    auto looking = wanted_page(home, aim.flow, request.client.address, request.snapshot);
    aim.wanted = co_await looking;
  }
  if (challenge->purpose == PasskeyPurpose::kRegistration)
    co_return refuse_passkey(request, nullptr, "an answer to another kind of challenge");
  auto answering = challenge->purpose == PasskeyPurpose::kFactor
                       ? passkey_as_factor(home, request, signed_in, aim, *answer, *challenge)
                       : passkey_alone(home, request, aim, *answer, *challenge);
  GateReply reply = co_await answering;
  if (reply.status == 200) attempts_.succeeded(attempt, parts_.clock.monotonic());
  co_return reply;
}

Task<GateReply> SignIn::passkey_as_factor(Loop& home, const GateRequest& request,
                                          const std::optional<SignedIn>& signed_in, const FactorAim& aim,
                                          const AssertionAnswer& answer, const PasskeyChallenge& challenge) {
  if (!signed_in) co_return refuse_passkey(request, nullptr, "the session of the challenge is over");
  const policy::CompiledUser& user = *signed_in->user;
  if (challenge.user != user.id ||
      !constant_time_equal(challenge.binding, binding_to_session(signed_in->session.family)))
    co_return refuse_passkey(request, &user, "the challenge of another session");
  if (!user.has_factors) co_return refuse_passkey(request, &user, "no factors");
  auto matching = match_passkey_of(home, user, answer, challenge);
  auto shown = co_await matching;
  if (!shown) co_return passkey_failed(request, &user, shown.error());
  auto raising = factor_shown(home, request, *signed_in, aim, *std::move(shown));
  auto raised = co_await raising;
  if (!raised) co_return passkey_failed(request, &user, raised.error());
  co_return *std::move(raised);
}

Task<GateReply> SignIn::passkey_alone(Loop& home, const GateRequest& request, const FactorAim& aim,
                                      const AssertionAnswer& answer, const PasskeyChallenge& challenge) {
  const auto browser = cookie_value(request.cookie, kCsrfCookie);
  if (!browser || !constant_time_equal(challenge.binding, binding_to_browser(*browser)))
    co_return refuse_passkey(request, nullptr, "the challenge of another browser");
  // Whose it is: what the store says is a hint; that the user has this very passkey, under seal, decides.
  auto looking = parts_.store.run<std::vector<UserId>>(
      home, [id = passkey_id(answer.credential_id)](storage::Store& store) { return store.users_of_factor(id); });
  const auto owners = co_await looking;
  if (!owners) co_return unavailable(request);
  if (owners->size() != 1) co_return refuse_passkey(request, nullptr, "a passkey of nobody");
  const policy::CompiledUser* const user = request.snapshot->user(owners->front());
  if (const char* const reason = why_unusable(user)) co_return refuse_passkey(request, user, reason);
  if (!signs_in_here(*request.snapshot, *user)) co_return refuse_passkey(request, user, kElsewhereAlone);
  if (!user->has_factors) co_return refuse_passkey(request, user, "no factors");
  auto matching = match_passkey_of(home, *user, answer, challenge);
  auto shown = co_await matching;
  if (!shown) co_return passkey_failed(request, user, shown.error());
  LoginForm form;
  form.flow = aim.flow;
  form.wanted = aim.wanted;
  auto opening =
      opener_.open(home, request, *user, wish_of(form, {std::move(shown->words), policy::Strength::kMfa, shown->use}));
  auto opened = co_await opening;
  if (!opened) co_return passkey_failed(request, user, opened.error());
  co_return *std::move(opened);
}

// user: has factors.   errors: those of match_passkey, of the book and of the store.
Task<Result<ShownFactor>> SignIn::match_passkey_of(Loop& home, const policy::CompiledUser& user,
                                                   const AssertionAnswer& answer, const PasskeyChallenge& challenge) {
  auto reading = factor_book_.read(home, user);
  CO_TRY(const Factors factors, co_await reading);
  auto looking = factor_book_.uses(home, user.id);
  CO_TRY(const std::vector<storage::FactorUse> uses, co_await looking);
  co_return match_passkey(factors, uses, user.id, answer, own_passkeys_.party(), challenge, parts_.clock.wall());
}

GateReply SignIn::passkey_failed(const GateRequest& request, const policy::CompiledUser* user, const Error& error) {
  const bool theirs = error.side == Side::kClient || error.code == Code::kDenied || error.code == Code::kConflict;
  if (theirs) return refuse_passkey(request, user, error.what);
  parts_.log.error("sign_in_failed", {{"reason", error.what}, {"request_id", request.request_id}});
  return unavailable(request);
}

GateReply SignIn::refuse_passkey(const GateRequest& request, const policy::CompiledUser* user, const char* reason) {
  return refuse_proof(request, kBadPasskey, {}, user, reason);
}

}  // namespace sallyport::sso
