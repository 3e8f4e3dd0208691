// The sign-in with a password: the form and the JSON, what is asked before a hash is computed, and the session that
// comes of it, or of a certificate.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/http/cookie.h"
#include "sso/cookies.h"
#include "sso/passkey_pages.h"
#include "sso/sign_in.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

constexpr Problem kMalformed{400, "malformed", "Not understood", "Enter your user name and your password."};
constexpr Problem kBadCredentials{401, "bad_credentials", "Not signed in",
                                  "The user name or the password is not right."};

// The account of an attempt is what was typed, and not who was found by it: were name and e-mail address one account
// here, the limit of the one would tell whether the other exists.
Sha256 account_key(std::string typed) {
  for (char& c : typed)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return sha256(as_bytes(typed));
}

}  // namespace

Task<GateReply> SignIn::show_login(Loop& home, GateRequest request) {
  LoginForm form;
  form.reason = "sign-in form";
  if (const auto query = http::parse_form(request.query)) {
    if (const std::string* const flow = http::find_field(*query, "flow"); flow != nullptr && is_random_handle(*flow))
      form.flow = *flow;
    if (const std::string* const again = http::find_field(*query, "again"); again != nullptr) form.set_then(*again);
  }
  if (!form.flow.empty()) {
    auto looking = wanted_page(home, form.flow, request.client.address, request.snapshot);
    form.wanted = co_await looking;
    if (!form.wanted) form.flow.clear();
  }
  const auto signed_in = who_at_all(request);
  // Who is to show his password once more is shown the form, though he is signed in.
  if (!signed_in || !form.then.empty()) co_return login_form(request, std::move(form));
  if (signed_in->needs_factor)
    co_return redirect_reply(302, factor_location(*signed_in->user, form.flow), "second factor");
  if (signed_in->password_due)
    co_return redirect_reply(302, std::string(kPasswordPath) + (form.flow.empty() ? "" : "?flow=" + form.flow),
                             "password due");
  if (form.wanted && !is_enough(*form.wanted, signed_in->session, parts_.clock.wall()))
    co_return redirect_reply(302, factor_location(*signed_in->user, form.flow), "second factor");
  if (!form.wanted) co_return redirect_reply(302, "/", "signed in");
  auto handing_over = hand_over(home, request, *signed_in, *form.wanted);
  co_return co_await handing_over;
}

Task<GateReply> SignIn::post_login(Loop& home, GateRequest request) {
  const bool form = is_form(request);
  const OriginProof origin = origin_proof(request, origin_of(request.host));
  // Nobody is signed in yet, so a program without either header is let on to the second proof: the form's csrf pair, or
  // the header that only a program can send.
  if (origin == OriginProof::kForeign) co_return problem_reply(request, kForeignOrigin);
  if (!form && !request.sallyport_request) co_return problem_reply(request, kHeaderMissing);
  if (!form && !is_json(request)) co_return problem_reply(request, kMediaType);

  LoginForm again;
  if (form) again.set_then(read_form_field(request.body, "then"));
  auto credentials = form ? read_credentials_form(request.body) : read_credentials_json(request.body);
  request.body = SecretBytes();
  if (!credentials) co_return problem_reply(request, kMalformed);
  again.user = credentials->user;
  if (is_random_handle(credentials->flow)) again.flow = credentials->flow;
  if (form) {
    const auto csrf_cookie = cookie_value(request.cookie, kCsrfCookie);
    if (!csrf_cookie || !forms_.fits(credentials->csrf, "sign-in", *csrf_cookie))
      co_return refuse_login(request, kBadCsrf, std::move(again));
  }
  if (auto leading = lead_to_provider(request, again, !credentials->password.empty())) co_return *std::move(leading);
  if (credentials->user.empty() || credentials->password.empty())
    co_return refuse_login(request, kMalformed, std::move(again));

  const policy::CompiledUser* user = request.snapshot->user_by_name_or_email(credentials->user);
  const std::string user_name = user == nullptr ? std::string() : user->name;
  const auto& clock = parts_.clock;
  const auto device_cookie = cookie_value(request.cookie, kDeviceCookie);
  Attempt attempt{account_key(credentials->user), request.client.address};
  if (user != nullptr) attempt.known = devices_.bucket(device_cookie, device_account(*user), clock.wall());
  if (const auto wait = attempts_.refuse(attempt, clock.monotonic())) {
    refusals_.record(user_name, request.client.address, "too many attempts", clock.wall(), clock.monotonic());
    GateReply reply = refuse_login(request, kLimited, std::move(again));
    add_header(reply, "Retry-After", std::to_string(wait->count()));
    co_return reply;
  }

  if (!again.flow.empty()) {
    auto looking = wanted_page(home, again.flow, request.client.address, request.snapshot);
    again.wanted = co_await looking;
  }
  const char* reason = why_unusable(user);
  const bool usable = reason == nullptr;
  if (usable && !signs_in_here(*request.snapshot, *user)) reason = kElsewhereAlone;
  if (user == nullptr || usable) {  // the provider that is demanded may be a directory
    auto asking = ask_directories(home, request, again, user, credentials->password, attempt);
    if (auto answered = co_await asking) co_return *std::move(answered);
  }
  bool fits = false;
  if (!password_length_possible(credentials->password.reveal())) {
    reason = "impossible password";  // refused unhashed, whoever it is
  } else {
    // Strangers do not hold up who has been here before.
    auto verifying = password_fits(home, reason == nullptr ? user : nullptr, std::move(credentials->password),
                                   attempt.known ? Turn::kFirst : Turn::kInOrder);
    const auto verdict = co_await verifying;
    if (!verdict && (verdict.error().code == Code::kUnavailable || verdict.error().code == Code::kLimit)) {
      GateReply reply = refuse_login(request, kBusy, std::move(again));
      add_header(reply, "Retry-After", "2");
      co_return reply;
    }
    if (reason == nullptr && !verdict) reason = verdict.error().what;
    fits = verdict.has_value() && *verdict;
    if (reason == nullptr && !fits) reason = "wrong password";
  }
  if (reason != nullptr) co_return refuse_proof(request, kBadCredentials, std::move(again), user, reason);

  auto opening = opener_.open(home, request, *user, wish_of(again, {"password"}));
  auto opened = co_await opening;
  if (!opened && opened.error().code == Code::kDenied)
    co_return refuse_proof(request, kBadCredentials, std::move(again), user, opened.error().what);
  attempts_.succeeded(attempt, clock.monotonic());
  if (!opened) {
    parts_.log.error("sign_in_failed", {{"reason", opened.error().what}, {"request_id", request.request_id}});
    GateReply reply = refuse_login(request, kNotRecorded, std::move(again));
    add_header(reply, "Retry-After", "5");
    co_return reply;
  }
  add_header(
      *opened, "Set-Cookie",
      set_cookie(kDeviceCookie, devices_.remember(device_cookie, device_account(*user), clock.wall()), kDeviceLife));
  co_return *std::move(opened);
}

// One answer for every reason; the reason itself goes into the log and the audit alone.
GateReply SignIn::refuse_proof(const GateRequest& request, const Problem& problem, LoginForm form,
                               const policy::CompiledUser* user, const char* reason) {
  const std::string name = user == nullptr ? std::string() : user->name;
  parts_.log.warning("sign_in_refused", {{"reason", reason},
                                         {"user", name},
                                         {"client", request.client.address.to_string()},
                                         {"request_id", request.request_id}});
  refusals_.record(name, request.client.address, reason, parts_.clock.wall(), parts_.clock.monotonic());
  GateReply reply = refuse_login(request, problem, std::move(form));
  if (user != nullptr) reply.user = user->id;
  return reply;
}

// Whether the password is the user's; without a user the same work is done for nothing.
// errors: kUnavailable the lane is full, kLimit no secret memory; kDenied, kMalformed the stored password does not
// open.
Task<Result<bool>> SignIn::password_fits(Loop& home, const policy::CompiledUser* user, SecretBytes password,
                                         Turn turn) {
  std::optional<Error> damage;
  SecretBytes phc;
  if (user != nullptr) {
    const auto field = std::ranges::find(user->secrets, "password", &policy::SealedField::field);
    if (field == user->secrets.end()) {
      damage = Error{Code::kDenied, Side::kStorage, "no password"};
    } else {
      policy::ResourceRecord record;
      record.id = user->id;
      record.kind = policy::Kind::kUser;
      record.name = user->name;
      auto unsealing = parts_.keys.unseal({storage::secret_context(record, *field, ""), field->sealed});
      auto opened = co_await unsealing;
      if (opened)
        phc = *std::move(opened);
      else
        damage = opened.error();
    }
  }
  if (phc.empty()) {
    CO_TRY(phc, SecretBytes::copy_of(nobody_phc()));
  }
  Offload<bool> verifying(
      parts_.hashing, home,
      [verify = parts_.verify, phc = std::move(phc), password = std::move(password)] { return verify(phc, password); },
      turn);
  CO_TRY(const bool fits, co_await verifying);
  if (damage) co_return std::unexpected(*damage);
  co_return fits&& user != nullptr;
}

SessionWish SignIn::wish_of(const LoginForm& form, Proof proof) {
  SessionWish out;
  out.proof = std::move(proof);
  out.flow = form.flow;
  out.wanted = form.wanted;
  out.then = form.then;
  return out;
}

// Those that a browser is sent to; a directory is asked with the password of the form itself.
std::vector<ProviderLink> SignIn::provider_links(const policy::Snapshot& snapshot, const std::string& flow,
                                                 std::string_view then) {
  std::vector<ProviderLink> out;
  for (const auto& provider : snapshot.providers()) {
    if (provider->damaged || provider->spec.type == policy::ProviderType::kLdap) continue;
    out.push_back({provider->spec.label.empty() ? provider->name : provider->spec.label,
                   provider_login_path(*provider, flow, then)});
  }
  return out;
}

GateReply SignIn::login_form(const GateRequest& request, LoginForm form) const {
  std::string binding;
  const auto cookie = cookie_value(request.cookie, kCsrfCookie);
  const bool has_cookie = cookie && is_random_handle(*cookie);
  binding = has_cookie ? std::string(*cookie) : random_handle();
  SignInPage page;
  page.csrf = forms_.field("sign-in", binding);
  page.flow = form.flow;
  if (form.wanted) page.destination = form.wanted->host;
  page.then = form.then;
  page.user = form.user;
  page.alert = form.alert;
  page.by_certificate =
      request.certificate != nullptr && request.snapshot->user_by_certificate(*request.certificate) != nullptr;
  if (door_) page.providers = provider_links(*request.snapshot, page.flow, page.then);
  if (passkeys_usable()) page.passkey = passkey_sign_in(page.flow);
  GateReply reply = page_reply(form.status, sign_in_page(page), form.reason);
  // For browsers too old to say Sec-Fetch-Mode, whose form post is answered with a redirect to the other host.
  if (form.wanted) {
    reply.headers = page_headers_for_form({origin_of(form.wanted->host)});
    add_header(reply, "Content-Type", "text/html; charset=utf-8");
  }
  if (!page.passkey.empty()) allow_passkey_script(reply);
  if (!has_cookie) add_header(reply, "Set-Cookie", set_cookie(kCsrfCookie, binding));
  return reply;
}

GateReply SignIn::refuse_login(const GateRequest& request, const Problem& problem, LoginForm form) const {
  if (!is_form(request)) return problem_reply(request, problem, Format::kJson);
  form.status = problem.status;
  form.alert = problem.message;
  form.reason = problem.code;
  return login_form(request, std::move(form));
}

}  // namespace sallyport::sso
