// What documents mean once they are read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/snapshot.h"
#include "tests/policy/documents.h"

namespace sallyport::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Resource read(const nlohmann::json& document) {
  auto resource = read_resource(document);
  EXPECT_TRUE(resource) << mistakes_of(document);
  return resource ? *std::move(resource) : Resource{};
}
Protected read_protected_of(const nlohmann::json& document) { return std::get<Protected>(read(document).body); }

// "text|{secret}|(user:{secret})"
std::string parts_of(const InjectedValue& value) {
  std::string out = value.name + "=";
  for (const TemplatePart& part : value.parts) {
    if (part.coding == TemplatePart::Coding::kBasicUserPassword)
      out += "(" + part.text + ":{" + part.secret + "})";
    else
      out += part.secret.empty() ? part.text : "{" + part.secret + "}";
    out += "|";
  }
  return out;
}

TEST(ResourceAccept, platform_defaults_and_values) {
  const auto plain = std::get<Platform>(read(platform_document()).body);
  EXPECT_EQ(plain.session_absolute, std::chrono::days{14});
  EXPECT_EQ(plain.session_idle, std::chrono::hours{12});
  EXPECT_EQ(plain.password_min_length, 8);
  EXPECT_EQ(plain.password_min_score, 3);
  EXPECT_EQ(plain.mfa, MfaRule::kOptional);
  EXPECT_THAT(plain.networks, IsEmpty());

  const auto full = std::get<Platform>(read(patched(platform_document(), R"({
      "networks": ["10.0.0.0/8", "2001:db8::1", "::ffff:192.0.2.0/120"],
      "sessions": {"absolute": "10d", "idle": "90m"}, "passwords": {"min_length": 12, "min_score": 4, "max_age": "365d"},
      "registration": "closed", "mfa": "required", "secrets": {}})"))
                                           .body);
  EXPECT_EQ(full.session_absolute, std::chrono::days{10});
  EXPECT_EQ(full.session_idle, std::chrono::minutes{90});
  EXPECT_EQ(full.password_min_length, 12);
  EXPECT_EQ(full.password_min_score, 4);
  EXPECT_EQ(plain.password_max_age, std::nullopt);
  EXPECT_EQ(full.password_max_age, std::chrono::days{365});
  EXPECT_EQ(full.mfa, MfaRule::kRequired);
  ASSERT_EQ(full.networks.size(), 3u);
  EXPECT_EQ(full.networks[2].to_string(), "192.0.2.0/24");
}

TEST(ResourceAccept, idle_follows_a_shorter_absolute) {
  const auto platform =
      std::get<Platform>(read(patched(platform_document(), R"({"sessions": {"absolute": "2h"}})")).body);
  EXPECT_EQ(platform.session_idle, std::chrono::hours{2});
}

TEST(ResourceAccept, team_and_user) {
  const auto team = std::get<Team>(read(patched(team_document(), R"({"members": {"0.a_-": "none"}})")).body);
  EXPECT_EQ(team.members.at("alice"), Role::kOwner);
  EXPECT_EQ(team.members.at("bob"), Role::kViewer);
  EXPECT_EQ(team.members.at("0.a_-"), Role::kNone);
  const auto user = std::get<User>(read(patched(user_document(), R"({"admin": true, "suspended": true,
      "change_password": true, "password_set": "2026-01-31T12:00:00Z"})"))
                                       .body);
  EXPECT_TRUE(user.change_password);
  EXPECT_EQ(user.password_set, WallMicros{int64_t{1'769'860'800} * 1'000'000});
  EXPECT_EQ(user.email, "alice@example.test");
  EXPECT_TRUE(user.admin);
  EXPECT_TRUE(user.suspended);
}

TEST(ResourceAccept, secrets_and_password_may_stay_as_null_or_text) {
  nlohmann::json user = user_document();
  user["password"] = nullptr;
  EXPECT_EQ(mistakes_of(user), "");
  nlohmann::json datasource = datasource_document();
  datasource["secrets"] = {{"token", nullptr}, {"key", kSecretPlaceholder}, {"pem", "a\nb\n"}};
  EXPECT_EQ(mistakes_of(datasource), "");
}

TEST(ResourceAccept, names_at_the_limits) {
  for (const std::string& name : {std::string("a"), std::string("0"), std::string(63, 'z'), std::string("a.b_c-d.")}) {
    nlohmann::json document = team_document();
    document["name"] = name;
    EXPECT_EQ(mistakes_of(document), "") << name;
  }
}

TEST(ResourceAccept, datasource_defaults) {
  const Protected spec = read_protected_of(datasource_document());
  EXPECT_EQ(spec.team, "plant");
  EXPECT_EQ(spec.type, "http");
  EXPECT_EQ(spec.at.host, "crm.apps.localhost");
  EXPECT_EQ(spec.at.prefix, "");
  EXPECT_EQ(spec.upstream.url.to_string(), "https://127.0.0.1:9444/v1");
  EXPECT_EQ(spec.upstream.timeout.connect, std::chrono::seconds{5});
  EXPECT_EQ(spec.upstream.timeout.response, std::chrono::seconds{60});
  EXPECT_EQ(spec.upstream.timeout.idle, std::chrono::seconds{300});
  EXPECT_FALSE(spec.upstream.host);
  EXPECT_EQ(spec.guard, Guard::kMask);
  EXPECT_FALSE(spec.pass_authorization);
  EXPECT_EQ(spec.paths_mode, http::PathMode::kStrict);
  EXPECT_THAT(spec.credentials, IsEmpty());
  ASSERT_EQ(spec.access.size(), 1u);
  EXPECT_THAT(spec.access[0].roles, ElementsAre(Role::kOwner, Role::kMember));
}

TEST(ResourceAccept, datasource_in_full) {
  const Protected spec = read_protected_of(patched(datasource_document(), R"({
      "at": "CRM.Apps.localhost/%7Eteam/a%3ab", "networks": ["10.0.0.0/8"], "roles": {"bob": "none"},
      "upstream": {"ca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "server_name": "API.test",
                   "host": "inner.test:8080", "http2": true, "source_address": "192.0.2.7",
                   "timeout": {"connect": "500ms", "response": "2m", "idle": "1h"}},
      "secrets": {"token": "x"}, "guard": "block", "pass_authorization": true, "paths_mode": "strict",
      "origins": ["https://App.test", "http://[2001:DB8::1]:8080", "https://app.test:443"],
      "inject": {"headers": {"X-Key": "k={{secrets.key}};t={{ secrets.token }}", "Cookie": "a=b"}, "query": {"k": "ü{{ secrets.key }}"}},
      "access": [{"roles": []},
                 {"roles": ["viewer"], "methods": ["GET"], "paths": ["/reports", "/%61"], "networks": ["10.0.0.0/8"],
                  "mfa": {"within": "15m"}},
                 {"roles": ["owner"], "mfa": "required"}, {"roles": ["owner"], "mfa": "optional"}]})"));
  EXPECT_EQ(spec.at.host, "crm.apps.localhost");
  EXPECT_EQ(spec.at.prefix, "/~team/a%3Ab");
  EXPECT_EQ(spec.roles.at("bob"), Role::kNone);
  EXPECT_EQ(spec.upstream.server_name, "api.test");
  EXPECT_EQ(spec.upstream.host, "inner.test:8080");
  EXPECT_TRUE(spec.upstream.http2);
  EXPECT_TRUE(spec.upstream.ca_pem.starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_EQ(spec.upstream.source_address->to_string(), "192.0.2.7");
  EXPECT_EQ(spec.upstream.timeout.connect, std::chrono::milliseconds{500});
  EXPECT_EQ(spec.guard, Guard::kBlock);
  EXPECT_TRUE(spec.pass_authorization);
  EXPECT_THAT(spec.origins, ElementsAre("https://app.test", "http://[2001:db8::1]:8080", "https://app.test"));
  EXPECT_THAT(spec.secret_names, ElementsAre("key", "token"));
  ASSERT_EQ(spec.credentials.size(), 1u);
  EXPECT_THAT(spec.credentials[0].roles, IsEmpty());
  EXPECT_EQ(parts_of(spec.credentials[0].inject.headers[0]), "Cookie=a=b|");
  EXPECT_EQ(parts_of(spec.credentials[0].inject.headers[1]), "X-Key=k=|{key}|;t=|{token}|");
  EXPECT_EQ(parts_of(spec.credentials[0].inject.query[0]), "k=ü|{key}|");
  ASSERT_EQ(spec.access.size(), 4u);
  EXPECT_THAT(spec.access[0].roles, IsEmpty());
  EXPECT_THAT(spec.access[1].paths, ElementsAre("/reports", "/a"));
  EXPECT_TRUE(spec.access[1].mfa);
  EXPECT_EQ(spec.access[1].mfa_within->within, std::chrono::minutes{15});
  EXPECT_TRUE(spec.access[2].mfa);
  EXPECT_FALSE(spec.access[2].mfa_within);
  EXPECT_FALSE(spec.access[3].mfa);
}

TEST(ResourceAccept, nulls_that_mean_the_default) {
  nlohmann::json document = datasource_document();
  for (const char* key : {"host", "source_address", "ca", "server_name"}) document["upstream"][key] = nullptr;
  EXPECT_EQ(mistakes_of(document), "");
}

TEST(ResourceAccept, places) {
  struct Row {
    const char* text;
    const char* host;
    const char* prefix;
  };
  const Row rows[] = {{"a", "a", ""},
                      {"a.test", "a.test", ""},
                      {"a.test/", "a.test", ""},
                      {"A.TEST/b", "a.test", "/b"},
                      {"a.test/b/c", "a.test", "/b/c"},
                      {"xn--gre-6ka8i.test", "xn--gre-6ka8i.test", ""},
                      {"192.0.2.1", "192.0.2.1", ""},
                      {"192.0.2.1/x", "192.0.2.1", "/x"},
                      {"[2001:DB8:0::1]", "2001:db8::1", ""},
                      {"[2001:db8::1]/x", "2001:db8::1", "/x"},
                      {"[::ffff:192.0.2.1]", "192.0.2.1", ""},
                      {"1.2.3.4.example", "1.2.3.4.example", ""},
                      {"a.test/.sallyportx", "a.test", "/.sallyportx"}};
  for (const Row& row : rows) {
    nlohmann::json document = datasource_document();
    document["at"] = row.text;
    const Protected spec = read_protected_of(document);
    EXPECT_EQ(spec.at.host, row.host) << row.text;
    EXPECT_EQ(spec.at.prefix, row.prefix) << row.text;
  }
}

TEST(ResourceAccept, auth_presets) {
  struct Row {
    const char* auth;
    const char* header;
    const char* query;
  };
  const Row rows[] = {
      {R"({"type": "none"})", "", ""},
      {R"({"type": "basic", "username": "svc"})", "Authorization=Basic |(svc:{password})|", ""},
      {R"({"type": "bearer"})", "Authorization=Bearer |{token}|", ""},
      {R"({"type": "api_key", "header": "X-Api-Key"})", "X-Api-Key={key}|", ""},
      {R"({"type": "api_key", "query": "api key"})", "", "api key={key}|"},
  };
  for (const Row& row : rows) {
    nlohmann::json document = datasource_document();
    document["auth"] = nlohmann::json::parse(row.auth);
    const Protected spec = read_protected_of(document);
    std::string header, query;
    for (const CredentialRule& rule : spec.credentials) {
      for (const InjectedValue& value : rule.inject.headers) header += parts_of(value);
      for (const InjectedValue& value : rule.inject.query) query += parts_of(value);
    }
    EXPECT_EQ(header, row.header) << row.auth;
    EXPECT_EQ(query, row.query) << row.auth;
  }
}

TEST(ResourceAccept, auth_goes_beside_inject) {
  const Protected spec = read_protected_of(
      patched(datasource_document(),
              R"({"auth": {"type": "bearer"}, "inject": {"headers": {"X-Tenant": "{{ secrets.tenant }}"}}})"));
  ASSERT_EQ(spec.credentials.size(), 1u);
  EXPECT_EQ(spec.credentials[0].inject.headers.size(), 2u);
  EXPECT_THAT(spec.secret_names, ElementsAre("tenant", "token"));
}

TEST(ResourceAccept, the_instance_of_the_design) {
  const Protected spec = read_protected_of(patched(instance_document(), R"({
      "areas": [{"name": "hooks", "paths": ["/hooks"], "public": true},
                {"name": "dashboard", "paths": ["/dashboard", "/ui"], "roles": ["owner", "member", "viewer", "dashboard"]},
                {"name": "editor", "paths": ["/"], "roles": ["owner", "member", "viewer"], "read_only_for": ["viewer"]}],
      "secrets": {"full": "x", "read": "y"},
      "credentials": [
        {"roles": ["owner", "member"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.full }}"}}},
        {"roles": ["viewer"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.read }}"}}}]})"));
  ASSERT_EQ(spec.areas.size(), 3u);
  EXPECT_TRUE(spec.areas[0].is_public);
  EXPECT_THAT(spec.areas[2].read_only_for, ElementsAre(Role::kViewer));
  EXPECT_THAT(spec.access, IsEmpty());
  ASSERT_EQ(spec.credentials.size(), 2u);
  EXPECT_EQ(parts_of(spec.credentials[1].inject.headers[0]), "Authorization=Bearer |{read}|");
  EXPECT_THAT(spec.secret_names, ElementsAre("full", "read"));
}

TEST(ResourceAccept, closed_and_raw) {
  EXPECT_THAT(read_protected_of(patched(datasource_document(), R"({"access": []})")).access, IsEmpty());
  const char* raw = R"({"paths_mode": "raw", "areas": [{"name": "all", "paths": ["/"], "roles": []}]})";
  EXPECT_EQ(read_protected_of(patched(instance_document(), raw)).paths_mode, http::PathMode::kRaw);
}

TEST(ResourceAccept, destinations) {
  const auto destination = [](const char* url) {
    nlohmann::json document = datasource_document();
    document["upstream"]["url"] = url;
    return destination_of(read(document));
  };
  EXPECT_EQ(destination("https://API.test/v1"), "https://api.test:443");
  EXPECT_EQ(destination("http://[2001:db8::1]:81"), "http://[2001:db8::1]:81");
  EXPECT_EQ(destination_of(read(team_document())), "");
}

TEST(ResourceAccept, kinds_and_roles_have_one_spelling) {
  for (const Kind kind : {Kind::kPlatform, Kind::kTeam, Kind::kUser, Kind::kDatasource, Kind::kInstance})
    EXPECT_EQ(parse_kind(to_string(kind)), kind);
  EXPECT_EQ(parse_kind("hook").error().code, Code::kUnavailable);
  EXPECT_EQ(parse_kind("").error().code, Code::kMalformed);
  for (const Role role : {Role::kNone, Role::kDashboard, Role::kViewer, Role::kMember, Role::kOwner})
    EXPECT_EQ(parse_role(to_string(role)), role);
  EXPECT_FALSE(parse_role("Owner"));
  EXPECT_EQ(to_string(static_cast<Kind>(99)), "");
}

}  // namespace
}  // namespace sallyport::policy
