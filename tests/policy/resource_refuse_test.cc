// Every mistake that one document can show, with the very words a person reads. The twin that is accepted is the
// document without the patch, or stands in resource_accept_test.cc.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/policy/refuse_rows.h"

namespace sallyport::policy {
namespace {

constexpr const char* kNameWords = "must be a name: 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first";
constexpr const char* kCidrWords =
    "must be an address or a network like 10.0.0.0/8 or 2001:db8::/32, with no bits behind the prefix";

TEST(ResourceRefuse, documents_beneath_are_sound) {
  for (const char* kind : {"platform", "team", "user", "datasource", "instance"}) {
    EXPECT_EQ(mistakes_of(document_of(kind)), "") << kind;
  }
}

TEST(ResourceRefuse, kinds) {
  const RefuseRow rows[] = {
      {"team", R"({"kind": null})",
       "kind: is missing; expected platform, team, user, datasource, instance, service_account or identity_provider"},
      {"team", R"({"kind": 5})",
       "kind: must be platform, team, user, datasource, instance, service_account or identity_provider"},
      {"team", R"({"kind": "taem"})",
       "kind: must be platform, team, user, datasource, instance, service_account or identity_provider, not `taem`; "
       "did you mean `team`?"},
      {"team", R"({"kind": "Team"})",
       "kind: must be platform, team, user, datasource, instance, service_account or identity_provider, not `Team`; "
       "did you mean `team`?"},
      {"team", R"({"kind": "x"})",
       "kind: must be platform, team, user, datasource, instance, service_account or identity_provider, not `x`"},
      {"team", R"({"kind": "oauth_provider"})", "kind: this version does not do resources of this kind"},
      {"team", R"({"kind": "hook"})", "kind: this version does not do resources of this kind"},
      {"team", R"({"kind": "query"})", "kind: this version does not do resources of this kind"},
      {"team", R"({"kind": "oauth_provider"})", "kind: this version does not do resources of this kind"},
  };
  expect_rows(rows);
  EXPECT_EQ(mistakes_of(nlohmann::json::array()), "must be a mapping of keys to values");
  EXPECT_EQ(mistakes_of(nullptr), "must be a mapping of keys to values");
  EXPECT_EQ(mistakes_of("text"), "must be a mapping of keys to values");
}

TEST(ResourceRefuse, names) {
  const std::string name = std::string("name: ") + kNameWords;
  const std::string member = std::string("members.Bob: ") + kNameWords;
  const RefuseRow rows[] = {
      {"team", R"({"name": null})", "name: is missing; expected a name like alice"},
      {"team", R"({"name": 7})", "name: must be a name like alice, in quotes"},
      {"team", R"({"name": ""})", "name: must not be empty; expected a name like alice"},
      {"team", R"({"name": "Plant"})",
       "name: must be a name: 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first; found `Plant`"},
      {"team", R"({"name": "-plant"})",
       "name: must be a name: 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first; found `-plant`"},
      {"team", R"({"name": ".plant"})",
       "name: must be a name: 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first; found `.plant`"},
      {"team", R"({"name": "pl ant"})",
       "name: must be a name: 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first; found `pl ant`"},
      {"team", R"({"name": "plänt"})", name.c_str()},
      {"team", R"({"name": "a/b"})",
       "name: must be a name: 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first; found `a/b`"},
      {"team", R"({"name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})", name.c_str()},
      {"team", R"({"name": "a\u0000b"})", "name: must not hold control characters"},
      {"team", R"({"name": "a\n"})", "name: must not hold control characters"},
      {"team", R"({"name": "a\u007f"})", "name: must not hold control characters"},
      {"team", R"({"members": {"Bob": "owner"}})", member.c_str()},
      {"team", R"({"members": {"b\u0000b": "owner"}})", "members.b?b: a name must not hold control characters"},
      {"platform", R"({"name": "main"})", "name: must be platform, not `main`"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, platform) {
  const std::string network = std::string("networks[0]: ") + kCidrWords;
  const RefuseRow rows[] = {
      {"platform", R"({"networks": "10.0.0.0/8"})", "networks: must be a list"},
      {"platform", R"({"networks": ["10.0.0.1/8"]})", network.c_str()},
      {"platform", R"({"networks": ["10.0.0.0/33"]})", network.c_str()},
      {"platform", R"({"networks": ["everybody"]})", network.c_str()},
      {"platform", R"({"networks": ["fe80::1%eth0"]})", network.c_str()},
      {"platform", R"({"networks": [10]})", "networks[0]: must be an address or a network like 10.0.0.0/8, in quotes"},
      {"platform", R"({"sessions": "14d"})", "sessions: must be a mapping of keys to values"},
      {"platform", R"({"sessions": {"absolute": 14}})",
       "sessions.absolute: must be a duration like 30s, 15m, 12h or 14d, in quotes"},
      {"platform", R"({"sessions": {"absolute": "14 d"}})",
       "sessions.absolute: must be a duration like 30s, 15m, 12h or 14d"},
      {"platform", R"({"sessions": {"absolute": "1.5h"}})",
       "sessions.absolute: must be a duration like 30s, 15m, 12h or 14d"},
      {"platform", R"({"sessions": {"absolute": "-1h"}})",
       "sessions.absolute: must be a duration like 30s, 15m, 12h or 14d"},
      {"platform", R"({"sessions": {"absolute": "0s"}})", "sessions.absolute: must be between 1s and 365d"},
      {"platform", R"({"sessions": {"absolute": "366d"}})", "sessions.absolute: must be between 1s and 365d"},
      {"platform", R"({"sessions": {"absolute": "99999999999999999999d"}})", "sessions.absolute: is too large"},
      {"platform", R"({"sessions": {"absolute": "1h", "idle": "2h"}})",
       "sessions.idle: must not be longer than sessions.absolute"},
      {"platform", R"({"sessions": {"absolut": "1h"}})", "sessions.absolut: unknown key; did you mean `absolute`?"},
      {"platform", R"({"passwords": {"min_length": 7}})", "passwords.min_length: must be a whole number from 8 to 128"},
      {"platform", R"({"passwords": {"min_length": 129}})",
       "passwords.min_length: must be a whole number from 8 to 128"},
      {"platform", R"({"passwords": {"min_length": 1.5}})",
       "passwords.min_length: must be a whole number from 8 to 128"},
      {"platform", R"({"passwords": {"min_length": "8"}})",
       "passwords.min_length: must be a whole number from 8 to 128"},
      {"platform", R"({"passwords": {"min_length": 18446744073709551615}})",
       "passwords.min_length: must be a whole number from 8 to 128"},
      {"platform", R"({"passwords": {"min_score": 5}})", "passwords.min_score: must be a whole number from 0 to 4"},
      {"platform", R"({"passwords": {"max_age": "soon"}})",
       "passwords.max_age: must be a duration like 30s, 15m, 12h or 14d"},
      {"user", R"({"change_password": "yes"})", "change_password: must be true or false"},
      {"user", R"({"password_set": "yesterday"})", "password_set: must be a time like 2026-01-31T12:00:00Z"},
      {"platform", R"({"passwords": {"min_score": -1}})", "passwords.min_score: must be a whole number from 0 to 4"},
      {"platform", R"({"registration": "open"})",
       "registration: this version does not do open registration: only closed"},
      {"platform", R"({"registration": "invite"})", "registration: this version does not do invitations: only closed"},
      {"platform", R"({"registration": {"domains": ["example.test"]}})",
       "registration: this version does not do registration by domain: only closed"},
      {"platform", R"({"registration": "closd"})", "registration: must be closed, not `closd`"},
      {"platform", R"({"registration": 3})", "registration: must be closed"},
      {"platform", R"({"mfa": "requird"})",
       "mfa: must be optional or required, not `requird`; did you mean `required`?"},
      {"platform", R"({"mfa": true})", "mfa: must be optional, required or {roles: [...]}"},
      {"platform", R"({"mail": {"smtp": "smtps://host"}})", "mail: this version does not send mail"},
      {"platform", R"({"secrets": {"smtp_password": "x"}})",
       "secrets: this version does not keep secrets of the platform"},
      {"platform", R"({"members": {}})",
       "members: unknown key; known here: kind, name, networks, sessions, passwords, tokens, registration, mfa, "
       "certificate_strength, rate_limits, mail or secrets"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, team_and_user) {
  const RefuseRow rows[] = {
      {"team", R"({"members": ["alice"]})", "members: must be a mapping of keys to values"},
      {"team", R"({"members": {"bob": "ower"}})",
       "members.bob: must be owner, member, viewer, dashboard or none, not `ower`; did you mean `owner`?"},
      {"team", R"({"members": {"bob": 50}})",
       "members.bob: must be owner, member, viewer, dashboard or none, in quotes"},
      {"team", R"({"mfa": "never"})", "mfa: must be optional or required, not `never`"},
      {"team", R"({"member": {"bob": "owner"}})", "member: unknown key; did you mean `members`?"},
      {"user", R"({"email": "alice"})", "email: must be an e-mail address like alice@example.test"},
      {"user", R"({"email": "a b@example.test"})", "email: must be an e-mail address like alice@example.test"},
      {"user", R"({"email": "@example.test"})", "email: must be an e-mail address like alice@example.test"},
      {"user", R"({"email": "a@b@example.test"})", "email: must be an e-mail address like alice@example.test"},
      {"user", R"({"email": "a@-x.test"})", "email: must be an e-mail address like alice@example.test"},
      {"user", R"({"email": "a@example.test\r\nBcc: b@example.test"})", "email: must not hold control characters"},
      {"user", R"({"admin": "yes"})", "admin: must be true or false"},
      {"user", R"({"admin": 1})", "admin: must be true or false"},
      {"user", R"({"suspended": "no"})", "suspended: must be true or false"},
      {"user", R"({"password": 12345678})", "password: must be text, in quotes"},
      {"user", R"({"passwort": "x"})", "passwort: unknown key; did you mean `password`?"},
      {"user", R"({"roles": ["owner"]})",
       "roles: unknown key; known here: kind, name, email, password, admin, suspended, change_password, password_set, "
       "mfa, certificates or identities"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, place_and_type) {
  const RefuseRow rows[] = {
      {"datasource", R"({"type": null})", "type: is missing; expected http"},
      {"datasource", R"({"type": "postgres"})", "type: this version does not do datasources of type postgres"},
      {"datasource", R"({"type": "mysql"})", "type: this version does not do datasources of type mysql"},
      {"datasource", R"({"type": "redis"})", "type: this version does not do datasources of type redis"},
      {"datasource", R"({"type": "mqtt"})", "type: this version does not do datasources of type mqtt"},
      {"datasource", R"({"type": "web"})", "type: must be http, not `web`"},
      {"instance", R"({"type": "http"})", "type: must be web or node-red, not `http`"},
      {"datasource", R"({"team": null})", "team: is missing; expected a name like alice"},
      {"datasource", R"({"at": null})", "at: is missing; expected host[/prefix], no port"},
      {"datasource", R"({"at": "https://crm.test"})", "at: must be host[/prefix], without https:// in front"},
      {"datasource", R"({"at": "bob@crm.test"})", "at: must be host[/prefix], without a user"},
      {"datasource", R"({"at": "crm.test:8443"})", "at: must not name a port; the gate's port is used"},
      {"datasource", R"({"at": "[::1]:8443"})", "at: must not name a port; the gate's port is used"},
      {"datasource", R"({"at": "::1"})", "at: an IPv6 address goes in brackets here: [2001:db8::1]"},
      {"datasource", R"({"at": "crm.test."})", "at: the host must be written without a dot at the end"},
      {"datasource", R"({"at": "größe.test"})", "at: the host must be written in its ASCII form (xn--...)"},
      {"datasource", R"({"at": "crm_1.test"})",
       "at: must be a host name or an IP address, with a path after it if wanted"},
      {"datasource", R"({"at": "127.1"})", "at: must be a host name or an IP address, with a path after it if wanted"},
      {"datasource", R"({"at": "0x7f.1"})", "at: must be a host name or an IP address, with a path after it if wanted"},
      {"datasource", R"({"at": "2130706433"})",
       "at: must be a host name or an IP address, with a path after it if wanted"},
      {"datasource", R"({"at": "crm..test"})",
       "at: must be a host name or an IP address, with a path after it if wanted"},
      {"datasource", R"({"at": "/prefix"})",
       "at: must be a host name or an IP address, with a path after it if wanted"},
      {"datasource", R"({"at": "*.test"})", "at: must be a host name or an IP address, with a path after it if wanted"},
      {"datasource", R"({"at": "crm.test/a/"})", "at: a path must be written without a slash at the end"},
      {"datasource", R"({"at": "crm.test/a/../b"})",
       "at: is no path that a request could have: no encoded slash, dot segment, ;, //, backslash or control byte"},
      {"datasource", R"({"at": "crm.test//a"})",
       "at: is no path that a request could have: no encoded slash, dot segment, ;, //, backslash or control byte"},
      {"datasource", R"({"at": "crm.test/a%2fb"})",
       "at: is no path that a request could have: no encoded slash, dot segment, ;, //, backslash or control byte"},
      {"datasource", R"({"at": "crm.test/a?b"})", "at: a path must not have a query or a fragment"},
      {"datasource", R"({"at": "crm.test/.sallyport"})", "at: paths under /.sallyport are the gateway's own"},
      {"datasource", R"({"at": "crm.test/.SALLYPORT/x"})", "at: paths under /.sallyport are the gateway's own"},
      {"datasource", R"({"at": "crm\u0000.test"})", "at: must not hold control characters"},
      {"datasource", R"({"roles": {"bob": "admin"}})",
       "roles.bob: must be owner, member, viewer, dashboard or none, not `admin`"},
      {"datasource", R"({"roles": ["owner"]})", "roles: must be a mapping of keys to values"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, everything_at_once) {
  const auto document = patched(datasource_document(), R"({
      "name": "CRM", "at": "crm.test:1", "upstream": {"url": "ftp://x", "http2": 2},
      "access": [{"methods": ["get"]}], "guard": "no", "tem": "plant", "team": null})");
  EXPECT_EQ(std::ranges::count(mistakes_of(document), '\n') + 1, 9) << mistakes_of(document);
}

TEST(ResourceRefuse, null_where_a_value_must_be) {
  for (const char* key : {"networks", "roles", "inject", "auth", "credentials", "guard", "origins", "access", "at"}) {
    nlohmann::json document = datasource_document();
    document[key] = nullptr;
    EXPECT_TRUE(mistakes_of(document).starts_with(std::string(key) + ": must be ")) << key;
  }
}

// Only names and the words that stand for one of a few are repeated; whatever could be a credential is not.
TEST(ResourceRefuse, messages_hold_no_value) {
  constexpr const char* kValue = "hunter2";
  const nlohmann::json forms[] = {kValue,
                                  {kValue},
                                  {{kValue, kValue}},
                                  {{"url", kValue}, {"ca", kValue}, {"host", kValue}},
                                  {{"headers", {{"X", "{{ hunter2"}, {"Host", kValue}}}},
                                  {{"type", "basic"}, {"username", "hunter2:"}}};
  for (const char* key : {"at", "networks", "upstream", "secrets", "inject", "auth", "credentials", "origins"}) {
    for (const nlohmann::json& form : forms) {
      nlohmann::json document = datasource_document();
      document[key] = form;
      std::string found = mistakes_of(document);
      for (size_t at; (at = found.find(std::string(".") + kValue + ":")) != found.npos;) found.erase(at, 9);  // a key
      EXPECT_EQ(found.find(kValue), std::string::npos) << key << ": " << found;
    }
  }
}

TEST(ResourceRefuse, counts_mistakes_only_so_far) {
  nlohmann::json document = platform_document();
  document["networks"] = std::vector<std::string>(100'000, "x");
  const auto resource = read_resource(document);
  ASSERT_FALSE(resource);
  EXPECT_EQ(resource.error().size(), 201u);
  EXPECT_EQ(resource.error().back().message, "there are more mistakes than these");
}

TEST(ResourceRefuse, deep_and_huge_values) {
  nlohmann::json deep = 1;
  for (int i = 0; i < 1'000; ++i) deep = nlohmann::json::array({std::move(deep)});
  nlohmann::json document = datasource_document();
  document["inject"] = deep;
  EXPECT_EQ(mistakes_of(document), "inject: must be a mapping of keys to values");
  document = datasource_document();
  document["at"] = std::string(1 << 20, 'a');
  EXPECT_EQ(mistakes_of(document), "at: must not be longer than 4096 bytes");
  document = datasource_document();
  document[std::string(1 << 20, 'k')] = 1;
  EXPECT_TRUE(mistakes_of(document).starts_with(std::string(64, 'k') + "...: unknown key; known here: kind, "));
  document = datasource_document();
  document["inject"]["headers"]["X"] = std::string(4097, 'v');
  EXPECT_EQ(mistakes_of(document), "inject.headers.X: must not be longer than 4096 bytes");
  document = datasource_document();
  for (int i = 0; i < 33; ++i) document["inject"]["headers"]["X" + std::to_string(i)] = "v";
  EXPECT_EQ(mistakes_of(document), "inject.headers: must not have more than 32 entries");
}

}  // namespace
}  // namespace sallyport::policy
