#include "sso/token_forms.h"

#include "sso/account.h"
#include "sso/credentials.h"
#include "sso/own_form.h"
#include "sso/pages.h"

namespace sallyport::sso {
namespace {

constexpr const char* kPurpose = "tokens";  // of the field in the forms

std::optional<RecordId> token_of_form(const SecretBytes& body) {
  const auto id = RecordId::parse(read_form_field(body, "token"));
  return id ? std::optional(*id) : std::nullopt;
}

std::vector<std::string> names_of(const std::vector<const policy::CompiledResource*>& resources) {
  std::vector<std::string> out;
  for (const policy::CompiledResource* resource : resources) out.push_back(resource->name);
  return out;
}

}  // namespace

TokenAsker token_asker_of(const GateRequest& request, const SignedIn& who) {
  return {.asker = asker_of(request, who), .strength = who.session.strength, .snapshot = request.snapshot};
}

Task<GateReply> TokenForms::show(Loop& home, GateRequest request) {
  const auto who = signed_in(request, parts_.sessions, parts_.clock.wall());
  if (!who) {
    if (format_for(request) == Format::kHtml) co_return redirect_reply(302, std::string(kLoginPath), "sign-in");
    co_return problem_reply(request, {401, "unauthenticated", "Sign in first", "Nobody is signed in."});
  }
  if (who->needs_factor) co_return problem_reply(request, kFactorNeeded);
  auto showing = page(home, request, *who, {.note = request.query == "revoked" ? "The token was revoked." : ""});
  co_return co_await showing;
}

std::optional<GateReply> TokenForms::refuse(const GateRequest& request, const std::optional<SignedIn>& who) const {
  return refuse_form(request, who, parts_.forms, kPurpose, parts_.origin);
}

Task<GateReply> TokenForms::page(Loop& home, const GateRequest& request, const SignedIn& who, Saying saying) {
  auto listing = parts_.own.list(home, token_asker_of(request, who));
  auto tokens = co_await listing;
  if (!tokens) co_return failed(request, tokens.error());
  TokenPage out;
  out.sign_out_csrf = parts_.forms.field("sign-out", who.cookie);
  out.csrf = parts_.forms.field(kPurpose, who.cookie);
  out.may_ask_admin = who.user->admin;
  out.tokens = *std::move(tokens);
  out.teams = teams_of(*who.user, *request.snapshot);
  out.resources = names_of(request.snapshot->resources_of(who.user->id));
  out.rules = rules_of(request.snapshot->platform());
  out.now = parts_.clock.wall();
  out.wish = std::move(saying.wish);
  out.mistakes = std::move(saying.mistakes);
  out.note = saying.note;
  out.alert = saying.alert;
  out.issued = saying.issued;
  GateReply reply = page_reply(saying.status, token_page(out), saying.reason);
  reply.user = who.user->id;
  co_return reply;
}

Task<GateReply> TokenForms::create(Loop& home, GateRequest request) {
  const auto who = signed_in(request, parts_.sessions, parts_.clock.wall());
  if (auto reply = refuse(request, who)) co_return *std::move(reply);
  TokenWish wish = read_token_form(request.body);
  auto wanted = judge_wish(wish, *who->user, who->session.strength, *request.snapshot);
  if (!wanted) {
    auto showing = page(home, request, *who,
                        {.status = 400, .reason = "invalid", .wish = std::move(wish), .mistakes = wanted.error()});
    co_return co_await showing;
  }
  auto making = parts_.own.create(home, token_asker_of(request, *who), *std::move(wanted));
  const auto made = co_await making;
  if (!made) {
    auto refusing = refused(home, request, *who, made.error(), std::move(wish));
    co_return co_await refusing;
  }
  auto showing = page(home, request, *who, {.reason = "token made", .issued = &*made});
  co_return co_await showing;
}

Task<GateReply> TokenForms::revoke(Loop& home, GateRequest request) {
  const auto who = signed_in(request, parts_.sessions, parts_.clock.wall());
  if (auto reply = refuse(request, who)) co_return *std::move(reply);
  Result<void> ended = fail(Code::kNotFound, Side::kClient, "not an id");
  if (const auto id = token_of_form(request.body)) {
    auto ending = parts_.own.revoke(home, token_asker_of(request, *who), *id);
    ended = co_await ending;
  }
  if (!ended) {
    auto refusing = refused(home, request, *who, ended.error(), {});
    co_return co_await refusing;
  }
  GateReply reply = redirect_reply(303, std::string(kTokensPath) + "?revoked", "token revoked");
  reply.user = who->user->id;
  co_return reply;
}

Task<GateReply> TokenForms::rotate(Loop& home, GateRequest request) {
  const auto who = signed_in(request, parts_.sessions, parts_.clock.wall());
  if (auto reply = refuse(request, who)) co_return *std::move(reply);
  RotationWish wish{.overlap = kOverlap, .life = std::nullopt};
  const std::string overlap = read_form_field(request.body, "overlap");
  const auto read = overlap.empty() ? Result<std::chrono::seconds>(kOverlap) : parse_token_life(overlap);
  const auto id = token_of_form(request.body);
  Result<IssuedToken> made = fail(Code::kNotFound, Side::kClient, "not an id");
  if (!read) {
    made = fail(Code::kMalformed, Side::kClient, "overlap");
  } else if (id) {
    wish.overlap = *read;
    auto rotating = parts_.own.rotate(home, token_asker_of(request, *who), *id, wish);
    made = co_await rotating;
  }
  if (!made) {
    auto refusing = refused(home, request, *who, made.error(), {});
    co_return co_await refusing;
  }
  auto showing = page(home, request, *who, {.reason = "token rotated", .issued = &*made});
  co_return co_await showing;
}

Task<GateReply> TokenForms::refused(Loop& home, const GateRequest& request, const SignedIn& who, const Error& error,
                                    TokenWish wish) {
  Saying saying{.wish = std::move(wish)};
  switch (error.code) {
    case Code::kNotFound:
      saying.status = 404;
      saying.reason = "not_found";
      saying.alert = "There is no such token any more.";
      break;
    case Code::kConflict:
      saying.status = 409;
      saying.reason = "token_limit";
      saying.alert = "There are as many tokens as one may have here. Revoke one that is not needed any more.";
      break;
    case Code::kLimit:
    case Code::kMalformed:
      saying.status = 400;
      saying.reason = "invalid";
      saying.alert = "The time is none, or longer than is allowed here.";
      break;
    case Code::kUnauthenticated:
      co_return redirect_reply(303, std::string(kLoginPath), "sign-in");
    default:
      co_return failed(request, error);
  }
  auto showing = page(home, request, who, std::move(saying));
  co_return co_await showing;
}

GateReply TokenForms::failed(const GateRequest& request, const Error& error) const {
  parts_.log.error("tokens_failed", {{"reason", error.what}, {"request_id", request.request_id}});
  return unavailable_reply(request, Format::kHtml);
}

}  // namespace sallyport::sso
