#include "tests/sso/oidc/oidc_world.h"

namespace sallyport::sso::oidc {
namespace {

TEST(oidc_authorization_url, says_what_is_wanted) {
  OidcWorld world;
  AuthorizationWish wish{.redirect_uri = "https://gate.example.test/cb?a=b&c",
                         .state = "s-1",
                         .nonce = "n-1",
                         .challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                         .login_hint = "",
                         .prompt = "",
                         .max_age = std::nullopt};
  EXPECT_EQ(authorization_url(world.client.document, world.client.provider.oidc, wish),
            "https://op.example.test/auth?response_type=code&client_id=gateway%20one&redirect_uri=https%3A%2F%2Fgate."
            "example.test%2Fcb%3Fa%3Db%26c&scope=openid%20email%20groups&state=s-1&nonce=n-1&code_challenge="
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256");
  world.client.document.authorization_endpoint = http::parse_url("https://op.example.test/auth?tenant=1").value();
  world.client.provider.oidc.acr_values = {"gold", "silver"};
  wish.login_hint = "alice@example.test&prompt=none";
  wish.prompt = "login";
  wish.max_age = 0s;
  const std::string url = authorization_url(world.client.document, world.client.provider.oidc, wish);
  EXPECT_TRUE(url.starts_with("https://op.example.test/auth?tenant=1&response_type=code&")) << url;
  EXPECT_TRUE(
      url.ends_with("&acr_values=gold%20silver&login_hint=alice%40example.test%26prompt%3Dnone&prompt=login&"
                    "max_age=0"))
      << url;
}

TEST(oidc_flow_secrets, are_thrown_anew) {
  const FlowSecrets one = new_flow_secrets().value(), other = new_flow_secrets().value();
  EXPECT_EQ(one.verifier.size(), 43u);
  EXPECT_EQ(one.nonce.size(), 22u);
  EXPECT_NE(one.nonce, other.nonce);
  EXPECT_NE(one.verifier.reveal(), other.verifier.reveal());
  const auto known = SecretBytes::copy_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").value();
  EXPECT_EQ(pkce_challenge(known), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") << "RFC 7636 appendix B";
}

TEST(oidc_callback, is_read) {
  const Callback callback =
      read_callback("code=a%2Fb+c&state=s-1&session_state=x&iss=https%3A%2F%2Fop.example.test").value();
  EXPECT_EQ(callback.code, "a/b c");
  EXPECT_EQ(callback.state, "s-1");
  EXPECT_EQ(callback.issuer, "https://op.example.test");
  const Callback refused = read_callback("error=access_denied&error_description=no&state=s-1").value();
  EXPECT_EQ(refused.error, "access_denied");
  EXPECT_FALSE(refused.issuer);
}

TEST(oidc_callback, what_is_refused) {
  std::string many = "code=a&state=s";
  for (int i = 0; i < 40; ++i) many += "&x=y";
  for (const std::string& query :
       {std::string(), std::string("code=a"), std::string("state=s"), std::string("code=&state=s"),
        std::string("code=a&state="), std::string("code=a&error=b&state=s"), std::string("code=a&code=b&state=s"),
        std::string("code=a&co%64e=b&state=s"), std::string("code=a&state=s&state=t"),
        std::string("code=a&state=s&iss=a&iss=b"), std::string("code=%&state=s"), std::string("code=%zz&state=s"),
        std::string("code=a%00b&state=s"), std::string("code=a%0d%0ab&state=s"), std::string("error=a%0ab&state=s"),
        std::string("code=%ff&state=s"), many, "code=" + std::string(kCallbackBytesMax, 'a') + "&state=s"})
    EXPECT_FALSE(read_callback(query)) << query.substr(0, 80);
}

TEST(oidc_logout_url, leads_to_the_provider_and_back) {
  OidcWorld world;
  EXPECT_EQ(logout_url(world.client.document, world.client.provider.oidc, {"h.p.s", "https://gate.example.test/", "s"}),
            "https://op.example.test/end?id_token_hint=h.p.s&client_id=gateway%20one&post_logout_redirect_uri=https%3A%"
            "2F%2Fgate.example.test%2F&state=s");
  world.client.document.end_session_endpoint.reset();
  EXPECT_EQ(logout_url(world.client.document, world.client.provider.oidc, {}), "");
}

}  // namespace
}  // namespace sallyport::sso::oidc
