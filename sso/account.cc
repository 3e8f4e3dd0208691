#include "sso/account.h"

#include "base/http/cookie.h"
#include "sso/account_page.h"
#include "sso/cookies.h"
#include "sso/credentials.h"
#include "sso/own_form.h"
#include "sso/pages.h"

namespace sallyport::sso {
namespace {

constexpr const char* kPurpose = "sessions";  // of the field in the forms

// What the page says after a button was pressed. Only ever one of our own sentences.
const char* note_of(std::string_view query) {
  if (query == "ended=one") return "The session was ended.";
  if (query == "password=changed") return "Your password was changed. All other sessions were ended.";
  if (query == "ended=others") return "All other sessions were ended.";
  return "";
}

std::optional<RecordId> session_of_form(const SecretBytes& body) {
  const auto id = RecordId::parse(read_form_field(body, "session"));
  return id ? std::optional(*id) : std::nullopt;
}

}  // namespace

Asker asker_of(const GateRequest& request, const SignedIn& who) {
  return {.user = who.user->id,
          .session = who.session.family,
          .name = who.user->name,
          .client = request.client.address.to_string()};
}

Task<GateReply> Account::show(Loop& home, GateRequest request) {
  auto who = signed_in(request, parts_.sessions, parts_.clock.wall());
  if (!who) {
    if (format_for(request) == Format::kHtml) co_return redirect_reply(302, std::string(kLoginPath), "sign-in");
    co_return problem_reply(request, {401, "unauthenticated", "Sign in first", "Nobody is signed in."});
  }
  auto showing = page(home, request, *std::move(who), {.status = 200, .note = note_of(request.query), .alert = ""});
  co_return co_await showing;
}

Task<GateReply> Account::page(Loop& home, const GateRequest& request, SignedIn who, Saying saying) {
  AccountPage out;
  out.sign_out_csrf = parts_.forms.field("sign-out", who.cookie);
  out.sessions_csrf = parts_.forms.field(kPurpose, who.cookie);
  out.user = who.user->name;
  out.email = who.user->email;
  out.admin = who.user->admin;
  out.has_password = who.user->password() != nullptr;
  out.strength = who.session.strength;
  out.note = saying.note;
  out.alert = saying.alert;
  out.now = parts_.clock.wall();
  auto listing = parts_.own.list(home, asker_of(request, who));
  auto sessions = co_await listing;
  if (!sessions) co_return failed(request, "sessions_unread", sessions.error());
  out.sessions = *std::move(sessions);
  auto reading = parts_.own.tokens(home, who.user->id);
  auto tokens = co_await reading;
  if (!tokens) co_return failed(request, "tokens_unread", tokens.error());
  out.tokens = *std::move(tokens);
  GateReply reply = page_reply(saying.status, account_page(out), "account");
  reply.user = who.user->id;
  co_return reply;
}

std::optional<GateReply> Account::refuse_form(const GateRequest& request, const std::optional<SignedIn>& who) const {
  return sso::refuse_form(request, who, parts_.forms, kPurpose, parts_.origin);
}

Task<GateReply> Account::end_session(Loop& home, GateRequest request) {
  const auto who = signed_in(request, parts_.sessions, parts_.clock.wall());
  if (auto refused = refuse_form(request, who)) co_return *std::move(refused);
  const auto id = session_of_form(request.body);
  Result<void> ended = fail(Code::kNotFound, Side::kClient, "not an id");
  if (id) {
    auto ending = parts_.own.end(home, asker_of(request, *who), *id);
    ended = co_await ending;
  }
  if (!ended && ended.error().code == Code::kNotFound) {
    auto showing = page(home, request, *who, {.status = 404, .note = "", .alert = "This session has ended already."});
    co_return co_await showing;
  }
  if (!ended) co_return failed(request, "session_not_ended", ended.error());
  const bool own = *id == who->session.family;
  GateReply reply =
      redirect_reply(303, own ? std::string(kLogoutPath) : std::string(kAccountPath) + "?ended=one", "session ended");
  if (own) add_header(reply, "Set-Cookie", drop_cookie(kSessionCookie));
  reply.user = who->user->id;
  co_return reply;
}

Task<GateReply> Account::end_others(Loop& home, GateRequest request) {
  const auto who = signed_in(request, parts_.sessions, parts_.clock.wall());
  if (auto refused = refuse_form(request, who)) co_return *std::move(refused);
  auto ending = parts_.own.end_others(home, asker_of(request, *who));
  const auto ended = co_await ending;
  if (!ended) co_return failed(request, "session_not_ended", ended.error());
  GateReply reply = redirect_reply(303, std::string(kAccountPath) + "?ended=others", "sessions ended");
  reply.user = who->user->id;
  co_return reply;
}

GateReply Account::failed(const GateRequest& request, const char* event, const Error& error) const {
  parts_.log.error(event, {{"reason", error.what}, {"request_id", request.request_id}});
  return unavailable_reply(request, Format::kHtml);
}

}  // namespace sallyport::sso
