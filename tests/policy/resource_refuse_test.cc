// Every mistake that one document can show, with the very words a person reads. The twin that is accepted is the
// document without the patch, or stands in resource_accept_test.cc.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/policy/documents.h"

namespace sallyport::policy {
namespace {

struct Row {
  const char* kind;
  const char* patch;
  const char* lines;
};

void expect_rows(std::span<const Row> rows) {
  for (const Row& row : rows) {
    const auto document = patched(document_of(row.kind), row.patch);
    EXPECT_EQ(mistakes_of(document), row.lines) << row.kind << " with " << row.patch;
  }
}

constexpr const char* kNameWords = "must be a name: 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first";
constexpr const char* kCidrWords =
    "must be an address or a network like 10.0.0.0/8 or 2001:db8::/32, with no bits behind the prefix";

TEST(ResourceRefuse, documents_beneath_are_sound) {
  for (const char* kind : {"platform", "team", "user", "datasource", "instance"}) {
    EXPECT_EQ(mistakes_of(document_of(kind)), "") << kind;
  }
}

TEST(ResourceRefuse, kinds) {
  const Row rows[] = {
      {"team", R"({"kind": null})", "kind: is missing; expected platform, team, user, datasource or instance"},
      {"team", R"({"kind": 5})", "kind: must be platform, team, user, datasource or instance"},
      {"team", R"({"kind": "taem"})",
       "kind: must be platform, team, user, datasource or instance, not `taem`; did you mean `team`?"},
      {"team", R"({"kind": "Team"})",
       "kind: must be platform, team, user, datasource or instance, not `Team`; did you mean `team`?"},
      {"team", R"({"kind": "x"})", "kind: must be platform, team, user, datasource or instance, not `x`"},
      {"team", R"({"kind": "identity_provider"})", "kind: this version does not do resources of this kind"},
      {"team", R"({"kind": "query"})", "kind: this version does not do resources of this kind"},
      {"team", R"({"kind": "hook"})", "kind: this version does not do resources of this kind"},
      {"team", R"({"kind": "service_account"})", "kind: this version does not do resources of this kind"},
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
  const Row rows[] = {
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
  const Row rows[] = {
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
      {"platform", R"({"mfa": true})", "mfa: must be optional or required, in quotes"},
      {"platform", R"({"mail": {"smtp": "smtps://host"}})", "mail: this version does not send mail"},
      {"platform", R"({"secrets": {"smtp_password": "x"}})",
       "secrets: this version does not keep secrets of the platform"},
      {"platform", R"({"members": {}})",
       "members: unknown key; known here: kind, name, networks, sessions, passwords, registration, mfa, mail or "
       "secrets"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, team_and_user) {
  const Row rows[] = {
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
       "roles: unknown key; known here: kind, name, email, password, admin or suspended"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, place_and_type) {
  const Row rows[] = {
      {"datasource", R"({"type": null})", "type: is missing; expected http"},
      {"datasource", R"({"type": "postgres"})", "type: this version does not do datasources of type postgres"},
      {"datasource", R"({"type": "mysql"})", "type: this version does not do datasources of type mysql"},
      {"datasource", R"({"type": "redis"})", "type: this version does not do datasources of type redis"},
      {"datasource", R"({"type": "mqtt"})", "type: this version does not do datasources of type mqtt"},
      {"datasource", R"({"type": "web"})", "type: must be http, not `web`"},
      {"instance", R"({"type": "node-red"})", "type: this version does not do the node-red preset; use web with areas"},
      {"instance", R"({"node_root": "/x"})", "node_root: this version does not do the node-red preset"},
      {"instance", R"({"type": "http"})", "type: must be web, not `http`"},
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

TEST(ResourceRefuse, upstream) {
  const Row rows[] = {
      {"datasource", R"({"upstream": null})", "upstream: is missing; expected a mapping of keys to values"},
      {"datasource", R"({"upstream": {"url": null}})", "upstream.url: is missing; expected an https:// or http:// URL"},
      {"datasource", R"({"upstream": {"url": "127.0.0.1:9444"}})",
       "upstream.url: must begin with https:// or http://; ftp:// and others are not done"},
      {"datasource", R"({"upstream": {"url": "https://user:hunter2@api.test"}})",
       "upstream.url: must not hold a user or password; put them under secrets and use them in auth or inject"},
      {"datasource", R"({"upstream": {"url": "https://api.test/?token=hunter2"}})",
       "upstream.url: must not have a query; use inject.query for parameters"},
      {"datasource", R"({"upstream": {"networks": ["127.0.0.1/8"]}})",
       "upstream.networks[0]: must be an address or a network like 10.0.0.0/8 or 2001:db8::/32, with no bits behind "
       "the prefix"},
      {"datasource", R"({"upstream": {"ca": "tls/ca.pem"}})",
       "upstream.ca: must be PEM certificates (in a file for `apply`: the path of one)"},
      {"datasource", R"({"upstream": {"ca": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}})",
       "upstream.ca: holds a private key; only certificates belong here"},
      {"datasource", R"({"upstream": {"ca": "-----BEGIN CERTIFICATE-----\nAAAA\n"}})",
       "upstream.ca: has a certificate that does not end"},
      {"datasource", R"({"upstream": {"ca": "-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----\n"}})",
       "upstream.ca: has a certificate that is not base64"},
      {"instance", R"({"upstream": {"server_name": "x.test"}})",
       "upstream.server_name: is of no use with an http:// url"},
      {"datasource", R"({"upstream": {"server_name": "x.test:443"}})",
       "upstream.server_name: must be a host name or an IP address, without a port"},
      {"datasource", R"({"upstream": {"host": "x.test\r\nX: y"}})", "upstream.host: must not hold control characters"},
      {"datasource", R"({"upstream": {"host": "x test"}})",
       "upstream.host: must be a host name or address, with :PORT if wanted"},
      {"datasource", R"({"upstream": {"http2": true}})",
       "upstream.http2: this version does not do HTTP/2 to upstreams"},
      {"datasource", R"({"upstream": {"source_address": "eth0"}})",
       "upstream.source_address: must be an IP address like 192.0.2.1 or 2001:db8::1"},
      {"datasource", R"({"upstream": {"timeout": {"connect": "0s"}}})",
       "upstream.timeout.connect: must be between 1ms and 24h"},
      {"datasource", R"({"upstream": {"timeout": {"connect": "25h"}}})",
       "upstream.timeout.connect: must be between 1ms and 24h"},
      {"datasource", R"({"upstream": {"timeout": {"read": "5s"}}})",
       "upstream.timeout.read: unknown key; known here: connect, response or idle"},
      {"datasource", R"({"upstream": {"insecure": true}})",
       "upstream.insecure: unknown key; known here: url, networks, ca, server_name, host, http2, source_address or "
       "timeout"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, injection) {
  const Row rows[] = {
      {"datasource", R"({"inject": {"headers": {"Host": "x"}}})",
       "inject.headers.Host: cannot be injected; use upstream.host"},
      {"datasource", R"({"inject": {"headers": {"content-length": "1"}}})",
       "inject.headers.content-length: cannot be injected: it frames the message"},
      {"datasource", R"({"inject": {"headers": {"Transfer_Encoding": "chunked"}}})",
       "inject.headers.Transfer_Encoding: cannot be injected: it frames the message"},
      {"datasource", R"({"inject": {"headers": {"Connection": "close"}}})",
       "inject.headers.Connection: cannot be injected: it frames the message"},
      {"datasource", R"({"inject": {"headers": {"X-Forwarded-For": "1.2.3.4"}}})",
       "inject.headers.X-Forwarded-For: cannot be injected: the gateway writes it itself"},
      {"datasource", R"({"inject": {"headers": {"x_sallyport_user": "root"}}})",
       "inject.headers.x_sallyport_user: cannot be injected: the gateway writes it itself"},
      {"datasource", R"({"inject": {"headers": {"Forwarded": "for=x"}}})",
       "inject.headers.Forwarded: cannot be injected: the gateway writes it itself"},
      {"datasource", R"({"inject": {"headers": {"X-Request-Id": "x"}}})",
       "inject.headers.X-Request-Id: cannot be injected: the gateway writes it itself"},
      {"datasource", R"({"inject": {"headers": {"X Y": "x"}}})", "inject.headers.X Y: is no name of a header"},
      {"datasource", R"({"inject": {"headers": {"X:": "x"}}})", "inject.headers.X:: is no name of a header"},
      {"datasource", R"({"inject": {"headers": {"X-Größe": "x"}}})", "inject.headers.X-Größe: is no name of a header"},
      {"datasource", R"({"inject": {"headers": {"X": "a\r\nY: b"}}})",
       "inject.headers.X: must not hold control characters"},
      {"datasource", R"({"inject": {"headers": {"X": "a\u0000"}}})",
       "inject.headers.X: must not hold control characters"},
      {"datasource", R"({"inject": {"headers": {"X": "größe"}}})",
       "inject.headers.X: must be printable ASCII outside of {{ }}"},
      {"datasource", R"({"inject": {"headers": {"X": "{{ user.name }}"}}})",
       "inject.headers.X: only {{ secrets.NAME }} can stand between {{ and }}"},
      {"datasource", R"({"inject": {"headers": {"X": "{{ secrets.a + 1 }}"}}})",
       "inject.headers.X: only {{ secrets.NAME }} can stand between {{ and }}"},
      {"datasource", R"({"inject": {"headers": {"X": "{{ secrets. }}"}}})",
       "inject.headers.X: only {{ secrets.NAME }} can stand between {{ and }}"},
      {"datasource", R"({"inject": {"headers": {"X": "{{}}"}}})",
       "inject.headers.X: only {{ secrets.NAME }} can stand between {{ and }}"},
      {"datasource", R"({"inject": {"headers": {"X": "{{ secrets.a }"}}})", "inject.headers.X: has {{ without }}"},
      {"datasource", R"({"inject": {"headers": {"X": 5}}})",
       "inject.headers.X: must be text with {{ secrets.NAME }}, in quotes"},
      {"datasource", R"({"inject": {"headers": {"X-Key": "a", "x-key": "b"}}})",
       "inject.headers.x-key: stands twice, in other capitals"},
      {"datasource", R"({"inject": {"query": {"": "x"}}})", "inject.query.: the name of a parameter is 1 to 128 bytes"},
      {"datasource", R"({"inject": {"header": {"X": "y"}}})", "inject.header: unknown key; did you mean `headers`?"},
      {"datasource", R"({"secrets": {"api-key": null, "x": "y"}})", ""},  // the patch takes it out
      {"datasource", R"({"secrets": {"api-key": "x"}})",
       "secrets.api-key: the name of a secret is 1 to 63 letters, digits and '_', no digit first"},
      {"datasource", R"({"secrets": {"token": 5}})", "secrets.token: must be text, in quotes"},
      {"datasource", R"({"secrets": {"token": ["hunter2"]}})", "secrets.token: must be text"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, auth_and_credentials) {
  const Row rows[] = {
      {"datasource", R"({"auth": {}})", "auth.type: is missing; expected none, basic, bearer or api_key"},
      {"datasource", R"({"auth": "basic"})", "auth: must be a mapping of keys to values"},
      {"datasource", R"({"auth": {"type": "bearr"}})",
       "auth.type: must be none, basic, bearer or api_key, not `bearr`; did you mean `bearer`?"},
      {"datasource", R"({"auth": {"type": "oauth2_client_credentials"}})",
       "auth.type: this version does not do oauth2_client_credentials authentication to upstreams"},
      {"datasource", R"({"auth": {"type": "digest"}})",
       "auth.type: this version does not do digest authentication to upstreams"},
      {"datasource", R"({"auth": {"type": "basic"}})",
       "auth.username: is missing; basic needs a user name and secrets.password"},
      {"datasource", R"({"auth": {"type": "basic", "username": "a:b"}})", "auth.username: must not hold a colon"},
      {"datasource", R"({"auth": {"type": "basic", "username": "{{ secrets.user }}"}})",
       "auth.username: is plain text; only secrets.password is taken from the secrets"},
      {"datasource", R"({"auth": {"type": "basic", "username": "a", "header": "X"}})",
       "auth.header: belongs to type api_key alone"},
      {"datasource", R"({"auth": {"type": "bearer", "username": "a"}})", "auth.username: belongs to type basic alone"},
      {"datasource", R"({"auth": {"type": "none", "query": "a"}})", "auth.query: belongs to type api_key alone"},
      {"datasource", R"({"auth": {"type": "api_key"}})",
       "auth: api_key needs either `header` or `query`, the name of what carries secrets.key"},
      {"datasource", R"({"auth": {"type": "api_key", "header": "X-Key", "query": "key"}})",
       "auth: api_key needs either `header` or `query`, the name of what carries secrets.key"},
      {"datasource", R"({"auth": {"type": "api_key", "header": "Host"}})",
       "auth.header: cannot be injected; use upstream.host"},
      {"datasource", R"({"auth": {"type": "bearer"}, "inject": {"headers": {"authorization": "x"}}})",
       "auth: puts in what `inject` puts in already"},
      {"datasource", R"({"auth": {"type": "api_key", "query": "k"}, "inject": {"query": {"k": "x"}}})",
       "auth: puts in what `inject` puts in already"},
      {"datasource", R"({"credentials": [{"inject": {}}]})", "credentials[0].roles: is missing; expected a list"},
      {"datasource", R"({"credentials": [{"roles": ["owner"]}]})",
       "credentials[0].inject: is missing; expected a mapping of keys to values"},
      {"datasource", R"({"credentials": [{"roles": [], "inject": {}}]})", "credentials[0].roles: must not be empty"},
      {"datasource", R"({"credentials": [{"roles": ["none"], "inject": {}}]})",
       "credentials[0].roles[0]: is the lack of a role and admits nobody; write roles: [] for that"},
      {"datasource", R"({"credentials": [{"roles": ["owner"], "inject": {"headers": {"Te": "x"}}}]})",
       "credentials[0].inject.headers.Te: cannot be injected: it frames the message"},
      {"datasource", R"({"credentials": [{"roles": ["owner"], "inject": {}}], "inject": {"headers": {"X": "y"}}})",
       "credentials: stands in place of `inject` and `auth`: use one"},
      {"datasource", R"({"credentials": [{"roles": ["owner"], "inject": {}}], "auth": {"type": "bearer"}})",
       "credentials: stands in place of `inject` and `auth`: use one"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, rules) {
  const Row rows[] = {
      {"datasource", R"({"access": {"roles": ["owner"]}})", "access: must be a list"},
      {"datasource", R"({"access": ["owner"]})", "access[0]: must be a mapping of keys to values"},
      {"datasource", R"({"access": [{}]})", "access[0].roles: is missing; expected a list"},
      {"datasource", R"({"access": [{"roles": "owner"}]})", "access[0].roles: must be a list"},
      {"datasource", R"({"access": [{"roles": ["owners"]}]})",
       "access[0].roles[0]: must be owner, member, viewer or dashboard, not `owners`; did you mean `owner`?"},
      {"datasource", R"({"access": [{"roles": ["none"]}]})",
       "access[0].roles[0]: is the lack of a role and admits nobody; write roles: [] for that"},
      {"datasource", R"({"access": [{"roles": ["owner"], "methods": []}]})", "access[0].methods: must not be empty"},
      {"datasource", R"({"access": [{"roles": ["owner"], "methods": ["get"]}]})",
       "access[0].methods[0]: must be a method in capitals, like GET"},
      {"datasource", R"({"access": [{"roles": ["owner"], "methods": ["GET /"]}]})",
       "access[0].methods[0]: must be a method in capitals, like GET"},
      {"datasource", R"({"access": [{"roles": ["owner"], "paths": []}]})", "access[0].paths: must not be empty"},
      {"datasource", R"({"access": [{"roles": ["owner"], "paths": ["reports"]}]})",
       "access[0].paths[0]: a path must begin with /"},
      {"datasource", R"({"access": [{"roles": ["owner"], "paths": ["/reports/"]}]})",
       "access[0].paths[0]: a path must be written without a slash at the end"},
      {"datasource", R"({"access": [{"roles": ["owner"], "paths": ["/reports/*"]}]})",
       "access[0].paths[0]: a path covers what is below it already: write it without *"},
      {"datasource", R"({"access": [{"roles": ["owner"], "paths": ["/a/%2e%2e/b"]}]})",
       "access[0].paths[0]: is no path that a request could have: no encoded slash, dot segment, ;, //, backslash or "
       "control byte"},
      {"datasource", R"({"access": [{"roles": ["owner"], "paths": ["/größe"]}]})",
       "access[0].paths[0]: a path must be percent-encoded where it is not ASCII"},
      {"datasource", R"({"access": [{"roles": ["owner"], "mfa": true}]})",
       "access[0].mfa: must be optional, required or {within: DURATION}"},
      {"datasource", R"({"access": [{"roles": ["owner"], "mfa": {}}]})",
       "access[0].mfa.within: is missing; expected a duration like 30s, 15m, 12h or 14d"},
      {"datasource", R"({"access": [{"roles": ["owner"], "mfa": {"within": "15"}}]})",
       "access[0].mfa.within: must be a duration like 30s, 15m, 12h or 14d"},
      {"datasource", R"({"access": [{"roles": ["owner"], "role": ["viewer"]}]})",
       "access[0].role: unknown key; did you mean `roles`?"},
      {"datasource", R"({"areas": []})", "areas: a datasource has `access` in place of `areas`"},
      {"instance", R"({"access": []})", "access: an instance has `areas` in place of `access`"},
      {"datasource", R"({"guard": "off"})", "guard: must be mask, block or none, not `off`"},
      {"datasource", R"({"pass_authorization": "true"})", "pass_authorization: must be true or false"},
      {"datasource", R"({"origins": ["*"]})", "origins[0]: must name one origin; * and null are not taken"},
      {"datasource", R"({"origins": ["null"]})", "origins[0]: must name one origin; * and null are not taken"},
      {"datasource", R"({"origins": ["https://app.test/"]})",
       "origins[0]: must be an origin like https://app.example.test, without a path"},
      {"datasource", R"({"origins": ["app.test"]})",
       "origins[0]: must be an origin like https://app.example.test, without a path"},
      {"datasource", R"({"paths_mode": "loose"})", "paths_mode: must be strict or raw, not `loose`"},
      {"datasource", R"({"paths_mode": "raw", "access": [{"roles": ["owner"], "paths": ["/a"]}]})",
       "paths_mode: raw is possible only where no rule or area names a path"},
      {"instance", R"({"paths_mode": "raw", "areas": [{"name": "a", "paths": ["/a"], "roles": ["owner"]}]})",
       "paths_mode: raw is possible only where no rule or area names a path"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, areas) {
  const Row rows[] = {
      {"instance", R"({"areas": [{"paths": ["/"], "roles": ["owner"]}]})",
       "areas[0].name: is missing; expected a name like alice"},
      {"instance", R"({"areas": [{"name": "all", "roles": ["owner"]}]})",
       "areas[0].paths: is missing; expected a list"},
      {"instance", R"({"areas": [{"name": "all", "paths": ["/"]}]})",
       "areas[0].roles: is missing; an area has roles or is public"},
      {"instance", R"({"areas": [{"name": "all", "paths": ["/"], "public": false}]})",
       "areas[0].roles: is missing; an area has roles or is public"},
      {"instance", R"({"areas": [{"name": "all", "paths": ["/"], "public": "yes", "roles": []}]})",
       "areas[0].public: must be true or false"},
      {"instance", R"({"areas": [{"name": "all", "paths": ["/"], "public": true, "roles": ["owner"]}]})",
       "areas[0].roles: has no meaning in a public area"},
      {"instance", R"({"areas": [{"name": "all", "paths": ["/"], "public": true, "mfa": "required"}]})",
       "areas[0].mfa: has no meaning in a public area"},
      {"instance", R"({"areas": [{"name": "all", "paths": ["/"], "roles": ["owner"], "read_only_for": ["viewer"]}]})",
       "areas[0].read_only_for: names a role that is not in roles"},
      {"instance",
       R"({"areas": [{"name": "a", "paths": ["/a"], "roles": []}, {"name": "a", "paths": ["/"], "roles": []}]})",
       "areas[1].name: an area above has this name already"},
      {"instance", R"({"areas": [{"name": "all", "paths": ["/"], "roles": ["owner"], "websockets": true}]})",
       "areas[0].websockets: unknown key; did you mean `websocket`?"},
      {"instance", R"({"areas": {"all": {}}})", "areas: must be a list"},
  };
  expect_rows(rows);
}

TEST(ResourceRefuse, everything_at_once) {
  const auto document = patched(datasource_document(), R"({
      "name": "CRM", "at": "crm.test:1", "upstream": {"url": "ftp://x", "http2": true},
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
  for (int i = 0; i < 10'000; ++i) deep = nlohmann::json::array({std::move(deep)});
  nlohmann::json document = datasource_document();
  document["inject"] = deep;
  EXPECT_EQ(mistakes_of(document), "inject: must be a mapping of keys to values");
  document = datasource_document();
  document["at"] = std::string(1 << 20, 'a');
  EXPECT_EQ(mistakes_of(document), "at: must not be longer than 4096 bytes");
  document = datasource_document();
  document[std::string(1 << 20, 'k')] = 1;
  EXPECT_EQ(mistakes_of(document), std::string(64, 'k') + "...: unknown key");
  document = datasource_document();
  document["inject"]["headers"]["X"] = std::string(4097, 'v');
  EXPECT_EQ(mistakes_of(document), "inject.headers.X: must not be longer than 4096 bytes");
  document = datasource_document();
  for (int i = 0; i < 33; ++i) document["inject"]["headers"]["X" + std::to_string(i)] = "v";
  EXPECT_EQ(mistakes_of(document), "inject.headers: must not have more than 32 entries");
}

}  // namespace
}  // namespace sallyport::policy
