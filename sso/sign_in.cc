#include "sso/sign_in.h"

#include <algorithm>

#include "base/http/url.h"
#include "sso/cookies.h"

namespace sallyport::sso {

// Which requests the gate answers, as a table: what is not in it is 404, another method 405.
struct SignIn::Route {
  enum class Where : uint8_t { kGate, kOthers, kEverywhere };
  using Handler = Task<GateReply> (SignIn::*)(Loop&, GateRequest);
  Where where;
  std::string_view path;
  const char* allow;
  Handler get;
  Handler post;  // null: 405
  bool head;     // may GET be asked as HEAD
};

const SignIn::Route* SignIn::find_route(bool on_gate, std::string_view path) {
  using enum Route::Where;
  static constexpr Route kRoutes[] = {
      {kGate, "/", "GET, HEAD", &SignIn::home_page, nullptr, true},
      {kGate, kLoginPath, "GET, HEAD, POST", &SignIn::show_login, &SignIn::post_login, true},
      {kGate, kAccountPath, "GET, HEAD", &SignIn::account, nullptr, true},
      {kEverywhere, kLogoutPath, "GET, HEAD, POST", &SignIn::show_logout, &SignIn::post_logout, true},
      {kEverywhere, kStylePath, "GET, HEAD", &SignIn::style, nullptr, true},
      {kOthers, kCallbackPath, "GET", &SignIn::callback, nullptr, false},  // HEAD would use the code up
  };
  const auto found = std::ranges::find_if(
      kRoutes, [&](const Route& route) { return route.path == path && route.where != (on_gate ? kOthers : kGate); });
  return found == std::end(kRoutes) ? nullptr : found;
}

Result<std::unique_ptr<SignIn>> SignIn::make(SignInParts parts) {
  TRY(SecretBytes key, parts.keyring.derived("csrf"));
  return std::unique_ptr<SignIn>(new SignIn(std::move(parts), std::move(key)));
}

SignIn::SignIn(SignInParts parts, SecretBytes csrf_key)
    : parts_(std::move(parts)), forms_(std::move(csrf_key)), refusals_(parts_.store, parts_.log) {}

Task<GateReply> SignIn::handle(Loop& home, GateRequest request) {
  const Route* const route = find_route(request.host == parts_.gate.host, request.path);
  if (route == nullptr)
    co_return problem_reply(request, {404, "not_found", "Not found", "There is nothing at this address."});
  Route::Handler handler = nullptr;
  if (request.method == "GET" || (request.method == "HEAD" && route->head)) handler = route->get;
  if (request.method == "POST") handler = route->post;
  if (handler == nullptr) {
    GateReply reply = problem_reply(
        request, {405, "method_not_allowed", "Method not allowed", "This address cannot be asked in this way."});
    add_header(reply, "Allow", route->allow);
    co_return reply;
  }
  auto answering = (this->*handler)(home, std::move(request));
  co_return co_await answering;
}

std::optional<SignIn::SignedIn> SignIn::who(const GateRequest& request) const {
  const auto cookie = cookie_value(request.cookie, kSessionCookie);
  if (!cookie) return std::nullopt;
  const auto session = parts_.sessions.find(session_id_hash(*cookie), request.host, parts_.clock.wall());
  if (!session) return std::nullopt;
  const policy::CompiledUser* const user = request.snapshot->user(session->user);
  if (user == nullptr) return std::nullopt;
  policy::Identity identity;
  identity.user = session->user;
  identity.id = session->id;
  identity.strength = session->strength;
  identity.factor_at = session->factor_at;
  const policy::Outcome outcome = policy::decide_gate(*request.snapshot, identity).outcome;
  if (outcome != policy::Outcome::kAllow && outcome != policy::Outcome::kStepUp) return std::nullopt;
  return SignedIn{*session, user, std::string(*cookie), outcome == policy::Outcome::kStepUp};
}

std::string SignIn::origin_of(const std::string& host) const {
  http::Url url = parts_.gate;
  url.host = host;
  return url.scheme + "://" + url.authority();
}

void SignIn::end_family(const RecordId& family) {
  parts_.sessions.end(family);
  if (parts_.session_ended) parts_.session_ended(family);
}

GateReply SignIn::unavailable(const GateRequest& request) const {
  GateReply reply = problem_reply(request, {503, "unavailable", "Not available just now",
                                            "The gateway cannot do this at the moment. Please try again."});
  add_header(reply, "Retry-After", "5");
  return reply;
}

Task<GateReply> SignIn::style(Loop&, GateRequest) { co_return style_reply(); }

Task<GateReply> SignIn::home_page(Loop&, GateRequest request) {
  const auto signed_in = who(request);
  if (!signed_in) {
    if (format_for(request) == Format::kHtml) co_return redirect_reply(302, std::string(kLoginPath), "sign-in");
    co_return problem_reply(request, {401, "unauthenticated", "Sign in first", "Nobody is signed in."});
  }
  HomePage page;
  page.csrf = forms_.field("sign-out", signed_in->cookie);
  page.user = signed_in->user->name;
  page.needs_factor = signed_in->needs_factor;
  for (const policy::CompiledResource* resource : request.snapshot->resources_of(signed_in->user->id)) {
    const policy::At& at = resource->spec.at;
    const bool is_api = resource->kind == policy::Kind::kDatasource;
    page.places.push_back({resource->name, is_api ? PlaceKind::kApi : PlaceKind::kTool,
                           origin_of(at.host) + at.prefix + "/", at.host + at.prefix, resource->spec.team,
                           std::string(policy::to_string(policy::role_on(*resource, signed_in->user->id)))});
  }
  std::ranges::sort(page.places, {}, &PlaceLink::name);
  GateReply reply = page_reply(200, sso::home_page(page), "home");
  reply.user = signed_in->user->id;
  co_return reply;
}

Task<GateReply> SignIn::account(Loop&, GateRequest request) {
  const auto signed_in = who(request);
  if (!signed_in) {
    if (format_for(request) == Format::kHtml) co_return redirect_reply(302, std::string(kLoginPath), "sign-in");
    co_return problem_reply(request, {401, "unauthenticated", "Sign in first", "Nobody is signed in."});
  }
  AccountPage page;
  page.csrf = forms_.field("sign-out", signed_in->cookie);
  page.user = signed_in->user->name;
  page.email = signed_in->user->email;
  page.admin = signed_in->user->admin;
  GateReply reply = page_reply(200, account_page(page), "account");
  reply.user = signed_in->user->id;
  co_return reply;
}

}  // namespace sallyport::sso
