#include "tests/sso/oidc/oidc_world.h"

namespace sallyport::sso::oidc {
namespace {

std::string why(const std::string& text, const policy::OidcSettings& settings = provider_settings().oidc) {
  Checks checks;
  const auto document = read_provider_document(text, settings, checks);
  if (document) return "taken";
  EXPECT_FALSE(checks.list().empty() || checks.list().back().passed) << document.error().what;
  return document.error().what;
}
std::string with(const char* member, json value) {
  json document = provider_document();
  document[member] = std::move(value);
  return why(document.dump());
}
std::string without(const char* member) {
  json document = provider_document();
  document.erase(member);
  return why(document.dump());
}

TEST(ProviderDocument, is_read) {
  Checks checks;
  const auto document = read_provider_document(provider_document().dump(), provider_settings().oidc, checks).value();
  EXPECT_EQ(document.token_endpoint.to_string(), "https://op.example.test/token");
  EXPECT_EQ(document.end_session_endpoint->to_string(), "https://op.example.test/end");
  EXPECT_TRUE(document.issuer_in_answers);
  EXPECT_TRUE(document.backchannel_logout);
  EXPECT_EQ(document.scopes.size(), 4u);
}

TEST(ProviderDocument, may_leave_out_what_has_a_default) {
  for (const char* member : {"userinfo_endpoint", "end_session_endpoint", "code_challenge_methods_supported",
                             "id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported",
                             "scopes_supported", "authorization_response_iss_parameter_supported"})
    EXPECT_EQ(without(member), "taken") << member;
  EXPECT_EQ(with("jwks_uri", "http://localhost:8080/jwks"), "taken") << "this machine";
}

TEST(ProviderDocument, is_about_the_issuer_that_is_configured) {
  const char kOther[] = "provider's document is about another issuer";
  EXPECT_EQ(without("issuer"), kOther);
  for (const json& issuer :
       {json("https://attacker.example.test"), json("https://op.example.test/"), json("https://OP.example.test"),
        json("http://op.example.test"), json("https://op.example.test:443"), json(""), json(1), json(nullptr),
        json({"https://op.example.test"}), json("https://login.microsoftonline.com/{tenantid}/v2.0")})
    EXPECT_EQ(with("issuer", issuer), kOther) << issuer;
}

TEST(ProviderDocument, endpoints_are_https) {
  const char kUrl[] = "provider's document has an endpoint that is no https URL";
  for (const char* member : {"authorization_endpoint", "token_endpoint", "jwks_uri"}) {
    EXPECT_EQ(without(member), kUrl) << member;
    for (const json& url :
         {json("http://op.example.test/x"), json("ftp://op.example.test/"), json("/relative"),
          json("javascript:alert(1)"), json("https://user:secret@op.example.test/"), json("https://op.example.test/#f"),
          json(""), json(7), json(nullptr), json("https://op.example.test/" + std::string(2048, 'a')),
          json("https://op.example.test/\r\nX: y")})
      EXPECT_EQ(with(member, url), kUrl) << member << " " << url;
  }
  for (const char* member : {"userinfo_endpoint", "end_session_endpoint"})
    EXPECT_EQ(with(member, "http://op.example.test/"), kUrl) << member;
}

TEST(ProviderDocument, what_it_has_to_be_able_to_do) {
  EXPECT_EQ(with("response_types_supported", {"id_token", "code id_token"}), "provider has no code flow");
  EXPECT_EQ(without("response_types_supported"), "provider has no code flow");
  EXPECT_EQ(with("code_challenge_methods_supported", {"plain"}), "provider has no PKCE");
  EXPECT_EQ(with("code_challenge_methods_supported", json::array()), "provider has no PKCE");
  EXPECT_EQ(with("id_token_signing_alg_values_supported", {"none", "HS256", "RS512"}),
            "provider signs with no algorithm that is taken");
  const char kWay[] = "provider does not take how this client shows itself";
  EXPECT_EQ(with("token_endpoint_auth_methods_supported", {"private_key_jwt"}), kWay);
  EXPECT_EQ(with("response_types_supported", "code"), "provider's document has a member of another type");
  EXPECT_EQ(with("scopes_supported", {1}), "provider's document has a member of another type");
  policy::OidcSettings settings = provider_settings().oidc;
  settings.client_auth = policy::OidcClientAuth::kPost;
  json document = provider_document();
  EXPECT_EQ(why(document.dump(), settings), "taken");
  document.erase("token_endpoint_auth_methods_supported");  // then it is basic alone (Discovery s3)
  EXPECT_EQ(why(document.dump(), settings), kWay);
  settings.client_auth = policy::OidcClientAuth::kNone;
  EXPECT_EQ(why(document.dump(), settings), "taken");
  settings.userinfo = true;
  document.erase("userinfo_endpoint");
  EXPECT_EQ(why(document.dump(), settings), "provider has no userinfo endpoint");
}

TEST(ProviderDocument, texts_that_are_none) {
  const std::string good = provider_document().dump();
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("<html>"), good.substr(1), good.substr(0, good.size() - 1),
        good + "x", "[" + good + "]", R"({"issuer":"https://attacker.example.test",)" + good.substr(1)})
    EXPECT_EQ(why(text), "provider's document is no JSON object") << text.substr(0, 60);
  EXPECT_EQ(why(good + std::string(kProviderDocumentBytesMax, ' ')), "provider's document is too large");
}

TEST(ProviderDocument, where_it_is) {
  const auto at = [](const char* issuer) {
    const auto url = provider_document_url(issuer);
    return url ? url->to_string() : url.error().what;
  };
  EXPECT_EQ(at("https://op.example.test"), "https://op.example.test/.well-known/openid-configuration");
  EXPECT_EQ(at("https://op.example.test/"), "https://op.example.test/.well-known/openid-configuration");
  EXPECT_EQ(at("https://op.example.test/realms/a"),
            "https://op.example.test/realms/a/.well-known/openid-configuration");
  EXPECT_FALSE(provider_document_url("http://op.example.test"));
  EXPECT_FALSE(provider_document_url("https://op.example.test?a=b"));
  EXPECT_FALSE(provider_document_url("https://op.example.test#a"));
  EXPECT_FALSE(provider_document_url(""));
}

TEST(ProviderDocument, is_fetched) {
  OidcWorld world;
  Checks checks;
  EXPECT_TRUE(fetch_provider_document(world, world.client.provider, checks));
  world.pages["/.well-known/openid-configuration"] = [](const FetchRequest&) { return answers(404, "{}"); };
  EXPECT_STREQ(fetch_provider_document(world, world.client.provider, checks).error().what,
               "provider did not answer 200");
  EXPECT_EQ(checks.list().back().found, "404");
}

// --- sallyport sso test

std::string line_of(const ProviderReport& report, std::string_view name) {
  std::string out;
  for (const Check& check : report.checks.list())
    if (check.name == name) out = (check.passed ? "ok: " : "FAIL: ") + check.found;
  return out;
}
ProviderReport checked(OidcWorld& world) {
  return check_provider(world, world.client.provider, world.client.client_secret, "https://gate.example.test/cb",
                        world.clock.wall());
}

TEST(oidc_check_provider, a_provider_that_is_right) {
  OidcWorld world;
  world.pages["/auth"] = [](const FetchRequest&) { return answers(400, "<html>"); };
  world.pages["/token"] = [&world](const FetchRequest&) {
    FetchReply out = answers(400, R"({"error":"invalid_grant"})");
    out.certificate_ends = world.clock.wall() + std::chrono::days(12);
    return out;
  };
  const ProviderReport report = checked(world);
  for (const Check& check : report.checks.list()) EXPECT_TRUE(check.passed) << check.name << ": " << check.found;
  EXPECT_EQ(line_of(report, "token endpoint"), "ok: 400 invalid_grant");
  EXPECT_EQ(line_of(report, "usable keys"), "ok: 1, 0 broken, 0 of other kinds");
  EXPECT_EQ(line_of(report, "scopes"), "ok: all offered");
  EXPECT_NE(line_of(report, "certificates").find("in 12 days"), std::string::npos) << line_of(report, "certificates");
  EXPECT_EQ(report.certificate_ends, world.clock.wall() + std::chrono::days(12));
}

TEST(oidc_check_provider, each_fault_is_told_and_the_rest_is_checked) {
  OidcWorld world;
  world.client.provider.oidc.scopes.push_back("roles");
  world.jwks = R"({"keys":[]})";
  world.pages["/token"] = [](const FetchRequest&) { return answers(401, R"({"error":"invalid_client"})"); };
  ProviderReport report = checked(world);
  EXPECT_EQ(line_of(report, "usable keys"), "FAIL: 0, 0 broken, 0 of other kinds");
  EXPECT_EQ(line_of(report, "authorization endpoint"), "FAIL: nobody answered at the address");
  EXPECT_EQ(line_of(report, "token endpoint"), "FAIL: 401 invalid_client");
  EXPECT_EQ(line_of(report, "scopes"), "ok: not told of: roles");
  world.client.client_secret = {};
  EXPECT_EQ(line_of(checked(world), "client secret"), "FAIL: provider has no client secret");
  world.pages.clear();
  report = checked(world);
  ASSERT_EQ(report.checks.list().size(), 1u);
  EXPECT_EQ(line_of(report, "provider's document"), "FAIL: nobody answered at the address");
}

}  // namespace
}  // namespace sallyport::sso::oidc
