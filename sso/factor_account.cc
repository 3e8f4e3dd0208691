#include "sso/factor_account.h"

#include <algorithm>

#include "base/http/cookie.h"
#include "sso/account.h"
#include "sso/cookies.h"
#include "sso/credentials.h"
#include "sso/factor_pages.h"
#include "sso/page_parts.h"
#include "sso/pages.h"
#include "sso/passkey_pages.h"
#include "sso/qr.h"
#include "sso/sign_in_problems.h"
#include "sso/totp.h"

namespace sallyport::sso {
namespace {

constexpr Problem kNotFound{404, "not_found", "Not found", "There is nothing at this address."};
constexpr Problem kGone{404, "not_found", "Not found", "There is no such second factor any more."};
constexpr Problem kOwnForm{403, "bad_csrf", "Please try again",
                           "This form does not belong to your present sign-in. Go back and reload the page."};

// What the list says after a button was pressed. Only ever one of our own sentences.
const char* note_of(std::string_view query) {
  if (query == "done=added") return "Your second factor was added, and your other sessions were ended.";
  if (query == "done=renamed") return "The name was changed.";
  if (query == "done=removed") return "The second factor was removed, and your other sessions were ended.";
  return "";
}

std::string flow_of(std::string flow) { return is_random_handle(flow) ? std::move(flow) : std::string(); }

std::string flow_of_query(std::string_view query) {
  const auto fields = http::parse_form(query);
  const std::string* const flow = fields ? http::find_field(*fields, "flow") : nullptr;
  return flow == nullptr ? std::string() : flow_of(*flow);
}

std::string trimmed(std::string text) {
  const size_t from = text.find_first_not_of(" \t");
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

std::optional<RecordId> id_of(const GateRequest& request) {
  const auto id = RecordId::parse(read_form_field(request.body, "id"));
  return id ? std::optional(*id) : std::nullopt;
}

}  // namespace

const Problem* problem_of(const Error& error) {
  switch (error.code) {
    case Code::kNotFound:
      return &kNoEnrolment;
    case Code::kUnauthenticated:
      return &kWrongCode;
    case Code::kConflict:
      return &kFactorsChanged;
    case Code::kLimit:
      return error.side == Side::kClient ? &kAppsFull : nullptr;
    case Code::kMalformed:
      return error.side == Side::kClient ? &kBadName : nullptr;
    case Code::kDenied:
      return error.side == Side::kClient ? &kLastFactor : nullptr;
    default:
      return nullptr;
  }
}

std::string factor_name_of_form(const SecretBytes& body) { return trimmed(read_form_field(body, "name")); }

GateReply limited_reply(const GateRequest& request, std::chrono::seconds wait, Format format) {
  GateReply reply = problem_reply(request, kTooManyCodes, format);
  add_header(reply, "Retry-After", std::to_string(wait.count()));
  return reply;
}

struct FactorAccount::Route {
  // enrol: where a factor is demanded of who has none, this is what he may do.
  enum class Stage : uint8_t { kEnrol, kManage };
  // fresh: only shortly after a factor, or a sign-in without any.
  enum class Kind : uint8_t { kRead, kWrite };
  std::string_view path;
  Kind kind;
  Stage stage;
  Task<GateReply> (FactorAccount::*handler)(Loop&, const Call&);
};

std::span<const FactorAccount::Route> FactorAccount::all_routes() {
  using enum Route::Stage;
  using enum Route::Kind;
  static constexpr Route kRoutes[] = {
      {kFactorsPath, kRead, kEnrol, &FactorAccount::list},
      {kNewTotpPath, kWrite, kEnrol, &FactorAccount::begin_totp},
      {kConfirmTotpPath, kWrite, kEnrol, &FactorAccount::confirm_totp},
      {kAddPasskeyPath, kWrite, kEnrol, &FactorAccount::add_passkey},
      {kNewCodesPath, kWrite, kManage, &FactorAccount::new_codes},
      {kRenameFactorPath, kWrite, kManage, &FactorAccount::rename},
      {kRemoveFactorPath, kWrite, kManage, &FactorAccount::remove},
  };
  return kRoutes;
}

const FactorAccount::Route* FactorAccount::find_route(std::string_view path) {
  const auto routes = all_routes();
  const auto found = std::ranges::find(routes, path, &Route::path);
  return found == routes.end() ? nullptr : &*found;
}

std::vector<KnownRoute> FactorAccount::routes() {
  std::vector<KnownRoute> out;
  for (const Route& route : all_routes()) {
    if (route.kind == Route::Kind::kRead)
      out.push_back({std::string(route.path), {"GET", "HEAD"}});
    else
      out.push_back({std::string(route.path), {"POST"}});
  }
  return out;
}

Task<GateReply> FactorAccount::handle(Loop& home, GateRequest request) {
  const Route* const route = find_route(request.path);
  if (route == nullptr) co_return problem_reply(request, kNotFound);
  const bool reads = route->kind == Route::Kind::kRead;
  if (reads ? request.method != "GET" && request.method != "HEAD" : request.method != "POST")
    co_return method_reply(request, reads ? "GET, HEAD" : "POST");
  if (!reads && origin_proof(request, parts_.origin) != OriginProof::kSame)
    co_return problem_reply(request, kForeignOrigin);
  const auto who = signed_in(request, parts_.sessions, parts_.clock.wall());
  const bool page_load = reads && format_for(request) == Format::kHtml;
  if (!who) {
    if (page_load || is_form(request)) co_return redirect_reply(reads ? 302 : 303, std::string(kLoginPath), "sign-in");
    co_return problem_reply(request, {401, "unauthenticated", "Sign in first", "Nobody is signed in."});
  }
  // Without the factor that is demanded one gets no further than to a first one of one's own.
  if (who->needs_factor && (who->user->has_factors || route->stage == Route::Stage::kManage)) {
    const std::string_view way = who->user->has_factors ? kMfaPath : kFactorsPath;
    co_return page_load ? redirect_reply(302, std::string(way), "second factor")
                        : problem_reply(request, kFactorNeeded);
  }
  if (!reads && !is_form(request)) co_return problem_reply(request, kMediaType);
  if (!reads && !parts_.forms.fits(read_form_field(request.body, "csrf"), kFactorsPurpose, who->cookie))
    co_return problem_reply(request, kOwnForm);
  auto asking = parts_.own.may_change(home, *who);
  const auto fresh = co_await asking;
  const Call call{request, *who, fresh.value_or(false)};
  if (!fresh) co_return failed(call, fresh.error());
  // The list says how to become fresh; what was to be done is done there anew.
  if (!reads && !*fresh) co_return redirect_reply(303, std::string(kFactorsPath), "step-up");
  auto answering = (this->*route->handler)(home, call);
  GateReply reply = co_await answering;
  reply.user = who->user->id;
  co_return reply;
}

Task<GateReply> FactorAccount::list(Loop& home, const Call& call) {
  const std::string flow = flow_of_query(call.request.query);
  if (!call.who.user->has_factors && (call.who.needs_factor || !flow.empty())) co_return choice(call, flow, "", {});
  auto showing = page(home, call, {.status = 200, .note = note_of(call.request.query), .alert = ""});
  co_return co_await showing;
}

Task<GateReply> FactorAccount::page(Loop& home, const Call& call, Saying saying) {
  auto listing = parts_.own.list(home, call.who);
  auto listed = co_await listing;
  if (!listed) co_return failed(call, listed.error());
  FactorsPage out;
  out.csrf = csrf(call);
  out.sign_out_csrf = parts_.forms.field("sign-out", call.who.cookie);
  out.factors = std::move(listed->factors);
  out.recovery_left = listed->recovery_left;
  out.recovery_used_at = listed->recovery_used_at;
  out.fresh = call.fresh;
  out.demanded = is_demanded(*call.request.snapshot, *call.who.user);
  out.now = parts_.clock.wall();
  out.note = saying.note;
  out.alert = saying.alert;
  out.add_passkey = passkey_form_for(call, "");
  GateReply reply = page_reply(saying.status, factors_page(out), "second factors");
  if (!out.add_passkey.empty()) allow_passkey_script(reply);
  co_return reply;
}

GateReply FactorAccount::choice(const Call& call, const std::string& flow, const std::string& name,
                                Saying saying) const {
  NewFactorPage out;
  out.csrf = csrf(call);
  out.sign_out_csrf = parts_.forms.field("sign-out", call.who.cookie);
  out.flow = flow;
  out.fresh = call.fresh;
  out.name = name;
  out.alert = saying.alert;
  out.add_passkey = passkey_form_for(call, flow);
  GateReply reply = page_reply(saying.status, new_factor_page(out), "second factor");
  if (!out.add_passkey.empty()) allow_passkey_script(reply);
  return reply;
}

Task<GateReply> FactorAccount::begin_totp(Loop& home, const Call& call) {
  const std::string flow = flow_of(read_form_field(call.request.body, "flow"));
  const std::string name = factor_name_of_form(call.request.body);
  auto beginning = parts_.own.begin_totp(home, call.who, name);
  const auto enrolment = co_await beginning;
  if (enrolment) co_return enrolment_page(call, *enrolment, flow, 200, "");
  const Problem* const problem = problem_of(enrolment.error());
  if (problem == nullptr) co_return failed(call, enrolment.error());
  co_return choice(call, flow, name, {.status = problem->status, .note = "", .alert = problem->message});
}

Task<GateReply> FactorAccount::confirm_totp(Loop& home, const Call& call) {
  const std::string flow = flow_of(read_form_field(call.request.body, "flow"));
  const auto id = id_of(call.request);
  if (!id) co_return choice(call, flow, "", {.status = 404, .note = "", .alert = kNoEnrolment.message});
  auto looking = parts_.own.pending_totp(home, call.who, *id);
  const auto pending = co_await looking;
  if (!pending && pending.error().code == Code::kNotFound)
    co_return choice(call, flow, "", {.status = 404, .note = "", .alert = kNoEnrolment.message});
  if (!pending) co_return failed(call, pending.error());
  if (const auto wait = parts_.codes.refuse(*call.who.user, call.who.session.family, parts_.clock.monotonic())) {
    GateReply reply =
        enrolment_page(call, *pending, flow, 429, "Too many wrong codes. Try again in " + wait_text(*wait) + ".");
    add_header(reply, "Retry-After", std::to_string(wait->count()));
    co_return reply;
  }
  auto code = read_secret_field(call.request.body, "code");
  if (!code) co_return failed(call, code.error());
  auto confirming = parts_.own.confirm_totp(home, asker_of(call.request, call.who), call.who, *id, *std::move(code));
  const auto added = co_await confirming;
  if (!added && added.error().code == Code::kUnauthenticated)
    co_return enrolment_page(call, *pending, flow, 401, kWrongCode.message);
  if (!added) {
    const Problem* const problem = problem_of(added.error());
    if (problem == nullptr) co_return failed(call, added.error());
    co_return choice(call, flow, "", {.status = problem->status, .note = "", .alert = problem->message});
  }
  parts_.codes.succeeded(*call.who.user, call.who.session.family);
  GateReply reply = added->recovery_codes.empty() ? done("added") : codes_page(call, added->recovery_codes, true, flow);
  add_header(reply, "Set-Cookie", set_cookie(kSessionCookie, added->cookie));
  co_return reply;
}

Task<GateReply> FactorAccount::new_codes(Loop& home, const Call& call) {
  auto making = parts_.own.new_recovery_codes(home, asker_of(call.request, call.who), call.who);
  const auto codes = co_await making;
  if (codes) co_return codes_page(call, *codes, false, "");
  const Problem* const problem = problem_of(codes.error());
  if (problem == nullptr) co_return failed(call, codes.error());
  auto showing = page(home, call, {.status = problem->status, .note = "", .alert = problem->message});
  co_return co_await showing;
}

Task<GateReply> FactorAccount::rename(Loop& home, const Call& call) {
  Result<void> renamed = fail(Code::kNotFound, Side::kClient, "not an id");
  if (const auto id = id_of(call.request)) {
    std::string name = factor_name_of_form(call.request.body);
    auto renaming = parts_.own.rename(home, asker_of(call.request, call.who), call.who, *id, std::move(name));
    renamed = co_await renaming;
  }
  if (renamed) co_return done("renamed");
  const Problem* const problem = renamed.error().code == Code::kNotFound ? &kGone : problem_of(renamed.error());
  if (problem == nullptr) co_return failed(call, renamed.error());
  auto showing = page(home, call, {.status = problem->status, .note = "", .alert = problem->message});
  co_return co_await showing;
}

Task<GateReply> FactorAccount::remove(Loop& home, const Call& call) {
  Result<void> removed = fail(Code::kNotFound, Side::kClient, "not an id");
  if (const auto id = id_of(call.request)) {
    auto removing =
        parts_.own.remove(home, asker_of(call.request, call.who), call.who, *call.request.snapshot, std::nullopt, *id);
    removed = co_await removing;
  }
  if (removed) co_return done("removed");
  const Problem* const problem = removed.error().code == Code::kNotFound ? &kGone : problem_of(removed.error());
  if (problem == nullptr) co_return failed(call, removed.error());
  auto showing = page(home, call, {.status = problem->status, .note = "", .alert = problem->message});
  co_return co_await showing;
}

GateReply FactorAccount::enrolment_page(const Call& call, const TotpEnrolment& enrolment, const std::string& flow,
                                        int status, std::string alert) const {
  const auto uri = totp_uri(enrolment.secret, parts_.own.gate(), call.who.user->name);
  const auto key = base32_encode(enrolment.secret.view());
  if (!uri) return failed(call, uri.error());
  if (!key) return failed(call, key.error());
  auto qr = qr_svg(*uri, "QR code for your authenticator app");
  if (!qr) return failed(call, qr.error());
  TotpPage out;
  out.csrf = csrf(call);
  out.id = enrolment.id.to_string();
  out.flow = flow;
  out.name = enrolment.name;
  out.gate = parts_.own.gate();
  out.account = call.who.user->name;
  out.qr = *std::move(qr);
  out.secret = &*key;
  out.uri = &*uri;
  out.alert = std::move(alert);
  return page_reply(status, totp_page(out), "second factor");
}

GateReply FactorAccount::codes_page(const Call& call, const std::vector<NewRecoveryCode>& codes, bool first,
                                    const std::string& flow) const {
  RecoveryCodesPage out;
  out.gate = parts_.own.gate();
  out.user = call.who.user->name;
  for (const NewRecoveryCode& code : codes) out.codes.push_back(&code.shown);
  out.first = first;
  out.next_url = flow.empty() ? std::string(kFactorsPath) : std::string(kLoginPath) + "?flow=" + flow;
  out.now = parts_.clock.wall();
  return page_reply(200, recovery_codes_page(out), "recovery codes");
}

GateReply FactorAccount::done(const char* what) const {
  return redirect_reply(303, std::string(kFactorsPath) + "?done=" + what, "second factors changed");
}

GateReply FactorAccount::failed(const Call& call, const Error& error) const {
  parts_.log.error("factors_failed", {{"reason", error.what}, {"request_id", call.request.request_id}});
  return unavailable_reply(call.request, Format::kHtml);
}

std::string FactorAccount::csrf(const Call& call) const { return parts_.forms.field(kFactorsPurpose, call.who.cookie); }

}  // namespace sallyport::sso
