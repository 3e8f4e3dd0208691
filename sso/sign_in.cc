#include "sso/sign_in.h"

#include <algorithm>
#include <thread>

#include "base/http/url.h"
#include "sso/assertion_keys.h"
#include "sso/passkey_pages.h"
#include "sso/provider_state.h"

namespace sallyport::sso {

// Which requests the gate answers, as a table: what is not in it is 404, another method 405.
struct SignIn::Route {
  enum class Where : uint8_t { kGate, kOthers, kEverywhere };
  enum class Tokens : uint8_t { kIgnored, kRefused };
  // What a session without the factor that is demanded of its person may have: what anybody has, and the way to show
  // it.
  enum class Factor : uint8_t { kNeeded, kNotYet };
  using Handler = Task<GateReply> (SignIn::*)(Loop&, GateRequest);
  Where where;
  std::string_view path;
  const char* allow;
  Handler get;   // null: 405
  Handler post;  // the same
  bool head;     // may GET be asked as HEAD
  Factor factor = Factor::kNeeded;
  Tokens tokens = Tokens::kIgnored;
};

std::span<const SignIn::Route> SignIn::all_routes() {
  using enum Route::Where;
  using enum Route::Tokens;
  using enum Route::Factor;
  static constexpr Route kRoutes[] = {
      {kGate, "/", "GET, HEAD", &SignIn::home_page, nullptr, true},
      {kGate, kLoginPath, "GET, HEAD, POST", &SignIn::show_login, &SignIn::post_login, true, kNotYet},
      {kGate, kCertificatePath, "POST", nullptr, &SignIn::post_certificate, false, kNotYet},
      {kGate, kMfaPath, "GET, HEAD, POST", &SignIn::show_mfa, &SignIn::post_mfa, true, kNotYet, kRefused},
      {kGate, kPasskeyPath, "POST", nullptr, &SignIn::post_passkey, false, kNotYet, kRefused},
      {kGate, kPasskeyOptionsPath, "POST", nullptr, &SignIn::post_passkey_options, false, kNotYet, kRefused},
      {kGate, kPasskeyScriptPath, "GET, HEAD", &SignIn::passkey_script, nullptr, true, kNotYet},
      {kGate, kAccountPath, "GET, HEAD", &SignIn::account, nullptr, true, kNeeded, kRefused},
      {kGate, kEndSessionPath, "POST", nullptr, &SignIn::end_session, false, kNeeded, kRefused},
      {kGate, kEndOthersPath, "POST", nullptr, &SignIn::end_others, false, kNeeded, kRefused},
      {kGate, kTokensPath, "GET, HEAD, POST", &SignIn::show_tokens, &SignIn::create_token, true, kNeeded, kRefused},
      {kGate, kRevokeTokenPath, "POST", nullptr, &SignIn::revoke_token, false, kNeeded, kRefused},
      {kGate, kRotateTokenPath, "POST", nullptr, &SignIn::rotate_token, false, kNeeded, kRefused},
      {kGate, kPasswordPath, "GET, HEAD, POST", &SignIn::show_password, &SignIn::post_password, true, kNeeded,
       kRefused},
      {kGate, kResetPath, "GET, HEAD, POST", &SignIn::show_reset, &SignIn::post_reset, true, kNotYet, kRefused},
      {kEverywhere, kLogoutPath, "GET, HEAD, POST", &SignIn::show_logout, &SignIn::post_logout, true, kNotYet},
      {kEverywhere, kStylePath, "GET, HEAD", &SignIn::style, nullptr, true, kNotYet},
      {kGate, kJwksPath, "GET, HEAD", &SignIn::jwks, nullptr, true, kNotYet},
      {kOthers, kCallbackPath, "GET", &SignIn::callback, nullptr, false, kNotYet},  // HEAD would use the code up
  };
  return kRoutes;
}

const SignIn::Route* SignIn::find_route(bool on_gate, std::string_view path) {
  using enum Route::Where;
  const auto routes = all_routes();
  const auto found = std::ranges::find_if(
      routes, [&](const Route& route) { return route.path == path && route.where != (on_gate ? kOthers : kGate); });
  return found == routes.end() ? nullptr : &*found;
}

std::vector<KnownRoute> SignIn::routes() {
  std::vector<KnownRoute> out = MeApi::routes();
  for (KnownRoute& route : FactorAccount::routes()) out.push_back(std::move(route));
  for (KnownRoute& route : ProviderPages::routes()) out.push_back(std::move(route));
  for (KnownRoute& route : ProviderDoor::routes()) out.push_back(std::move(route));
  for (const Route& route : all_routes()) {
    KnownRoute known{std::string(route.path), {}, route.where != Route::Where::kOthers};
    if (route.get != nullptr) known.methods.emplace_back("GET");
    if (route.get != nullptr && route.head) known.methods.emplace_back("HEAD");
    if (route.post != nullptr) known.methods.emplace_back("POST");
    out.push_back(std::move(known));
  }
  return out;
}

Result<std::unique_ptr<SignIn>> SignIn::make(SignInParts parts) {
  TRY(SecretBytes csrf, parts.keyring.derived("csrf"));
  TRY(SecretBytes device, parts.keyring.derived("known-device"));
  return std::unique_ptr<SignIn>(new SignIn(std::move(parts), std::move(csrf), std::move(device)));
}

size_t hashing_threads() { return std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, kHashingThreadsMax); }

SignIn::SignIn(SignInParts parts, SecretBytes csrf_key, SecretBytes device_key)
    : parts_(std::move(parts)),
      forms_(std::move(csrf_key)),
      refusals_(parts_.store, parts_.log),
      opener_({parts_.store, parts_.sessions, parts_.keyring, parts_.clock, parts_.log, parts_.gate,
               parts_.session_ended, parts_.in_force}),
      devices_(std::move(device_key)),
      passwords_({.store = parts_.store,
                  .sessions = parts_.sessions,
                  .keyring = parts_.keyring,
                  .keys = parts_.keys,
                  .hashing = parts_.hashing,
                  .attempts = attempts_,
                  .refusals = refusals_,
                  .devices = devices_,
                  .clock = parts_.clock,
                  .log = parts_.log,
                  .session_ended = parts_.session_ended,
                  .in_force = parts_.in_force,
                  .verify = parts_.verify,
                  .hash = parts_.hash}),
      own_sessions_(parts_.store, parts_.sessions, parts_.clock, parts_.session_ended, parts_.in_force),
      own_tokens_(parts_.store, parts_.sessions, parts_.tokens, parts_.clock, parts_.in_force),
      factor_book_(parts_.store, parts_.keyring, parts_.keys),
      own_factors_({factor_book_, own_sessions_, parts_.store, parts_.sessions, parts_.keyring, parts_.clock,
                    parts_.gate.host, parts_.session_ended, parts_.in_force}),
      own_passkeys_(
          {own_factors_, parts_.store, parts_.keyring, parts_.clock, {parts_.gate.host, origin_of(parts_.gate.host)}}),
      factor_account_({own_factors_, passkeys_usable() ? &own_passkeys_ : nullptr, codes_, parts_.sessions, forms_,
                       parts_.clock, parts_.log, origin_of(parts_.gate.host)}),
      account_({own_sessions_, parts_.sessions, forms_, parts_.clock, parts_.log, origin_of(parts_.gate.host)}),
      token_forms_({own_tokens_, parts_.sessions, forms_, parts_.clock, parts_.log, origin_of(parts_.gate.host)}),
      me_api_({own_sessions_, own_tokens_, passwords_, own_factors_, passkeys_usable() ? &own_passkeys_ : nullptr,
               codes_, parts_.sessions, parts_.clock, parts_.log, origin_of(parts_.gate.host)}),
      flight_recorder_(parts_.store, parts_.log),
      provider_pages_({flight_recorder_, parts_.sessions, forms_, parts_.clock, parts_.log,
                       [this](const policy::CompiledProvider& provider) { return provider_state(provider); }}) {
  if (!parts_.lanes) return;
  door_.emplace(ProviderDoorParts{
      .store = parts_.store,
      .sessions = parts_.sessions,
      .keyring = parts_.keyring,
      .keys = parts_.keys,
      .xml = parts_.lanes->xml,
      .asking = parts_.lanes->asking,
      .fetcher = parts_.lanes->fetcher,
      .recorder = flight_recorder_,
      .opener = opener_,
      .clock = parts_.clock,
      .log = parts_.log,
      .gate = parts_.gate,
      .session_ended = parts_.session_ended,
      .in_force = parts_.in_force,
      .snapshot = parts_.lanes->snapshot,
      .wanted =
          [this](Loop& home, std::string handle, IpAddress client, std::shared_ptr<const policy::Snapshot> snapshot) {
            return wanted_page(home, std::move(handle), client, std::move(snapshot));
          },
      .may_begin = [this](const IpAddress& client) { return may_begin_flow(client); }});
}

std::vector<ProviderCertificateEnd> SignIn::certificate_ends() const {
  return door_ ? door_->certificate_ends() : std::vector<ProviderCertificateEnd>{};
}

void SignIn::tick(std::shared_ptr<const policy::Snapshot> snapshot) {
  if (door_) door_->tick(std::move(snapshot));
}

Task<GateReply> SignIn::handle(Loop& home, GateRequest request) {
  const bool on_gate = request.host == parts_.gate.host;
  if (on_gate && ProviderPages::answers(request.path)) {
    auto answering = provider_pages_.handle(home, std::move(request));
    co_return co_await answering;
  }
  if (on_gate && door_ && ProviderDoor::answers(request.path)) {
    auto answering = door_->handle(home, std::move(request));
    co_return co_await answering;
  }
  if (on_gate && http::path_has_prefix(request.path, kApiPath)) {
    auto answering = me_api_.handle(home, std::move(request));
    co_return co_await answering;
  }
  if (on_gate && http::path_has_prefix(request.path, kFactorsPath)) {
    if (request.by_token) co_return problem_reply(request, kTokenRefused, Format::kJson);
    auto answering = factor_account_.handle(home, std::move(request));
    co_return co_await answering;
  }
  const Route* const route = find_route(on_gate, request.path);
  if (route == nullptr)
    co_return problem_reply(request, {404, "not_found", "Not found", "There is nothing at this address."});
  Route::Handler handler = nullptr;
  if (request.method == "GET" || (request.method == "HEAD" && route->head)) handler = route->get;
  if (request.method == "POST") handler = route->post;
  if (handler == nullptr) co_return method_reply(request, route->allow);
  if (request.by_token && route->tokens == Route::Tokens::kRefused)
    co_return problem_reply(request, kTokenRefused, Format::kJson);
  if (route->factor == Route::Factor::kNeeded)
    if (const auto signed_in = who(request); signed_in && signed_in->needs_factor)
      co_return ask_for_factor(request, *signed_in);
  auto answering = (this->*handler)(home, std::move(request));
  co_return co_await answering;
}

ProviderState SignIn::provider_state(const policy::CompiledProvider& provider) const {
  if (!door_) return {};
  switch (provider.spec.type) {
    case policy::ProviderType::kSaml:
      return saml_provider_state(door_->saml_book().state(provider));
    case policy::ProviderType::kOidc:
      return oidc_provider_state(door_->oidc_book().state(provider));
    case policy::ProviderType::kLdap:
      return {};
  }
  return {};
}

std::optional<SignedIn> SignIn::who(const GateRequest& request) const {
  return signed_in(request, parts_.sessions, parts_.clock.wall());
}

// What a session that lacks a factor gets in the place of a page.
GateReply SignIn::ask_for_factor(const GateRequest& request, const SignedIn& who) const {
  GateReply reply;
  if (request.method != "POST" && format_for(request) == Format::kHtml)
    reply = redirect_reply(302, factor_location(*who.user, ""), "second factor");
  else
    reply = problem_reply(request, kFactorNeeded);
  reply.user = who.user->id;
  return reply;
}

std::string SignIn::origin_of(const std::string& host) const { return origin_beside(parts_.gate, host); }

void SignIn::end_family(const RecordId& family) {
  parts_.sessions.end(family);
  if (parts_.session_ended) parts_.session_ended(family);
}

GateReply SignIn::unavailable(const GateRequest& request) const {
  return unavailable_reply(request, format_for(request));
}

Task<GateReply> SignIn::style(Loop&, GateRequest) { co_return style_reply(); }

// For anybody: an upstream that verifies what it is told has no session here.
Task<GateReply> SignIn::jwks(Loop&, GateRequest request) {
  if (!request.assertion_keys) co_return unavailable(request);
  co_return jwk_set_reply(request.assertion_keys->jwk_set(parts_.clock.wall()));
}

Task<GateReply> SignIn::home_page(Loop&, GateRequest request) {
  const auto signed_in = who(request);
  if (!signed_in) {
    if (format_for(request) == Format::kHtml) co_return redirect_reply(302, std::string(kLoginPath), "sign-in");
    co_return problem_reply(request, {401, "unauthenticated", "Sign in first", "Nobody is signed in."});
  }
  HomePage page;
  page.csrf = forms_.field("sign-out", signed_in->cookie);
  page.user = signed_in->user->name;
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

Task<GateReply> SignIn::account(Loop& home, GateRequest request) {
  auto answering = account_.show(home, std::move(request));
  co_return co_await answering;
}
Task<GateReply> SignIn::end_session(Loop& home, GateRequest request) {
  auto answering = account_.end_session(home, std::move(request));
  co_return co_await answering;
}
Task<GateReply> SignIn::end_others(Loop& home, GateRequest request) {
  auto answering = account_.end_others(home, std::move(request));
  co_return co_await answering;
}
Task<GateReply> SignIn::show_tokens(Loop& home, GateRequest request) {
  auto answering = token_forms_.show(home, std::move(request));
  co_return co_await answering;
}
Task<GateReply> SignIn::create_token(Loop& home, GateRequest request) {
  auto answering = token_forms_.create(home, std::move(request));
  co_return co_await answering;
}
Task<GateReply> SignIn::revoke_token(Loop& home, GateRequest request) {
  auto answering = token_forms_.revoke(home, std::move(request));
  co_return co_await answering;
}
Task<GateReply> SignIn::rotate_token(Loop& home, GateRequest request) {
  auto answering = token_forms_.rotate(home, std::move(request));
  co_return co_await answering;
}

}  // namespace sallyport::sso
