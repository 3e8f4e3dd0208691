// An OpenID provider in small, without a network, and a client of it: everything that it says is the test's.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "sso/oidc/claims.h"
#include "sso/oidc/provider_check.h"
#include "sso/oidc/sign_in.h"
#include "sso/oidc/token_endpoint.h"
#include "tests/sso/jose_signer.h"

namespace sallyport::sso::oidc {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int64_t kNowSeconds = 1'800'000'000;

struct FakeClock final : Clock {
  WallMicros wall() const override { return WallMicros{kNowSeconds * 1'000'000} + passed; }
  Monotonic monotonic() const override { return Monotonic(std::chrono::hours(1000) + passed); }
  std::chrono::seconds passed{0};
};

inline FetchReply answers(int status, std::string body, std::string type = "application/json") {
  FetchReply out;
  out.status = status;
  out.body = std::move(body);
  out.content_type = std::move(type);
  return out;
}

inline json provider_document() {
  const std::string issuer = "https://op.example.test";
  return {{"issuer", issuer},
          {"authorization_endpoint", issuer + "/auth"},
          {"token_endpoint", issuer + "/token"},
          {"jwks_uri", issuer + "/jwks"},
          {"userinfo_endpoint", issuer + "/userinfo"},
          {"end_session_endpoint", issuer + "/end"},
          {"response_types_supported", {"code", "id_token"}},
          {"code_challenge_methods_supported", {"plain", "S256"}},
          {"id_token_signing_alg_values_supported", {"HS256", "RS256", "ES256"}},
          {"token_endpoint_auth_methods_supported", {"client_secret_basic", "client_secret_post"}},
          {"scopes_supported", {"openid", "email", "profile", "groups"}},
          {"authorization_response_iss_parameter_supported", true},
          {"backchannel_logout_supported", true}};
}

inline policy::IdentityProvider provider_settings() {
  policy::IdentityProvider out;
  out.type = policy::ProviderType::kOidc;
  out.oidc.issuer = "https://op.example.test";
  out.oidc.client_id = "gateway one";  // both halves are coded on the way
  out.oidc.scopes = {"openid", "email", "groups"};
  out.network.ca_pem = "ca";
  return out;
}

class OidcWorld : public Fetcher {
 public:
  OidcWorld() : client(make_client()) {
    pages["/.well-known/openid-configuration"] = [this](const FetchRequest&) { return answers(200, document.dump()); };
    pages["/jwks"] = [this](const FetchRequest&) { return answers(200, jwks); };
    pages["/token"] = [this](const FetchRequest&) { return answers(200, token_answer.dump()); };
    pages["/userinfo"] = [this](const FetchRequest&) { return answers(200, userinfo.dump()); };
    jwks = signer("RS256").jwks();
    say_again();
  }

  // The ID token out of `claims`, in the token endpoint's answer.
  void say_again() { token_answer["id_token"] = signer("RS256").token(claims); }

  Result<FetchReply> fetch(const FetchRequest& request) override {
    EXPECT_EQ(request.ca_pem, "ca");
    const std::string path = request.url.path;
    asked[path]++;
    last[path] = {request.form.empty() ? "" : std::string(request.form.reveal()),
                  request.authorization.empty() ? "" : std::string(request.authorization.reveal())};
    const auto page = pages.find(path);
    if (page == pages.end()) return fail(Code::kUnavailable, Side::kIdentityProvider, "nobody answered at the address");
    return page->second(request);
  }

  OidcVerdict sign_in() {
    Answer answer;
    answer.callback = callback;
    answer.flow.verifier = SecretBytes::copy_of("verifier").value();
    answer.flow.nonce = "n-1";
    answer.redirect_uri = "https://gate.example.test/.sallyport/oidc/corp/callback";
    answer.max_age = max_age;
    return oidc_sign_in({*this, keys, clock}, client, answer);
  }
  std::string why() {
    say_again();
    return why_as_it_is();
  }
  std::string why_as_it_is() {
    const OidcVerdict verdict = sign_in();
    if (verdict.identity) return "taken: " + verdict.identity->subject;
    EXPECT_FALSE(verdict.checks.list().empty());
    if (!verdict.checks.list().empty())
      EXPECT_FALSE(verdict.checks.list().back().passed) << verdict.identity.error().what;
    EXPECT_TRUE(verdict.id_token.empty());
    return verdict.identity.error().what;
  }

  FakeClock clock;
  ProviderKeys keys{clock};
  json document = provider_document();
  Client client;
  std::string jwks;
  json claims{{"iss", "https://op.example.test"},
              {"aud", "gateway one"},
              {"sub", "248289761001"},
              {"exp", kNowSeconds + 300},
              {"iat", kNowSeconds},
              {"nonce", "n-1"},
              {"email", "alice@example.test"},
              {"email_verified", true},
              {"preferred_username", "alice"},
              {"groups", {"sp-plant-member", "staff"}}};
  json token_answer{{"access_token", "at-1"}, {"token_type", "Bearer"}, {"expires_in", 300}};
  json userinfo{{"sub", "248289761001"}};
  Callback callback{.state = "s-1", .code = "c-1", .error = "", .issuer = "https://op.example.test"};
  std::optional<std::chrono::seconds> max_age;
  std::map<std::string, std::function<Result<FetchReply>(const FetchRequest&)>> pages;
  std::map<std::string, int> asked;
  struct Sent {
    std::string form, authorization;
  };
  std::map<std::string, Sent> last;

 private:
  static Client make_client() {
    Checks checks;
    policy::IdentityProvider settings = provider_settings();
    ProviderDocument document = read_provider_document(provider_document().dump(), settings.oidc, checks).value();
    return {"corp", std::move(settings), std::move(document), SecretBytes::copy_of("s%cret/+1").value()};
  }
};

}  // namespace sallyport::sso::oidc
