#include "sso/provider_door.h"

#include <algorithm>
#include <thread>

#include "base/time_text.h"
#include "sso/provider_page.h"
#include "sso/replies.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

constexpr std::chrono::hours kWarnedAgain{24};
constexpr std::chrono::minutes kIdleClosedEvery{1};
constexpr std::string_view kPrefixes[] = {"/.sallyport/saml/", "/.sallyport/oidc/"};

// "saml", "corp", "acs" of /.sallyport/saml/corp/acs.
struct ProviderPath {
  std::string_view type;
  std::string_view name;
  std::string_view rest;
};
std::optional<ProviderPath> split(std::string_view path) {
  for (const std::string_view prefix : kPrefixes) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view behind = path.substr(prefix.size());
    const size_t slash = behind.find('/');
    if (slash == behind.npos) return std::nullopt;
    return ProviderPath{prefix.substr(12, 4), behind.substr(0, slash), behind.substr(slash + 1)};
  }
  return std::nullopt;
}

constexpr Problem kNoProvider{404, "not_found", "Not found", "There is nothing at this address."};
constexpr Problem kTooMany{429, "too_many_sign_ins", "Too many sign-ins",
                           "Too many sign-ins were begun. Please wait a little and try again."};

}  // namespace

// Which requests are answered, as a table: what is not in it is 404, another method 405.
struct ProviderDoor::Route {
  using Handler = Task<GateReply> (*)(ProviderDoor&, Loop&, const GateRequest&, const policy::CompiledProvider&);
  policy::ProviderType type;
  std::string_view rest;
  const char* allow;
  Handler get;
  Handler post;
  bool begins = false;   // a flow
  bool message = false;  // takes a provider's message
  bool judges = false;   // what anybody may bring: so many failures and no more
};

std::span<const ProviderDoor::Route> ProviderDoor::all_routes() {
  using enum policy::ProviderType;
  static constexpr auto saml = []<auto kHandler>() {
    return [](ProviderDoor& door, Loop& home, const GateRequest& request, const policy::CompiledProvider& provider) {
      return (door.saml_.*kHandler)(home, request, provider);
    };
  };
  static constexpr auto oidc = []<auto kHandler>() {
    return [](ProviderDoor& door, Loop& home, const GateRequest& request, const policy::CompiledProvider& provider) {
      return (door.oidc_.*kHandler)(home, request, provider);
    };
  };
  static constexpr Route kRoutes[] = {
      {kSaml, "login", "GET", saml.operator()<&SamlSignIn::login>(), nullptr, true},
      {kSaml, "acs", "POST", nullptr, saml.operator()<&SamlSignIn::consume>(), false, true, true},
      {kSaml, "metadata", "GET, HEAD", saml.operator()<&SamlSignIn::metadata>(), nullptr},
      {kSaml, "slo", "GET, POST", saml.operator()<&SamlSignIn::logout>(), saml.operator()<&SamlSignIn::logout>(), false,
       true, true},
      {kOidc, "login", "GET", oidc.operator()<&OidcSignIn::login>(), nullptr, true},
      {kOidc, "callback", "GET", oidc.operator()<&OidcSignIn::callback>(), nullptr, false, false, true},
      {kOidc, "backchannel-logout", "POST", nullptr, oidc.operator()<&OidcSignIn::notice>(), false, true, true},
  };
  return kRoutes;
}

bool ProviderDoor::takes_message(std::string_view path) {
  const auto parts = split(path);
  return parts && std::ranges::any_of(all_routes(), [&](const Route& route) {
           return route.message && policy::to_string(route.type) == parts->type && route.rest == parts->rest;
         });
}

bool takes_message(std::string_view path) { return ProviderDoor::takes_message(path); }

size_t xml_threads() { return std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, kXmlThreadsMax); }

std::string provider_login_path(const policy::CompiledProvider& provider, std::string_view flow,
                                std::string_view then) {
  std::string out =
      "/.sallyport/" + std::string(policy::to_string(provider.spec.type)) + "/" + provider.name + "/login";
  if (!flow.empty()) out += "?flow=" + std::string(flow);
  if (!then.empty()) out += (flow.empty() ? "?then=" : "&then=") + std::string(then);
  return out;
}

ProviderDoor::ProviderDoor(ProviderDoorParts parts)
    : parts_(std::move(parts)),
      flows_({parts_.store, parts_.sessions, parts_.keyring, parts_.clock}),
      arrivals_({.store = parts_.store,
                 .keyring = parts_.keyring,
                 .clock = parts_.clock,
                 .log = parts_.log,
                 .recorder = parts_.recorder,
                 .opener = parts_.opener,
                 .in_force = parts_.in_force,
                 .snapshot = parts_.snapshot,
                 .wanted = parts_.wanted}),
      endings_({.store = parts_.store,
                .sessions = parts_.sessions,
                .clock = parts_.clock,
                .session_ended = parts_.session_ended,
                .in_force = parts_.in_force}),
      failures_(kFailuresPerNetwork, parts_.clock),
      saml_keys_(parts_.store, parts_.xml, parts_.keyring, parts_.clock),
      saml_book_({parts_.store, parts_.asking, parts_.fetcher, parts_.clock, parts_.log}, kSamlMetadata),
      oidc_book_({parts_.store, parts_.asking, parts_.fetcher, parts_.clock, parts_.log}, kOidcDiscovery),
      saml_({.store = parts_.store,
             .keyring = parts_.keyring,
             .xml = parts_.xml,
             .keys = saml_keys_,
             .book = saml_book_,
             .flows = flows_,
             .arrivals = arrivals_,
             .endings = endings_,
             .failures = failures_,
             .clock = parts_.clock,
             .log = parts_.log,
             .gate = parts_.gate}),
      oidc_({.store = parts_.store,
             .keyring = parts_.keyring,
             .keys = parts_.keys,
             .asking = parts_.asking,
             .fetcher = parts_.fetcher,
             .book = oidc_book_,
             .flows = flows_,
             .arrivals = arrivals_,
             .endings = endings_,
             .failures = failures_,
             .clock = parts_.clock,
             .log = parts_.log,
             .gate = parts_.gate}),
      directories_({parts_.keys, parts_.asking, arrivals_, parts_.clock, parts_.log}) {}

bool ProviderDoor::answers(std::string_view path) {
  return std::ranges::any_of(kPrefixes, [path](std::string_view prefix) { return path.starts_with(prefix); });
}

std::vector<KnownRoute> ProviderDoor::routes() {
  std::vector<KnownRoute> out;
  for (const Route& route : all_routes()) {
    KnownRoute known{"/.sallyport/" + std::string(policy::to_string(route.type)) + "/*/" + std::string(route.rest), {}};
    if (route.get != nullptr) known.methods.emplace_back("GET");
    if (route.post != nullptr) known.methods.emplace_back("POST");
    out.push_back(std::move(known));
  }
  return out;
}

Task<GateReply> ProviderDoor::handle(Loop& home, GateRequest request) {
  const auto parts = split(request.path);
  const Route* route = nullptr;
  if (parts)
    for (const Route& one : all_routes())
      if (policy::to_string(one.type) == parts->type && one.rest == parts->rest) route = &one;
  if (route == nullptr) co_return problem_reply(request, kNoProvider);
  const Route::Handler handler = request.method == "GET" || (request.method == "HEAD" && route->rest == "metadata")
                                     ? route->get
                                 : request.method == "POST" ? route->post
                                                            : nullptr;
  if (handler == nullptr) co_return method_reply(request, route->allow);
  // Lives as long as the request's snapshot, which is in this frame.
  const policy::CompiledProvider* const provider = request.snapshot->provider(parts->name);
  if (provider == nullptr || provider->damaged || provider->spec.type != route->type)
    co_return problem_reply(request, kNoProvider);
  if (route->begins && !parts_.may_begin(request.client.address)) {
    GateReply reply = problem_reply(request, kTooMany);
    add_header(reply, "Retry-After", "10");
    co_return reply;
  }
  if (route->judges)
    if (const auto wait = failures_.refuse_for_now(network_key(request.client.address))) {
      GateReply reply = problem_reply(request, kLimited);
      add_header(reply, "Retry-After", std::to_string(wait->count()));
      co_return reply;
    }
  auto answering = handler(*this, home, request, *provider);
  co_return co_await answering;
}

Task<std::optional<storage::SessionOrigin>> ProviderDoor::origin_of(Loop& home, RecordId family) {
  auto reading = parts_.store.run<std::optional<storage::SessionOrigin>>(
      home, [family](storage::Store& store) { return store.session_origin(family); });
  auto origin = co_await reading;
  co_return origin ? *std::move(origin) : std::nullopt;
}

Task<std::optional<SignOutThere>> ProviderDoor::sign_out_there(Loop& home, storage::SessionOrigin origin,
                                                               std::shared_ptr<const policy::Snapshot> snapshot) {
  for (const auto& provider : snapshot->providers()) {
    if (provider->id != origin.provider || provider->damaged) continue;
    if (provider->spec.type == policy::ProviderType::kLdap) continue;
    if (provider->spec.type == policy::ProviderType::kSaml) {
      auto asking = saml_.sign_out_there(home, *provider, origin);
      co_return co_await asking;
    }
    auto asking = oidc_.logout_url(home, *provider, origin);
    co_return co_await asking;
  }
  co_return std::nullopt;
}

std::vector<ProviderCertificateEnd> ProviderDoor::certificate_ends() const {
  std::vector<ProviderCertificateEnd> out;
  const auto snapshot = parts_.snapshot ? parts_.snapshot() : nullptr;
  if (!snapshot) return out;
  for (const auto& provider : snapshot->providers()) {
    const auto state = saml_book_.state(*provider);
    if (!state || !state->document) continue;
    std::optional<WallMicros> first;
    for (const saml::VerifyKey& key : state->document->signing_keys)
      first = first ? std::min(*first, key.expires_at()) : key.expires_at();
    if (first) out.push_back({provider->name, *first});
  }
  return out;
}

void ProviderDoor::warn_of_certificates() {
  const Monotonic now = parts_.clock.monotonic();
  const std::vector<ProviderCertificateEnd> ends = certificate_ends();
  if (ends.empty() || (warned_at_ != Monotonic{} && now - warned_at_ < kWarnedAgain)) return;
  warned_at_ = now;
  for (const ProviderCertificateEnd& one : ends) {
    if (one.ends > parts_.clock.wall() + kCertificateWarning) continue;
    parts_.log.warning("provider_certificate_ends", {{"provider", one.provider}, {"at", show_time(one.ends)}});
  }
}

void ProviderDoor::tick(std::shared_ptr<const policy::Snapshot> snapshot) {
  if (!snapshot) return;
  saml_book_.refresh(*snapshot);
  oidc_book_.refresh(*snapshot);
  warn_of_certificates();
  const Monotonic now = parts_.clock.monotonic();
  if (now - idle_closed_at_ < kIdleClosedEvery) return;
  idle_closed_at_ = now;
  directories_.close_idle();
}

}  // namespace sallyport::sso
