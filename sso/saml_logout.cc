// Single logout at /.sallyport/saml/NAME/slo (SAML Profiles s4.4): what the provider asks of us, what it answers, and
// what we ask of it.
#include "base/http/cookie.h"
#include "sso/cookies.h"
#include "sso/pages.h"
#include "sso/saml/authn_request.h"
#include "sso/saml/message_writer.h"
#include "sso/saml_sign_in.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

constexpr Problem kNoMessage{400, "malformed", "Not understood",
                             "This address takes an identity provider's requests to sign out."};
constexpr Problem kRefused{
    403, "sign_out_refused", "Not signed out",
    "The request to sign you out did not count here. Use the button on this gateway's own page."};

struct LogoutMessage {
  bool is_request = false;
  saml::Incoming incoming;
  std::string relay_state;  // of a form; a redirect's is signed, and read with the rest
};

std::optional<LogoutMessage> message_of(const GateRequest& request) {
  const bool posted = request.method == "POST";
  if (posted && !is_form(request)) return std::nullopt;
  const auto fields = http::parse_form(posted ? std::string_view(request.message) : request.query, 16);
  if (!fields) return std::nullopt;
  const std::string* const asked = http::find_field(*fields, "SAMLRequest");
  const std::string* const answer = http::find_field(*fields, "SAMLResponse");
  if ((asked == nullptr) == (answer == nullptr)) return std::nullopt;
  LogoutMessage out;
  out.is_request = asked != nullptr;
  if (posted)
    out.incoming = {saml::Binding::kPost, asked != nullptr ? *asked : *answer};
  else
    out.incoming = {saml::Binding::kRedirect, request.query};
  if (const std::string* const relay_state = http::find_field(*fields, "RelayState")) out.relay_state = *relay_state;
  return out;
}

// Where answers to its requests go, and whether by Redirect.
std::optional<std::string> answer_location(const saml::ProviderMetadata& metadata, bool& by_redirect) {
  const auto& endpoint = metadata.slo_redirect ? metadata.slo_redirect : metadata.slo_post;
  by_redirect = metadata.slo_redirect.has_value();
  if (!endpoint) return std::nullopt;
  return endpoint->response_location.empty() ? endpoint->location : endpoint->response_location;
}

std::string word_of(const OriginWords& words, std::string_view name) {
  for (const auto& [key, value] : words.more)
    if (key == name) return value;
  return "";
}

}  // namespace

saml::LogoutRules SamlSignIn::logout_rules(const policy::CompiledProvider& provider, const Ready& ready) const {
  saml::LogoutRules out;
  out.provider = ready.metadata->entity_id;
  out.destination = saml_urls(parts_.gate, provider.name).logout;
  out.provider_keys = ready.metadata->signing_keys;
  out.own_keys = ready.keys->all();
  out.clock_skew = provider.spec.saml.clock_skew;
  out.cbc = provider.spec.saml.allow_cbc ? saml::CbcMode::kTaken : saml::CbcMode::kRefused;
  return out;
}

Task<GateReply> SamlSignIn::logout(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider) {
  auto message = message_of(request);
  if (!message) co_return problem_reply(request, kNoMessage);
  auto getting_ready = ready(home, provider);
  const auto with = co_await getting_ready;
  if (!with) co_return parts_.arrivals.refuse(request, provider, "provider_unavailable", with.error().what, {});
  auto answering =
      message->is_request
          ? answer_logout(home, request, provider, *with, std::move(message->incoming), std::move(message->relay_state))
          : end_logout(home, request, provider, *with, std::move(message->incoming), std::move(message->relay_state));
  co_return co_await answering;
}

Task<GateReply> SamlSignIn::answer_logout(Loop& home, const GateRequest& request,
                                          const policy::CompiledProvider& provider, const Ready& ready,
                                          saml::Incoming incoming, std::string relay_state) {
  const bool redirected = incoming.binding == saml::Binding::kRedirect;
  using Verdict = std::pair<Result<saml::ReceivedLogout>, Checks>;
  Offload<Verdict> verifying(parts_.xml, home,
                             [rules = logout_rules(provider, ready), incoming = std::move(incoming),
                              now = parts_.clock.wall()]() -> Result<Verdict> {
                               saml::LogoutRequestVerdict verdict = saml::verify_logout_request(rules, incoming, now);
                               return Verdict(std::move(verdict.request), std::move(verdict.checks));
                             });
  auto verified = co_await verifying;
  if (!verified) co_return problem_reply(request, kBusy);
  auto& [received, checks] = *verified;
  if (!received) {
    parts_.failures.take(network_key(request.client.address));
    (void)parts_.arrivals.refuse(request, provider, "sign_in_refused", received.error().what, checks);
    co_return problem_reply(request, kRefused);
  }
  if (redirected) relay_state = received->relay_state;
  auto ending = end_sessions(home, request, provider, *received);
  const auto ended = co_await ending;
  if (!ended && ended.error().code == Code::kConflict) co_return problem_reply(request, kRefused);
  const auto status = ended ? saml::LogoutStatus::kSuccess : saml::LogoutStatus::kFailed;

  bool by_redirect = false;
  const auto location = answer_location(*ready.metadata, by_redirect);
  const std::string sign_in = parts_.gate.scheme + "://" + parts_.gate.authority() + std::string(kLoginPath);
  if (!location) co_return page_reply(200, signed_out_page(sign_in), "signed out by the provider");
  Offload<std::string> writing(
      parts_.xml, home,
      [to = *location, by_redirect, status, relay_state, id = received->request.id, keys = ready.keys,
       issuer = saml_urls(parts_.gate, provider.name).entity_id, now = parts_.clock.wall()]() -> Result<std::string> {
        const std::string xml = saml::logout_response_xml({saml::new_message_id(), id, status}, issuer, to, now);
        if (by_redirect)
          return saml::redirect_url(to, saml::MessageKind::kResponse, xml, relay_state, &keys->signing());
        return saml::posted_message(xml, &keys->signing());
      });
  const auto written = co_await writing;
  if (!written) co_return problem_reply(request, kBusy);
  // No cookie is dropped: the session may be of another browser than the one that brings the message.
  co_return by_redirect
      ? redirect_reply(302, *written, "signed out by the provider")
      : saml_post_reply({*location, "SAMLResponse", *written, relay_state}, "signed out by the provider");
}

// errors: kConflict the request counted before; and the store's.
Task<Result<size_t>> SamlSignIn::end_sessions(Loop& home, const GateRequest& request,
                                              const policy::CompiledProvider& provider,
                                              const saml::ReceivedLogout& received) {
  const Sha256 subject = ProviderArrivals::subject_hash(provider.id, received.request.name_id.value);
  std::vector<Sha256> indexes;
  for (const std::string& index : received.request.session_indexes)
    indexes.push_back(ProviderArrivals::subject_hash(provider.id, index));
  auto finding = parts_.store.run<std::vector<storage::SessionOrigin>>(
      home, [id = provider.id, subject, indexes = std::move(indexes)](storage::Store& store) {
        return store.session_origins(id, subject, indexes);
      });
  CO_TRY(std::vector<storage::SessionOrigin> origins, co_await finding);
  const storage::UseOnce once{sha256(as_bytes("saml logout\n" + provider.id.to_string() + "\n" + received.request.id)),
                              received.replay_until};
  auto ending = parts_.endings.end(home, provider.name, request.client.address.to_string(), std::move(origins), once);
  co_return co_await ending;
}

// The person is signed out here in any case; what the provider says of itself is shown.
Task<GateReply> SamlSignIn::end_logout(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                                       const Ready& ready, saml::Incoming incoming, std::string handle) {
  if (!is_random_handle(handle)) co_return problem_reply(request, kRefused);
  auto taking = parts_.store.take_flow(home, sha256(as_bytes(handle)), parts_.clock.wall());
  const auto record = co_await taking;
  if (!record) co_return problem_reply(request, kRefused);
  const auto flow = read_logout_flow(*record, parts_.keyring, parts_.clock.wall());
  if (!flow || flow->provider != provider.name) co_return problem_reply(request, kRefused);
  using Verdict = std::pair<Result<saml::LogoutStatus>, Checks>;
  Offload<Verdict> verifying(parts_.xml, home,
                             [rules = logout_rules(provider, ready), incoming = std::move(incoming),
                              id = flow->request_id, now = parts_.clock.wall()]() -> Result<Verdict> {
                               auto verdict = saml::verify_logout_response(rules, incoming, id, now);
                               return Verdict(std::move(verdict.status), std::move(verdict.checks));
                             });
  auto verified = co_await verifying;
  if (!verified) co_return problem_reply(request, kBusy);
  if (!verified->first) {
    parts_.failures.take(network_key(request.client.address));
    parts_.log.warning("provider_logout", {{"provider", provider.name}, {"reason", verified->first.error().what}});
  }
  const std::string sign_in = parts_.gate.scheme + "://" + parts_.gate.authority() + std::string(kLoginPath);
  co_return page_reply(200, signed_out_page(sign_in), "signed out at the provider");
}

Task<std::optional<SignOutThere>> SamlSignIn::sign_out_there(Loop& home, const policy::CompiledProvider& provider,
                                                             const storage::SessionOrigin& origin) {
  auto getting_ready = ready(home, provider);
  const auto with = co_await getting_ready;
  if (!with || (!with->metadata->slo_redirect && !with->metadata->slo_post)) co_return std::nullopt;
  const auto words = ProviderArrivals::open_origin(origin, parts_.keyring);
  if (!words) co_return std::nullopt;
  saml::LogoutRequest asked;
  asked.id = saml::new_message_id();
  asked.name_id = {words->subject, word_of(*words, "format"), word_of(*words, "name_qualifier"),
                   word_of(*words, "sp_name_qualifier")};
  if (!words->index.empty()) asked.session_indexes.push_back(words->index);
  const std::string handle = random_handle();
  const auto record = to_record(LogoutFlow{provider.name, asked.id}, handle, parts_.keyring, parts_.clock.wall());
  if (!record) co_return std::nullopt;
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutFlow{*record});
  auto committing = parts_.store.commit(home, std::move(changes), {});
  if (!co_await committing) co_return std::nullopt;
  const bool by_redirect = with->metadata->slo_redirect.has_value();
  const std::string to = (by_redirect ? with->metadata->slo_redirect : with->metadata->slo_post)->location;
  Offload<std::string> writing(
      parts_.xml, home,
      [asked, handle, by_redirect, to, keys = with->keys, issuer = saml_urls(parts_.gate, provider.name).entity_id,
       now = parts_.clock.wall()]() -> Result<std::string> {
        const std::string xml = saml::logout_request_xml(asked, issuer, to, now);
        if (by_redirect) return saml::redirect_url(to, saml::MessageKind::kRequest, xml, handle, &keys->signing());
        return saml::posted_message(xml, &keys->signing());
      });
  auto written = co_await writing;
  if (!written) co_return std::nullopt;
  if (by_redirect) co_return SignOutThere(*std::move(written));
  co_return SignOutThere(SamlPost{to, "SAMLRequest", *std::move(written), handle});
}

}  // namespace sallyport::sso
