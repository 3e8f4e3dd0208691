// /.sallyport/mfa: the second factor that a sign-in, a place or a change of one's account asks for, shown by a code.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/http/cookie.h"
#include "sso/cookies.h"
#include "sso/factor_account.h"
#include "sso/page_parts.h"
#include "sso/passkey_pages.h"
#include "sso/second_factor.h"
#include "sso/session_commit.h"
#include "sso/sign_in.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

constexpr const char* kPurpose = "second-factor";

constexpr Problem kNobody{401, "unauthenticated", "Sign in first", "Nobody is signed in."};
constexpr Problem kNoFactor{409, "no_factor", "No second factor", "There is no second factor to show. Set one up."};
constexpr Problem kStrayForm{403, "bad_csrf", "Please try again",
                             "This form does not belong to your present sign-in. Go back and reload the page."};
constexpr Problem kMalformedCode{400, "malformed", "Not understood", "Type the code."};

// Where one may go on to on the gate itself, by our own words for it: never what a client says.
std::string_view page_of(std::string_view then) {
  if (then == "factors") return kFactorsPath;
  return {};
}

std::string login_url(const std::string& flow) {
  return std::string(kLoginPath) + (flow.empty() ? "" : "?flow=" + flow);
}

std::string field_of(const http::FormFields& fields, std::string_view name) {
  const std::string* const value = http::find_field(fields, name);
  return value == nullptr ? std::string() : *value;
}

std::string member_of(const SecretBytes& json, const char* name) {
  const auto value = read_secret_member(json, name);
  return value ? std::string(value->reveal()) : std::string();
}

}  // namespace

std::string SignIn::location_of(const FactorAim& aim) {
  return aim.then.empty() ? "/" : std::string(page_of(aim.then));
}

SignIn::FactorAim SignIn::factor_aim(std::string flow, std::string then, std::string_view with) {
  FactorAim out;
  if (is_random_handle(flow)) out.flow = std::move(flow);
  if (!page_of(then).empty()) out.then = std::move(then);
  if (with == "recovery") out.field = CodeField::kRecovery;
  return out;
}

Task<GateReply> SignIn::show_mfa(Loop& home, GateRequest request) {
  FactorAim aim;
  if (const auto fields = http::parse_form(request.query))
    aim = factor_aim(field_of(*fields, "flow"), field_of(*fields, "then"), field_of(*fields, "with"));
  const auto signed_in = who(request);
  if (!signed_in) co_return redirect_reply(302, login_url(aim.flow), "sign-in");
  if (!aim.flow.empty()) {
    auto looking = wanted_page(home, aim.flow, request.client.address, request.snapshot);
    aim.wanted = co_await looking;
    if (!aim.wanted) aim.flow.clear();
  }
  // Whoever has shown what is asked for goes on at once.
  const WallMicros now = parts_.clock.wall();
  const bool fresh = signed_in->session.factor_at && now - *signed_in->session.factor_at < kFreshEnough;
  const bool enough = aim.wanted ? is_enough(*aim.wanted, signed_in->session, now) : aim.then.empty() || fresh;
  if (!signed_in->needs_factor && enough && aim.wanted) {
    auto handing_over = hand_over(home, request, *signed_in, *aim.wanted);
    co_return co_await handing_over;
  }
  if (!signed_in->needs_factor && enough) co_return redirect_reply(302, location_of(aim), "second factor");
  if (!signed_in->user->has_factors)
    co_return redirect_reply(302, factor_location(*signed_in->user, aim.flow), "no second factor");
  auto reading = own_factors_.factors_of(home, *signed_in->user);
  const auto factors = co_await reading;
  if (!factors) co_return factors_unread(request, factors.error());
  co_return factor_form(*signed_in, *factors, aim, {});
}

Task<GateReply> SignIn::post_mfa(Loop& home, GateRequest request) {
  const bool form = is_form(request);
  const OriginProof origin = origin_proof(request, origin_of(request.host));
  if (origin == OriginProof::kForeign || (form && origin == OriginProof::kMissing))
    co_return problem_reply(request, kForeignOrigin);
  if (!form && !request.sallyport_request) co_return problem_reply(request, kHeaderMissing);
  if (!form && !is_json(request)) co_return problem_reply(request, kMediaType);
  auto code = form ? read_secret_field(request.body, "code") : read_secret_member(request.body, "code");
  if (!code) co_return problem_reply(request, kMalformedCode);
  const auto sent = [&](const char* name) {
    return form ? read_form_field(request.body, name) : member_of(request.body, name);
  };
  FactorAim aim = factor_aim(sent("flow"), sent("then"), sent("with"));
  const std::string csrf = sent("csrf");
  request.body = SecretBytes();

  const auto signed_in = who(request);
  if (!signed_in)
    co_return form ? redirect_reply(303, login_url(aim.flow), "sign-in")
                   : problem_reply(request, kNobody, Format::kJson);
  if (form && !forms_.fits(csrf, kPurpose, signed_in->cookie)) co_return problem_reply(request, kStrayForm);
  const policy::CompiledUser& user = *signed_in->user;
  if (!user.has_factors) {
    co_return form ? redirect_reply(303, factor_location(user, aim.flow), "no second factor")
                   : problem_reply(request, kNoFactor, Format::kJson);
  }
  if (!aim.flow.empty()) {
    auto looking = wanted_page(home, aim.flow, request.client.address, request.snapshot);
    aim.wanted = co_await looking;
  }
  auto reading = own_factors_.factors_of(home, user);
  const auto factors = co_await reading;
  if (!factors) co_return factors_unread(request, factors.error());
  if (code->empty()) co_return refuse_code(request, *signed_in, *factors, aim, kMalformedCode, nullptr);
  if (const auto wait = codes_.refuse(user, signed_in->session.family, parts_.clock.monotonic())) {
    GateReply reply = refuse_code(request, *signed_in, *factors, aim, kTooManyCodes, "too many codes",
                                  "Too many wrong codes. Try again in " + wait_text(*wait) + ".");
    add_header(reply, "Retry-After", std::to_string(wait->count()));
    co_return reply;
  }
  const std::string alert = aim.field == CodeField::kRecovery ? "That code is not right, or it was used before." : "";
  auto shown = match_code(*factors, user.id, code->reveal(), parts_.clock.wall());
  if (!shown) co_return refuse_code(request, *signed_in, *factors, aim, kWrongCode, "wrong code", alert);
  auto raising = factor_shown(home, request, *signed_in, aim, *std::move(shown));
  auto raised = co_await raising;
  if (raised) co_return *std::move(raised);
  if (raised.error().code == Code::kConflict)
    co_return refuse_code(request, *signed_in, *factors, aim, kWrongCode, "a code that has counted before", alert);
  if (raised.error().code == Code::kDenied)
    co_return refuse_code(request, *signed_in, *factors, aim, kFactorsChanged, raised.error().what);
  parts_.log.error("factor_not_recorded", {{"reason", raised.error().what}, {"request_id", request.request_id}});
  co_return unavailable(request);
}

// The commit in which the factor counts, the session rises under a new cookie, and the code is made that leads on.
Task<Result<GateReply>> SignIn::factor_shown(Loop& home, const GateRequest& request, const SignedIn& who,
                                             const FactorAim& aim, ShownFactor factor) {
  const WallMicros now = parts_.clock.wall();
  const policy::CompiledUser& user = *who.user;
  const std::string cookie = random_handle();
  const storage::RaiseSession raise{
      .id = who.session.id, .id_hash = session_id_hash(cookie), .strength = policy::Strength::kMfa, .factor_at = now};
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::UseFactor{factor.use});
  changes.changes.emplace_back(raise);
  std::string location = location_of(aim);
  const bool password_due = policy::must_change_password(*request.snapshot, user, now);
  if (aim.wanted && !password_due) {
    const std::string code = random_handle();
    CO_TRY(storage::FlowRecord record,
           to_record(HandOver{*aim.wanted, who.session.family, user.id}, code, parts_.keyring, now));
    changes.changes.emplace_back(storage::PutFlow{std::move(record)});
    location = callback_url(parts_.gate, aim.wanted->host, code);
  }
  storage::AdminEvent event;
  event.at = now;
  event.action = "session.factor";
  event.actor = user.name;
  event.object = "session " + who.session.family.to_string();
  event.client = request.client.address.to_string();
  event.detail = factor.words;
  std::vector<storage::AdminEvent> events;
  events.push_back(std::move(event));
  const VerifiedUser verified{user.id, storage::Generation{request.snapshot->generation()}};
  auto committing = commit_for(home, parts_.store, verified, std::move(changes), std::move(events));
  const auto committed = co_await committing;
  if (!committed) co_return std::unexpected(committed.error());
  parts_.sessions.raise(who.session.family, raise);
  codes_.succeeded(user, who.session.family);
  parts_.log.info(
      "factor_shown",
      {{"user", user.name}, {"client", request.client.address.to_string()}, {"request_id", request.request_id}});

  GateReply reply;
  if (password_due)
    reply = new_password_first(request, aim.flow, "factor shown");
  else if (!is_form(request))
    reply = json_reply(200, {{"next", "done"}, {"location", location}}, "factor shown");
  else if (aim.wanted)
    reply = page_reply(200, onward_page(location, aim.wanted->host), "factor shown");
  else
    reply = redirect_reply(303, location, "factor shown");
  reply.user = user.id;
  add_header(reply, "Set-Cookie", set_cookie(kSessionCookie, cookie));
  co_return reply;
}

GateReply SignIn::factor_form(const SignedIn& who, const Factors& factors, const FactorAim& aim,
                              FactorSaying saying) const {
  SecondFactorPage page;
  page.csrf = forms_.field(kPurpose, who.cookie);
  page.sign_out_csrf = forms_.field("sign-out", who.cookie);
  page.flow = aim.flow;
  page.then = aim.then;
  page.user = who.user->name;
  if (aim.wanted) page.destination = aim.wanted->host;
  page.has_totp = !factors.totp.empty();
  page.has_passkey = !factors.passkeys.empty();
  page.has_recovery = !factors.recovery.empty();
  page.again = !who.needs_factor;
  page.alert = std::move(saying.alert);
  if (page.has_passkey && passkeys_usable()) page.passkey = sso::passkey_as_factor(page.flow, page.then);
  page.field = page.has_totp || !page.passkey.empty() ? aim.field : CodeField::kRecovery;
  GateReply reply = page_reply(saying.status, second_factor_page(page), saying.reason);
  if (!page.passkey.empty()) allow_passkey_script(reply);
  reply.user = who.user->id;
  return reply;
}

GateReply SignIn::refuse_code(const GateRequest& request, const SignedIn& who, const Factors& factors,
                              const FactorAim& aim, const Problem& problem, const char* reason, std::string alert) {
  if (reason != nullptr) {
    parts_.log.warning("factor_refused", {{"reason", reason},
                                          {"user", who.user->name},
                                          {"client", request.client.address.to_string()},
                                          {"request_id", request.request_id}});
    const Monotonic now = parts_.clock.monotonic();
    refusals_.record(who.user->name, request.client.address, reason, parts_.clock.wall(), now);
    // It counts for passwords, too, and is not held up by them: those can be tried by anybody.
    static_cast<void>(attempts_.refuse({sha256(as_bytes(who.user->name)), request.client.address}, now));
  }
  GateReply reply;
  if (is_form(request))
    reply = factor_form(who, factors, aim,
                        {problem.status, alert.empty() ? problem.message : std::move(alert), problem.code});
  else
    reply = problem_reply(request, problem, Format::kJson);
  reply.user = who.user->id;
  return reply;
}

GateReply SignIn::factors_unread(const GateRequest& request, const Error& error) const {
  parts_.log.error("factors_unread", {{"reason", error.what}, {"request_id", request.request_id}});
  return unavailable(request);
}

}  // namespace sallyport::sso
