#include "sso/oidc/provider_check.h"

#include <algorithm>

#include "base/time_text.h"
#include "sso/jwk_set.h"
#include "sso/oidc/authorization.h"
#include "sso/oidc/provider_document.h"
#include "sso/oidc/provider_fetch.h"
#include "sso/oidc/token_endpoint.h"

namespace sallyport::sso::oidc {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr Error kFailed = {Code::kUnavailable, kFrom, "a check failed"};

class Checker {
 public:
  Checker(Fetcher& fetcher, const policy::IdentityProvider& provider, ProviderReport& report)
      : fetcher_(fetcher), provider_(provider), report_(report), checks_(report.checks) {}

  void run(const SecretBytes& client_secret, std::string_view redirect_uri, WallMicros now) {
    auto fetched = fetch_provider_document(fetcher_, provider_, checks_);
    if (!fetched) return;
    note_end(fetched->certificate_ends);
    const ProviderDocument& document = fetched->document;
    check_scopes(document);
    check_keys(document);
    check_page(document.authorization_endpoint, "authorization endpoint");
    check_token_endpoint(document, client_secret, redirect_uri);
    if (document.userinfo_endpoint && provider_.oidc.userinfo)
      check_page(*document.userinfo_endpoint, "userinfo endpoint");
    note("sign-out at the provider", "an end_session_endpoint",
         document.end_session_endpoint ? document.end_session_endpoint->to_string() : "none: only here");
    note("sign-out from the provider", "back-channel logout", document.backchannel_logout ? "offered" : "not offered");
    if (report_.certificate_ends) {
      const auto days = std::chrono::floor<std::chrono::days>(*report_.certificate_ends - now).count();
      note("certificates", "of the provider's servers",
           "the first ends " + show_time(*report_.certificate_ends) + ", in " + std::to_string(days) + " days");
    }
  }

 private:
  void note(const char* check, std::string_view expected, std::string_view found) {
    checks_.add(true, check, expected, found);
  }
  void note_end(std::optional<WallMicros> ends) {
    auto& first = report_.certificate_ends;
    if (ends && (!first || *ends < *first)) first = ends;
  }
  void check_scopes(const ProviderDocument& document) {
    if (document.scopes.empty()) return;
    std::string missing;
    for (const std::string& scope : provider_.oidc.scopes)
      if (std::ranges::find(document.scopes, scope) == document.scopes.end())
        missing.append(missing.empty() ? "" : " ").append(scope);
    // Only a hint: a provider need not tell of all (Discovery s3).
    note("scopes", "those that are asked for", missing.empty() ? "all offered" : "not told of: " + missing);
  }
  void check_keys(const ProviderDocument& document) {
    auto reply = fetch_ok(fetcher_, request_to(document.jwks_uri, provider_.network, kJwkSetBytesMax),
                          "provider's keys", checks_);
    if (!reply) return;
    note_end(reply->certificate_ends);
    const auto set = checks_.note("key set", "a list of keys", read_jwk_set(reply->body));
    if (!set) return;
    checks_.add(!set->keys.empty(), "usable keys", "at least one",
                std::to_string(set->keys.size()) + ", " + std::to_string(set->broken) + " broken, " +
                    std::to_string(set->foreign) + " of other kinds");
  }
  // Any answer but the server's own failure will do: nobody is signed in.
  void check_page(const http::Url& url, const char* check) {
    auto reply = fetch_any(fetcher_, request_to(url, provider_.network, kPageBytesMax), check, checks_);
    if (!reply) return;
    note_end(reply->certificate_ends);
    checks_.add(reply->status < 500 && reply->status != 404, check, "an answer of " + url.authority(),
                std::to_string(reply->status));
  }
  void check_token_endpoint(const ProviderDocument& document, const SecretBytes& client_secret,
                            std::string_view redirect_uri) {
    const auto flow = checks_.note("secret memory", "room", new_flow_secrets());
    if (!flow) return;
    const auto request =
        token_request(document, provider_, client_secret, "sallyport-sso-test", flow->verifier, redirect_uri);
    if (!checks_.demand(request.has_value(), "client secret", "there", request ? "" : request.error().what, kFailed))
      return;
    auto reply = fetch_any(fetcher_, *request, "token endpoint", checks_);
    if (!reply) return;
    note_end(reply->certificate_ends);
    const std::string error = refusal_of(reply->body);
    wipe(reply->body);
    checks_.add(error == "invalid_grant", "token endpoint", "invalid_grant: it knows this client, not the code",
                std::to_string(reply->status) + " " + (error.empty() ? "without a reason" : error));
  }

  static constexpr size_t kPageBytesMax = size_t{1} << 20;
  Fetcher& fetcher_;
  const policy::IdentityProvider& provider_;
  ProviderReport& report_;
  Checks& checks_;
};

}  // namespace

ProviderReport check_provider(Fetcher& fetcher, const policy::IdentityProvider& provider,
                              const SecretBytes& client_secret, std::string_view redirect_uri, WallMicros now) {
  ProviderReport out;
  Checker(fetcher, provider, out).run(client_secret, redirect_uri, now);
  return out;
}

}  // namespace sallyport::sso::oidc
