#include "sso/saml_sign_in.h"

#include "base/http/cookie.h"
#include "sso/provider_page.h"
#include "sso/provider_refusal.h"
#include "sso/saml/authn_request.h"
#include "sso/saml/message_writer.h"
#include "sso/saml/response.h"
#include "sso/saml/sp_metadata.h"
#include "sso/saml_identity.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

constexpr Problem kNoMessage{400, "malformed", "Not understood",
                             "This address takes the answer of an identity provider."};

// Redirect where the provider takes it: shorter, and no page in between.
const saml::ProviderEndpoint* endpoint_of(const saml::ProviderMetadata& metadata, bool& by_redirect) {
  by_redirect = metadata.sso_redirect.has_value();
  if (by_redirect) return &*metadata.sso_redirect;
  return metadata.sso_post ? &*metadata.sso_post : nullptr;
}

saml::ResponseRules rules_of(const policy::CompiledProvider& provider, const saml::ProviderMetadata& metadata,
                             const SamlKeys& keys, const SamlUrls& urls) {
  const policy::SamlSettings& settings = provider.spec.saml;
  saml::ResponseRules out;
  out.provider = metadata.entity_id;
  out.audience = urls.entity_id;
  out.consumer_url = urls.consumer;
  out.provider_keys = metadata.signing_keys;
  out.own_keys = keys.all();
  out.clock_skew = settings.clock_skew;
  out.want_encrypted = settings.want_encrypted;
  out.cbc = settings.allow_cbc ? saml::CbcMode::kTaken : saml::CbcMode::kRefused;
  out.authn_contexts = settings.authn_contexts;
  return out;
}

OriginWords origin_of(const saml::Claims& claims) {
  OriginWords out;
  out.subject = claims.name_id.value;
  out.index = claims.session_index.value_or("");
  out.more = {{"format", claims.name_id.format},
              {"name_qualifier", claims.name_id.name_qualifier},
              {"sp_name_qualifier", claims.name_id.sp_name_qualifier}};
  return out;
}

}  // namespace

SamlUrls saml_urls(const http::Url& gate, const std::string& provider) {
  const std::string base = gate.scheme + "://" + gate.authority() + "/.sallyport/saml/" + provider;
  return {base + "/metadata", base + "/acs", base + "/slo"};
}

Task<Result<SamlSignIn::Ready>> SamlSignIn::ready(Loop& home, const policy::CompiledProvider& provider) {
  Ready out;
  auto looking = parts_.book.document(home, provider);
  CO_TRY(out.metadata, co_await looking);
  auto reading = parts_.keys.keys(home);
  CO_TRY(out.keys, co_await reading);
  co_return out;
}

Task<GateReply> SamlSignIn::login(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider) {
  auto departing = depart(home, request, provider, departure_of(request, provider.name));
  co_return co_await departing;
}

Task<GateReply> SamlSignIn::depart(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                                   Departure departure) {
  auto getting_ready = ready(home, provider);
  const auto with = co_await getting_ready;
  if (!with) co_return parts_.arrivals.refuse(request, provider, "provider_unavailable", with.error().what, {});
  bool by_redirect = false;
  const saml::ProviderEndpoint* const endpoint = endpoint_of(*with->metadata, by_redirect);
  if (endpoint == nullptr)
    co_return parts_.arrivals.refuse(request, provider, "provider_unavailable",
                                     "the provider's metadata has no place to sign in", {});
  const SamlUrls urls = saml_urls(parts_.gate, provider.name);
  const policy::SamlSettings& settings = provider.spec.saml;
  const saml::AuthnRequest asked{.id = saml::new_message_id(),
                                 .now = parts_.clock.wall(),
                                 .issuer = urls.entity_id,
                                 .destination = endpoint->location,
                                 .consumer_url = urls.consumer,
                                 .name_id_format = settings.name_id_format,
                                 .authn_contexts = settings.authn_contexts,
                                 .force_authn = settings.force_authn || departure.then == kThenFactors,
                                 .is_passive = false};
  departure.request_id = asked.id;
  // Providers say whole seconds.
  if (asked.force_authn) departure.fresh_after = WallMicros{count(asked.now) / 1'000'000 * 1'000'000};
  auto leaving = parts_.flows.depart(home, request, std::move(departure));
  const auto departed = co_await leaving;
  if (!departed) co_return unavailable_reply(request, format_for(request));

  // A signature takes a millisecond or two.
  const bool sign = settings.sign_requests || with->metadata->wants_signed_requests;
  Offload<std::string> writing(
      parts_.xml, home,
      [asked, by_redirect, sign, keys = with->keys, handle = departed->handle]() -> Result<std::string> {
        const std::string xml = saml::authn_request_xml(asked);
        const saml::SpKey* const key = sign ? &keys->signing() : nullptr;
        if (by_redirect) return saml::redirect_url(asked.destination, saml::MessageKind::kRequest, xml, handle, key);
        return saml::posted_message(xml, key);
      });
  const auto written = co_await writing;
  if (!written) co_return unavailable_reply(request, format_for(request));
  GateReply reply =
      by_redirect ? redirect_reply(302, *written, "to the provider")
                  : saml_post_reply({endpoint->location, "SAMLRequest", *written, departed->handle}, "to the provider");
  add_header(reply, "Set-Cookie", departed->cookie);
  co_return reply;
}

Task<GateReply> SamlSignIn::consume(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider) {
  const auto form = is_form(request) ? http::parse_form(request.message, 16) : http::FormFields{};
  const std::string* const posted = form ? http::find_field(*form, "SAMLResponse") : nullptr;
  if (posted == nullptr) co_return problem_reply(request, kNoMessage);
  const std::string* const relay_state = http::find_field(*form, "RelayState");

  const std::string handle = relay_state == nullptr ? "" : *relay_state;
  auto meeting = parts_.flows.meet(home, request, handle, provider.name);
  auto met = co_await meeting;
  if (!met) co_return unavailable_reply(request, format_for(request));
  const bool unsolicited = met->how == Return::kUnknown;
  const auto refuse = [&](const char* reason, const Checks& checks) {
    parts_.failures.take(network_key(request.client.address));
    return parts_.arrivals.refuse(request, provider, "sign_in_refused", reason, checks);
  };
  if (unsolicited && !provider.spec.saml.idp_initiated)
    co_return refuse("an answer to no request of ours, or too late, or for the second time", {});
  if (met->how == Return::kAnother) co_return refuse("the answer came by another browser than the request", {});
  if (met->how == Return::kOtherTab) {
    // Once: else one sign-in that was begun would begin others without an end.
    auto settling = parts_.flows.settle(home, handle);
    const auto settled = co_await settling;
    if (!settled && settled.error().code == Code::kNotFound) co_return refuse("a second answer to one request", {});
    if (!settled) co_return unavailable_reply(request, format_for(request));
    auto again = depart(home, request, provider,
                        {.provider = provider.name,
                         .request_id = {},
                         .verifier = {},
                         .flow = met->flow.flow,
                         .then = met->flow.then,
                         .restarts = met->flow.restarts + 1});
    co_return co_await again;
  }
  auto getting_ready = ready(home, provider);
  const auto with = co_await getting_ready;
  if (!with) co_return parts_.arrivals.refuse(request, provider, "provider_unavailable", with.error().what, {});

  saml::ResponseRules rules = rules_of(provider, *with->metadata, *with->keys, saml_urls(parts_.gate, provider.name));
  if (!unsolicited) {
    rules.in_response_to = met->flow.request_id;
    rules.authenticated_after = met->flow.fresh_after;
  }
  using Verdict = std::pair<Result<saml::Claims>, Checks>;
  Offload<Verdict> verifying(
      parts_.xml, home, [rules = std::move(rules), text = *posted, now = parts_.clock.wall()]() -> Result<Verdict> {
        saml::ResponseVerdict verdict = saml::verify_response(rules, text, now);
        return Verdict(std::move(verdict.claims), std::move(verdict.checks));
      });
  auto verified = co_await verifying;
  if (!verified) {
    GateReply reply = problem_reply(request, kBusy);
    add_header(reply, "Retry-After", "2");
    co_return reply;
  }
  auto& [claims, checks] = *verified;
  // Perhaps by a key that it has begun to use since its metadata was read: that is asked for again.
  if (!claims && claims.error().code == Code::kUnauthenticated) parts_.book.hurry(provider);
  if (!claims) co_return refuse(claims.error().what, checks);
  auto identity = checks.note("subject", "what tells this person apart", identity_of_claims(provider.spec, *claims));
  if (!identity) co_return refuse(identity.error().what, checks);
  if (!unsolicited) {
    auto settling = parts_.flows.settle(home, handle);
    const auto settled = co_await settling;
    if (!settled && settled.error().code == Code::kNotFound) co_return refuse("a second answer to one request", checks);
    if (!settled) co_return unavailable_reply(request, format_for(request));
  }
  Arrival arrival;
  arrival.identity = *std::move(identity);
  arrival.checks = checks;
  arrival.once =
      storage::UseOnce{sha256(as_bytes("saml assertion\n" + with->metadata->entity_id + "\n" + claims->assertion_id)),
                       claims->replay_until};
  arrival.origin = origin_of(*claims);
  arrival.origin->fresh = !unsolicited && met->flow.fresh_after.has_value();
  arrival.flow = met->flow.flow;
  arrival.then = met->flow.then;
  arrival.replaces = met->flow.replaces;
  auto arriving = parts_.arrivals.arrive(home, request, provider, std::move(arrival));
  co_return co_await arriving;
}

Task<GateReply> SamlSignIn::metadata(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider) {
  auto reading = parts_.keys.keys(home);
  const auto keys = co_await reading;
  if (!keys) co_return unavailable_reply(request, format_for(request));
  const SamlUrls urls = saml_urls(parts_.gate, provider.name);
  const std::vector<saml::SpKey> all = (*keys)->all();
  GateReply reply;
  reply.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
               saml::sp_metadata_xml({.entity_id = urls.entity_id,
                                      .consumer_url = urls.consumer,
                                      .logout_url = urls.logout,
                                      .signs_requests = provider.spec.saml.sign_requests},
                                     all);
  reply.reason = "metadata";
  for (const auto& [name, value] : page_headers()) add_header(reply, name, value);
  add_header(reply, "Content-Type", "application/samlmetadata+xml");
  co_return reply;
}

}  // namespace sallyport::sso
