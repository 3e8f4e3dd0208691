#include "sso/oidc_sign_in.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/http/cookie.h"
#include "sso/pages.h"
#include "sso/provider_refusal.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

constexpr Problem kNoAnswer{400, "malformed", "Not understood",
                            "This address takes the answer of an identity provider."};
constexpr std::string_view kClientSecret = "secrets.client_secret";

// Nobody is to blame: the provider was not reached (whatever the reason: its certificate, the outbound list), or says
// so.
bool is_absence(const Error& error) {
  return error.side == Side::kUpstream || error.code == Code::kUnavailable || error.code == Code::kTimeout ||
         error.code == Code::kNotFound;
}

// How long ago the sign-in at the provider may be that was asked for then.
std::optional<std::chrono::seconds> since(std::optional<WallMicros> asked, WallMicros now) {
  if (!asked) return std::nullopt;
  return std::chrono::seconds(std::max<int64_t>(0, (count(now) - count(*asked)) / 1'000'000 + 1));
}

// Back-Channel Logout 1.0 s2.8.
GateReply refused_notice() {
  GateReply reply = json_reply(400, {{"error", "invalid_request"}}, "a logout token that does not count");
  return reply;
}

}  // namespace

OidcUrls oidc_urls(const http::Url& gate, const std::string& provider) {
  const std::string origin = gate.scheme + "://" + gate.authority();
  return {origin + "/.sallyport/oidc/" + provider + "/callback", origin + std::string(kLogoutPath)};
}

Task<Result<std::shared_ptr<const oidc::Client>>> OidcSignIn::client(Loop& home,
                                                                     const policy::CompiledProvider& provider) {
  auto looking = parts_.book.document(home, provider);
  CO_TRY(const std::shared_ptr<const oidc::ProviderDocument> document, co_await looking);
  auto out = std::make_shared<oidc::Client>();
  out->name = provider.name;
  out->provider = provider.spec;
  out->document = *document;
  const auto field = std::ranges::find(provider.secrets, kClientSecret, &policy::SealedField::field);
  if (field != provider.secrets.end()) {
    auto unsealing = parts_.keys.unseal(
        {storage::secret_context(policy::Kind::kIdentityProvider, provider.id, *field, provider.destination),
         field->sealed});
    CO_TRY(out->client_secret, co_await unsealing);
  }
  co_return std::shared_ptr<const oidc::Client>(std::move(out));
}

Task<GateReply> OidcSignIn::login(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider) {
  auto departing = depart(home, request, provider, departure_of(request, provider.name));
  co_return co_await departing;
}

Task<GateReply> OidcSignIn::depart(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                                   Departure departure) {
  auto looking = parts_.book.document(home, provider);
  const auto document = co_await looking;
  if (!document) co_return parts_.arrivals.refuse(request, provider, "provider_unavailable", document.error().what, {});
  auto secrets = oidc::new_flow_secrets();
  if (!secrets) co_return unavailable_reply(request, format_for(request));
  oidc::AuthorizationWish wish;
  wish.redirect_uri = oidc_urls(parts_.gate, provider.name).redirect;
  wish.nonce = secrets->nonce;
  wish.challenge = oidc::pkce_challenge(secrets->verifier);
  if (departure.then == kThenFactors) {
    wish.prompt = "login";
    wish.max_age = std::chrono::seconds(0);
    departure.fresh_after = parts_.clock.wall();
  }
  departure.request_id = secrets->nonce;
  departure.verifier = secrets->verifier.reveal();
  auto leaving = parts_.flows.depart(home, request, std::move(departure));
  const auto departed = co_await leaving;
  if (!departed) co_return unavailable_reply(request, format_for(request));
  wish.state = departed->handle;
  GateReply reply =
      redirect_reply(302, oidc::authorization_url(**document, provider.spec.oidc, wish), "to the provider");
  add_header(reply, "Set-Cookie", departed->cookie);
  co_return reply;
}

Task<GateReply> OidcSignIn::callback(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider) {
  auto brought = oidc::read_callback(request.query);
  if (!brought) co_return problem_reply(request, kNoAnswer);
  const std::string handle = brought->state;
  auto meeting = parts_.flows.meet(home, request, handle, provider.name);
  auto met = co_await meeting;
  if (!met) co_return unavailable_reply(request, format_for(request));
  const auto refuse = [&](const char* reason, const Checks& checks) {
    parts_.failures.take(network_key(request.client.address));
    return parts_.arrivals.refuse(request, provider, "sign_in_refused", reason, checks);
  };
  switch (met->how) {
    case Return::kUnknown:
      co_return refuse("an answer to no request of ours, or too late, or for the second time", {});
    case Return::kAnother:
      co_return refuse("the answer came by another browser than the request", {});
    case Return::kOtherTab: {
      // Once: else one sign-in that was begun would begin others without an end.
      auto taking = parts_.flows.settle(home, handle);
      const auto taken = co_await taking;
      if (!taken && taken.error().code == Code::kNotFound) co_return refuse("a second answer to one request", {});
      if (!taken) co_return unavailable_reply(request, format_for(request));
      auto again = depart(home, request, provider,
                          {.provider = provider.name,
                           .request_id = {},
                           .verifier = {},
                           .flow = met->flow.flow,
                           .then = met->flow.then,
                           .restarts = met->flow.restarts + 1});
      co_return co_await again;
    }
    case Return::kSame:
      break;
  }
  // Used up from here on, whatever becomes of it.
  auto settling = parts_.flows.settle(home, handle);
  const auto settled = co_await settling;
  if (!settled && settled.error().code == Code::kNotFound) co_return refuse("a second answer to one request", {});
  if (!settled) co_return unavailable_reply(request, format_for(request));
  auto getting = client(home, provider);
  const auto with = co_await getting;
  if (!with) co_return parts_.arrivals.refuse(request, provider, "provider_unavailable", with.error().what, {});
  auto verifier = SecretBytes::copy_of(std::string_view(met->flow.verifier));
  wipe(met->flow.verifier);
  if (!verifier) co_return unavailable_reply(request, format_for(request));

  oidc::Answer answer{.callback = *std::move(brought),
                      .flow = {*std::move(verifier), met->flow.request_id},
                      .redirect_uri = oidc_urls(parts_.gate, provider.name).redirect,
                      .max_age = since(met->flow.fresh_after, parts_.clock.wall())};
  using Verdict = oidc::OidcVerdict;
  Offload<Verdict> exchanging(
      parts_.asking, home,
      [this, with = *with, answer = std::move(answer)]() -> Result<Verdict> {
        return oidc::oidc_sign_in({parts_.fetcher, provider_keys_, parts_.clock}, *with, answer);
      },
      Turn::kInOrder, provider.id);
  auto verdict = co_await exchanging;
  if (!verdict) {
    GateReply reply = problem_reply(request, kBusy);
    add_header(reply, "Retry-After", "2");
    co_return reply;
  }
  if (!verdict->identity) {
    const Error& error = verdict->identity.error();
    if (!is_absence(error)) co_return refuse(error.what, verdict->checks);
    co_return parts_.arrivals.refuse(request, provider, "provider_unavailable", error.what, verdict->checks);
  }
  Arrival arrival;
  arrival.identity = *std::move(verdict->identity);
  arrival.checks = std::move(verdict->checks);
  arrival.origin = OriginWords{verdict->sub,
                               verdict->sid,
                               {{"id_token", std::string(verdict->id_token.reveal())}},
                               met->flow.fresh_after.has_value()};
  arrival.flow = met->flow.flow;
  arrival.then = met->flow.then;
  arrival.replaces = met->flow.replaces;
  auto arriving = parts_.arrivals.arrive(home, request, provider, std::move(arrival));
  co_return co_await arriving;
}

Task<GateReply> OidcSignIn::notice(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider) {
  const auto form = is_form(request) ? http::parse_form(request.message, 8) : http::FormFields{};
  const std::string* const token = form ? http::find_field(*form, "logout_token") : nullptr;
  if (token == nullptr || token->size() > kJwsBytesMax || !read_jws_header(*token)) co_return refused_notice();
  auto getting = client(home, provider);
  const auto with = co_await getting;
  if (!with) co_return unavailable_reply(request, Format::kJson);
  using Verdict = oidc::LogoutVerdict;
  Offload<Verdict> verifying(
      parts_.asking, home,
      [this, with = *with, text = *token]() -> Result<Verdict> {
        return oidc::oidc_logout({parts_.fetcher, provider_keys_, parts_.clock}, *with, text);
      },
      Turn::kInOrder, provider.id);
  auto verdict = co_await verifying;
  if (!verdict) co_return unavailable_reply(request, Format::kJson);
  if (!verdict->notice) {
    if (is_absence(verdict->notice.error())) co_return unavailable_reply(request, Format::kJson);
    parts_.failures.take(network_key(request.client.address));
    (void)parts_.arrivals.refuse(request, provider, "sign_in_refused", verdict->notice.error().what, verdict->checks);
    co_return refused_notice();
  }
  const oidc::LogoutNotice& notice = *verdict->notice;
  auto finding = parts_.store.run<std::vector<storage::SessionOrigin>>(
      home, [id = provider.id, sub = notice.sub, sid = notice.sid](storage::Store& store) {
        const Sha256 index = ProviderArrivals::subject_hash(id, sid);
        if (sub.empty()) return store.session_origins_of_index(id, index);
        return store.session_origins(id, ProviderArrivals::subject_hash(id, sub),
                                     sid.empty() ? std::vector<Sha256>{} : std::vector{index});
      });
  auto origins = co_await finding;
  if (!origins) co_return unavailable_reply(request, Format::kJson);
  const storage::UseOnce once{sha256(as_bytes("oidc logout\n" + provider.id.to_string() + "\n" + notice.jti)),
                              notice.replay_until};
  auto ending = parts_.endings.end(home, provider.name, request.client.address.to_string(), *std::move(origins), once);
  const auto ended = co_await ending;
  if (!ended && ended.error().code == Code::kConflict) co_return refused_notice();
  if (!ended) co_return unavailable_reply(request, Format::kJson);
  GateReply reply;
  reply.headers = page_headers();
  reply.reason = "signed out by the provider";
  co_return reply;
}

Task<std::optional<std::string>> OidcSignIn::logout_url(Loop& home, const policy::CompiledProvider& provider,
                                                        const storage::SessionOrigin& origin) {
  auto looking = parts_.book.document(home, provider);
  const auto document = co_await looking;
  if (!document) co_return std::nullopt;
  const auto words = ProviderArrivals::open_origin(origin, parts_.keyring);
  if (!words) co_return std::nullopt;
  oidc::LogoutWish wish;
  for (const auto& [name, value] : words->more)
    if (name == "id_token") wish.id_token_hint = value;
  wish.post_logout_redirect_uri = oidc_urls(parts_.gate, provider.name).signed_out;
  std::string url = oidc::logout_url(**document, provider.spec.oidc, wish);
  if (url.empty()) co_return std::nullopt;
  co_return url;
}

}  // namespace sallyport::sso
