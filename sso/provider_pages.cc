#include "sso/provider_pages.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/http/url.h"
#include "sso/account.h"
#include "sso/pages.h"

namespace sallyport::sso {
namespace {

constexpr Problem kNotFound{404, "not_found", "Not found", "There is nothing at this address."};
constexpr Problem kNobody{401, "unauthenticated", "Sign in first", "Nobody is signed in."};
constexpr Problem kNoAdmin{403, "not_admin", "Not for you", "This is for administrators of the gateway alone."};

bool is_api(const GateRequest& request) { return http::path_has_prefix(request.path, kProvidersApiPath); }

}  // namespace

struct ProviderPages::Route {
  std::string_view before;  // the path, up to the name of a provider where there is one
  std::string_view after;
  bool named;
  Format format;
  Task<GateReply> (ProviderPages::*handler)(Loop&, const Call&);

  // The name, or "" where there is none; nothing: another path.
  std::optional<std::string_view> match(std::string_view path) const {
    if (!named) return path == before ? std::optional<std::string_view>("") : std::nullopt;
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
      return std::nullopt;
    const std::string_view name = path.substr(before.size(), path.size() - before.size() - after.size());
    return name.contains('/') ? std::nullopt : std::optional(name);
  }
};

std::span<const ProviderPages::Route> ProviderPages::all_routes() {
  static constexpr Route kRoutes[] = {
      {kProvidersPath, "", false, Format::kHtml, &ProviderPages::list},
      {"/.sallyport/providers/", "", true, Format::kHtml, &ProviderPages::show},
      {"/api/v1/identity-providers/", "/attempts", true, Format::kJson, &ProviderPages::attempts},
  };
  return kRoutes;
}

bool ProviderPages::answers(std::string_view path) {
  return http::path_has_prefix(path, kProvidersPath) || http::path_has_prefix(path, kProvidersApiPath);
}

std::vector<KnownRoute> ProviderPages::routes() {
  std::vector<KnownRoute> out;
  for (const Route& route : all_routes())
    out.push_back({std::string(route.before) + (route.named ? "*" : "") + std::string(route.after), {"GET", "HEAD"}});
  return out;
}

Task<GateReply> ProviderPages::handle(Loop& home, GateRequest request) {
  const auto routes = all_routes();
  const auto route =
      std::ranges::find_if(routes, [&](const Route& one) { return one.match(request.path).has_value(); });
  const bool api = is_api(request);
  const Format format = api ? Format::kJson : format_for(request);
  if (request.by_token) co_return problem_reply(request, kTokenRefused, Format::kJson);
  if (route == routes.end()) co_return problem_reply(request, kNotFound, format);
  if (request.method != "GET" && request.method != "HEAD") co_return method_reply(request, "GET, HEAD", format);
  auto who = signed_in(request, parts_.sessions, parts_.clock.wall());
  if (!who) {
    if (format == Format::kHtml) co_return redirect_reply(302, std::string(kLoginPath), "sign-in");
    co_return problem_reply(request, kNobody, format);
  }
  const UserId user = who->user->id;
  GateReply reply;
  if (who->needs_factor) {
    const std::string_view way = who->user->has_factors ? kMfaPath : kFactorsPath;
    reply = format == Format::kHtml ? redirect_reply(302, std::string(way), "second factor")
                                    : problem_reply(request, kFactorNeeded, format);
  } else if (!who->user->admin) {
    reply = problem_reply(request, kNoAdmin, format);
  } else {
    const Call call{request, *std::move(who), std::string(*route->match(request.path))};
    auto answering = (this->*route->handler)(home, call);
    reply = co_await answering;
  }
  reply.user = user;
  co_return reply;
}

ProviderShown ProviderPages::shown_with_state(const policy::CompiledProvider& provider) const {
  ProviderShown out = shown(provider);
  if (parts_.state_of && !provider.damaged) out.state = parts_.state_of(provider);
  return out;
}

Task<GateReply> ProviderPages::list(Loop& home, const Call& call) {
  ProvidersPage page;
  page.sign_out_csrf = parts_.forms.field("sign-out", call.who.cookie);
  page.now = parts_.clock.wall();
  for (const auto& provider : call.request.snapshot->providers()) {
    auto reading = parts_.recorder.attempts(home, provider->name, kAttemptsInList);
    auto attempts = co_await reading;
    if (!attempts) co_return failed(call, attempts.error());
    page.providers.push_back(shown_with_state(*provider));
    page.providers.back().attempts = *std::move(attempts);
  }
  co_return page_reply(200, providers_page(page), "identity providers");
}

Task<GateReply> ProviderPages::show(Loop& home, const Call& call) {
  const policy::CompiledProvider* const provider = call.request.snapshot->provider(call.name);
  if (provider == nullptr) co_return problem_reply(call.request, kNotFound);
  auto reading = parts_.recorder.attempts(home, provider->name, kAttemptsKept);
  auto attempts = co_await reading;
  if (!attempts) co_return failed(call, attempts.error());
  ProviderPage page;
  page.sign_out_csrf = parts_.forms.field("sign-out", call.who.cookie);
  page.now = parts_.clock.wall();
  page.provider = shown_with_state(*provider);
  page.provider.attempts = *std::move(attempts);
  co_return page_reply(200, provider_page(page), "identity provider");
}

Task<GateReply> ProviderPages::attempts(Loop& home, const Call& call) {
  const policy::CompiledProvider* const provider = call.request.snapshot->provider(call.name);
  if (provider == nullptr) co_return problem_reply(call.request, kNotFound, Format::kJson);
  auto reading = parts_.recorder.attempts(home, provider->name, kAttemptsKept);
  const auto attempts = co_await reading;
  if (!attempts) co_return failed(call, attempts.error());
  nlohmann::json list = nlohmann::json::array();
  for (const storage::SignInAttempt& attempt : *attempts) list.emplace_back(attempt_json(attempt));
  co_return json_reply(200, {{"attempts", std::move(list)}}, "sign-in attempts");
}

GateReply ProviderPages::failed(const Call& call, const Error& error) const {
  parts_.log.error("providers_failed", {{"reason", error.what}, {"request_id", call.request.request_id}});
  const bool api = is_api(call.request);
  return unavailable_reply(call.request, api ? Format::kJson : format_for(call.request));
}

}  // namespace sallyport::sso
