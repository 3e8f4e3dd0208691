// Where a person sets a new password: from the account, because it is due, or by an administrator's link. The change
// itself is sso/password_change.h.
#include <nlohmann/json.hpp>

#include "base/http/cookie.h"
#include "sso/cookies.h"
#include "sso/password_page.h"
#include "sso/secret_fields.h"
#include "sso/sign_in.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

using What = PasswordOutcome::What;

constexpr const char* kPurpose = "password";
constexpr const char* kResetPurpose = "password-reset";

constexpr Problem kIsAForm{415, "media_type", "Refused", "This is a form."};
constexpr Problem kStaleForm{403, "bad_csrf", "Please try again",
                             "This form does not belong to your present sign-in. Go back and reload the page."};
constexpr Problem kLinkOver{410, "link_over", "This link does not work",
                            "It was used before, replaced by another one, or is too old. Ask your administrator for a "
                            "new one."};
constexpr const char* kNotUnderstood = "This was not understood. Please try again.";
constexpr const char* kNotTwice = "The two new passwords differ.";

std::string as_sentence(std::string mistake) {
  if (!mistake.empty() && mistake.front() >= 'a' && mistake.front() <= 'z')
    mistake.front() = static_cast<char>(mistake.front() - 'a' + 'A');
  return mistake + ".";
}

FormRefusal refusal_of(const PasswordOutcome& outcome) {
  switch (outcome.what) {
    case What::kMistake:
      return {400, as_sentence(outcome.mistake), "bad_password"};
    case What::kWrong:
      return {403, "The present password is not right.", "bad_credentials"};
    case What::kLimited:
      return {429, kLimited.message, kLimited.code, std::to_string(outcome.wait.count())};
    case What::kBusy:
      return {503, "Too many people are signing in at this moment. Please try again.", "busy", "2"};
    case What::kMeanwhile:
      return {409, "The account was changed in this moment. Please try again.", "changed_meanwhile"};
    case What::kChanged:
    case What::kFailed:
      break;
  }
  return {503, "The password could not be changed at the moment. Please try again.", "unavailable", "5"};
}

}  // namespace

std::optional<SignedIn> SignIn::who_at_all(const GateRequest& request) const {
  return signed_in_before_new_password(request, parts_.sessions, parts_.clock.wall());
}

GateReply SignIn::password_form(const GateRequest& request, const SignedIn& who, std::string flow,
                                const FormRefusal& refusal) const {
  NewPasswordPage page;
  page.csrf = forms_.field(kPurpose, who.cookie);
  page.sign_out_csrf = forms_.field("sign-out", who.cookie);
  page.flow = std::move(flow);
  page.user = who.user->name;
  page.due = who.password_due;
  page.min_length = request.snapshot->platform().password_min_length;
  page.alert = refusal.alert;
  GateReply reply = page_reply(refusal.status, new_password_page(page), refusal.reason);
  if (!refusal.retry_after.empty()) add_header(reply, "Retry-After", refusal.retry_after);
  reply.user = who.user->id;
  return reply;
}

Task<GateReply> SignIn::show_password(Loop&, GateRequest request) {
  const auto who = who_at_all(request);
  if (!who) {
    if (format_for(request) == Format::kHtml) co_return redirect_reply(302, std::string(kLoginPath), "sign-in");
    co_return problem_reply(request, {401, "unauthenticated", "Sign in first", "Nobody is signed in."});
  }
  if (who->needs_factor) co_return problem_reply(request, kFactorNeeded);
  std::string flow;
  if (const auto query = http::parse_form(request.query))
    if (const std::string* const handle = http::find_field(*query, "flow"); handle && is_random_handle(*handle))
      flow = *handle;
  co_return password_form(request, *who, std::move(flow), {200, "", "password form"});
}

Task<GateReply> SignIn::post_password(Loop& home, GateRequest request) {
  if (origin_proof(request, origin_of(parts_.gate.host)) != OriginProof::kSame)
    co_return problem_reply(request, kForeignOrigin);
  if (!is_form(request)) co_return problem_reply(request, kIsAForm);
  const auto who = who_at_all(request);
  if (!who) co_return redirect_reply(303, std::string(kLoginPath), "sign-in");
  if (!forms_.fits(read_form_field(request.body, "csrf"), kPurpose, who->cookie))
    co_return problem_reply(request, kStaleForm);
  if (who->needs_factor) co_return problem_reply(request, kFactorNeeded);
  std::string flow = read_form_field(request.body, "flow");
  if (!is_random_handle(flow)) flow.clear();
  auto fields = read_secret_form(request.body, {"current", "new", "again"});
  request.body = SecretBytes();
  if (!fields) co_return password_form(request, *who, std::move(flow), {400, kNotUnderstood, "malformed"});
  auto& [current, wanted, again] = *fields;
  if (!constant_time_equal(wanted.view(), again.view()))
    co_return password_form(request, *who, std::move(flow), {400, kNotTwice, "passwords differ"});

  auto changing = passwords_.by_person(home, request, *who, std::move(current), std::move(wanted));
  const PasswordOutcome outcome = co_await changing;
  if (outcome.what != What::kChanged) co_return password_form(request, *who, std::move(flow), refusal_of(outcome));
  auto going = after_new_password(home, request, *who, std::move(flow));
  GateReply reply = co_await going;
  reply.user = who->user->id;
  for (const std::string& cookie : outcome.cookies) add_header(reply, "Set-Cookie", cookie);
  co_return reply;
}

// On to the page that was wanted before the sign-in, if one was.
Task<GateReply> SignIn::after_new_password(Loop& home, const GateRequest& request, const SignedIn& who,
                                           std::string flow) {
  std::optional<SignInFlow> wanted;
  if (!flow.empty()) {
    auto looking = wanted_page(home, flow, request.client.address, request.snapshot);
    wanted = co_await looking;
  }
  if (!wanted)
    co_return redirect_reply(303, who.password_due ? "/" : std::string(kAccountPath) + "?password=changed",
                             "password changed");
  // The sign-in hands over, or asks for what the page needs besides.
  const std::string url = std::string(kLoginPath) + "?flow=" + flow;
  if (request.sec_fetch_mode == "navigate")
    co_return page_reply(200, onward_page(url, wanted->host), "password changed");
  co_return redirect_reply(303, url, "password changed");
}

GateReply SignIn::reset_form(const GateRequest& request, const std::string& code, const std::string& user,
                             const FormRefusal& refusal) const {
  const auto cookie = cookie_value(request.cookie, kCsrfCookie);
  const bool has_cookie = cookie && is_random_handle(*cookie);
  const std::string binding = has_cookie ? std::string(*cookie) : random_handle();
  ResetPage page;
  page.csrf = forms_.field(kResetPurpose, binding);
  page.code = code;
  page.user = user;
  page.min_length = request.snapshot->platform().password_min_length;
  page.alert = refusal.alert;
  GateReply reply = page_reply(refusal.status, reset_page(page), refusal.reason);
  if (!refusal.retry_after.empty()) add_header(reply, "Retry-After", refusal.retry_after);
  if (!has_cookie) add_header(reply, "Set-Cookie", set_cookie(kCsrfCookie, binding));
  return reply;
}

// Whose link it is, or what is answered in place of the form.
Task<std::expected<std::string, GateReply>> SignIn::name_of_link(Loop& home, const GateRequest& request,
                                                                 std::string code) {
  if (!may_look_up(request.client.address)) {
    GateReply reply = problem_reply(request, kLimited);
    add_header(reply, "Retry-After", "10");
    co_return std::unexpected(std::move(reply));
  }
  auto looking = passwords_.link(home, std::move(code));
  auto link = co_await looking;
  if (link) co_return std::move(link->user.name);
  if (link.error().code == Code::kUnavailable) co_return std::unexpected(unavailable(request));
  co_return std::unexpected(problem_reply(request, kLinkOver));
}

// Shows the form and uses nothing up: mail programs and scanners open links, too.
Task<GateReply> SignIn::show_reset(Loop& home, GateRequest request) {
  std::string code;
  if (const auto query = http::parse_form(request.query))
    if (const std::string* const given = http::find_field(*query, "code")) code = *given;
  auto naming = name_of_link(home, request, code);
  auto user = co_await naming;
  if (!user) co_return std::move(user.error());
  co_return reset_form(request, code, *user, {200, "", "reset form"});
}

Task<GateReply> SignIn::post_reset(Loop& home, GateRequest request) {
  if (origin_proof(request, origin_of(parts_.gate.host)) != OriginProof::kSame)
    co_return problem_reply(request, kForeignOrigin);
  if (!is_form(request)) co_return problem_reply(request, kIsAForm);
  const auto csrf_cookie = cookie_value(request.cookie, kCsrfCookie);
  if (!csrf_cookie || !forms_.fits(read_form_field(request.body, "csrf"), kResetPurpose, *csrf_cookie))
    co_return problem_reply(request, kBadCsrf);
  const std::string code = read_form_field(request.body, "code");
  auto fields = read_secret_form(request.body, {"new", "again"});
  request.body = SecretBytes();
  auto naming = name_of_link(home, request, code);
  auto user = co_await naming;
  if (!user) co_return std::move(user.error());
  if (!fields) co_return reset_form(request, code, *user, {400, kNotUnderstood, "malformed"});
  auto& [wanted, again] = *fields;
  if (!constant_time_equal(wanted.view(), again.view()))
    co_return reset_form(request, code, *user, {400, kNotTwice, "passwords differ"});
  auto changing = passwords_.by_link(home, request, code, std::move(wanted));
  const PasswordOutcome outcome = co_await changing;
  if (outcome.what == What::kMeanwhile) co_return problem_reply(request, kLinkOver);
  if (outcome.what != What::kChanged) co_return reset_form(request, code, *user, refusal_of(outcome));
  co_return page_reply(200, reset_done_page(*user), "password set by a link");
}

}  // namespace sallyport::sso
