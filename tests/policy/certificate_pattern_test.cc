// The patterns of client certificates: how they read, what bears them, and what does not.
#include "policy/certificate_pattern.h"

#include <gtest/gtest.h>

#include "tests/policy/asking.h"
#include "tests/policy/refuse_rows.h"

namespace sallyport::policy {
namespace {

constexpr const char* kHex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

ClientCertificate press() {
  ClientCertificate out;
  out.fingerprint = kHex;
  out.subject = "CN=press,O=Works\\, Inc.";
  out.names = {{CertificateNameKind::kDns, "press.example.test"},
               {CertificateNameKind::kEmail, "Press@example.test"},
               {CertificateNameKind::kUri, "spiffe://example.test/press"}};
  return out;
}

TEST(CertificatePattern, has_one_form) {
  const std::pair<std::string, std::string> rows[] = {
      {std::string("fingerprint:") + kHex, std::string("fingerprint:") + kHex},
      {"fingerprint:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef",
       std::string("fingerprint:") + kHex},
      {"subject:CN=press,O=Works\\, Inc.", "subject:CN=press,O=Works\\, Inc."},
      {"subject:CN=a: b", "subject:CN=a: b"},
      {"dns:Press.Example.TEST", "dns:press.example.test"},
      {"email:Press@EXAMPLE.test", "email:Press@example.test"},
      {"uri:spiffe://example.test/Press", "uri:spiffe://example.test/Press"},
      {"uri:urn:a:b", "uri:urn:a:b"},
  };
  for (const auto& [text, wanted] : rows) EXPECT_EQ(parse_certificate_pattern(text).value_or("-"), wanted) << text;
}

TEST(CertificatePattern, refuses_what_names_nothing) {
  const std::string hex = kHex;
  for (const std::string& text : {std::string(),
                                  std::string("dns"),
                                  std::string("dns:"),
                                  std::string("DNS:a.test"),
                                  std::string(":a.test"),
                                  std::string("ip:192.0.2.1"),
                                  std::string("cn:press"),
                                  std::string("dns:*"),
                                  std::string("dns:*.example.test"),
                                  std::string("dns:a b"),
                                  std::string("dns:a.test."),
                                  std::string("dns:a.test\0", 11),
                                  std::string("dns:192.0.2.1"),
                                  std::string("email:"),
                                  std::string("email:a"),
                                  std::string("email:@a.test"),
                                  std::string("email:*@a.test@b.test"),
                                  std::string("email:a@a.test\n"),
                                  std::string("uri:"),
                                  std::string("uri:press"),
                                  std::string("uri:a:b c"),
                                  std::string("subject:"),
                                  std::string("subject:press"),
                                  std::string("subject:/CN=press/O=Works"),
                                  std::string("subject:CN=press, O=Works"),
                                  std::string("subject:CN=pr\xc3\xa9sse"),
                                  std::string("subject:CN=a\n"),
                                  std::string("fingerprint:"),
                                  "fingerprint:" + hex.substr(1),
                                  "fingerprint:" + hex + "0",
                                  "fingerprint:" + hex + ":",
                                  "fingerprint:" + hex.substr(0, 63) + "g",
                                  "fingerprint:01:2345" + hex.substr(6),
                                  "fingerprint:" + hex.substr(0, 2) + "-" + hex.substr(2),
                                  "fingerprint: " + hex})
    EXPECT_FALSE(parse_certificate_pattern(text)) << text;
  EXPECT_TRUE(parse_certificate_pattern("subject:CN=a\\, b,O=c")) << "an escaped comma may be followed by a blank";
}

TEST(CertificatePattern, a_certificate_bears_what_it_holds_and_nothing_like_it) {
  const ClientCertificate certificate = press();
  for (const std::string& pattern : patterns_of(certificate)) {
    EXPECT_TRUE(bears(certificate, pattern)) << pattern;
    EXPECT_EQ(parse_certificate_pattern(pattern).value_or("-"), pattern);
    EXPECT_FALSE(bears(certificate, pattern + "x")) << pattern;
    EXPECT_FALSE(bears(certificate, pattern.substr(0, pattern.size() - 1))) << pattern;
    EXPECT_FALSE(bears(ClientCertificate{}, pattern)) << pattern;
  }
  EXPECT_EQ(patterns_of(certificate).size(), 5u);
  // The kind counts, not the text alone.
  for (const char* pattern : {"email:press.example.test", "uri:press.example.test", "dns:spiffe://example.test/press",
                              "subject:press.example.test", "email:press@example.test", "names:press.example.test", "",
                              "dns", "dns:", ":", "fingerprint:", "subject:"})
    EXPECT_FALSE(bears(certificate, pattern)) << pattern;
  EXPECT_FALSE(bears(ClientCertificate{}, "subject:")) << "nothing is not a name";
}

TEST(CertificatePattern, one_of_a_list_will_do) {
  const ClientCertificate certificate = press();
  EXPECT_TRUE(bears_one_of(&certificate, {"dns:other.test", "dns:press.example.test"}));
  EXPECT_FALSE(bears_one_of(&certificate, {"dns:other.test"}));
  EXPECT_FALSE(bears_one_of(nullptr, {"dns:press.example.test"}));
  EXPECT_TRUE(bears_one_of(nullptr, {})) << "no demand";
  EXPECT_TRUE(bears_one_of(&certificate, {}));
}

// --- in resources

TEST(CertificatePattern, rules_and_areas_take_lists) {
  EXPECT_EQ(mistakes_of(patched(datasource_document(), R"({"pass_certificate": true,
      "access": [{"roles": ["owner"], "certificates": ["dns:a.test", "email:a@a.test"]}]})")),
            "");
  EXPECT_EQ(mistakes_of(patched(instance_document(), R"({"pass_certificate": true,
      "areas": [{"name": "a", "paths": ["/"], "public": true, "certificates": ["dns:a.test"]}]})")),
            "");
  const RefuseRow rows[] = {
      {"datasource", R"({"access": [{"roles": ["owner"], "certificates": []}]})",
       "access[0].certificates: must not be empty"},
      {"datasource", R"({"access": [{"roles": ["owner"], "certificates": "dns:a.test"}]})",
       "access[0].certificates: must be a list"},
      {"datasource", R"({"access": [{"roles": ["owner"], "certificates": ["dns:a.test", "ann"]}]})",
       "access[0].certificates[1]: must begin with fingerprint:, subject:, dns:, email: or uri:"},
      {"datasource", R"({"access": [{"certificates": ["dns:a.test"]}]})",
       "access[0].roles: is missing; expected a list"},
      {"instance", R"({"areas": [{"name": "a", "paths": ["/"], "roles": ["owner"], "certificates": ["dns:*.test"]}]})",
       "areas[0].certificates[0]: dns: is followed by a whole host name; wildcards name nobody"},
      {"datasource", R"({"pass_certificate": "yes"})", "pass_certificate: must be true or false"},
  };
  expect_rows(rows);
}

std::string decided(const Snapshot& snapshot, const Request& request, const ClientCertificate* certificate) {
  const Asker asker(request.who);
  return text_of(decide({.snapshot = snapshot,
                         .resource = *snapshot.locate("a.test", "/").resource,
                         .method = request.method,
                         .path = request.path,
                         .client = {IpAddress::parse(request.from).value()},
                         .identity = asker.present ? &asker.identity : nullptr,
                         .certificate = certificate,
                         .now = kNow}));
}

TEST(CertificatePattern, a_rule_demands_role_and_certificate) {
  const auto snapshot = world_of(datasource_record("crm", "a.test", R"({"access": [
      {"roles": ["owner"], "certificates": ["dns:PRESS.example.test", "email:other@example.test"], "mfa": "required"},
      {"roles": ["member"], "paths": ["/open"]},
      {"roles": ["member"], "certificates": ["uri:spiffe://example.test/press"]}]})"));
  const ClientCertificate good = press();
  ClientCertificate other = press();
  other.names.clear();
  const struct {
    Request request;
    const ClientCertificate* certificate;
    const char* expected;
  } rows[] = {
      {{"alice+mfa", "GET", "/"}, &good, "allow 0 rule"},
      {{"alice", "GET", "/"}, &good, "step-up 0 second factor"},
      {{"alice+mfa", "GET", "/"}, &other, "deny -1 no rule allows"},
      {{"alice+mfa", "GET", "/"}, nullptr, "deny -1 no rule allows"},
      {{"alice", "GET", "/"}, nullptr, "deny -1 no rule allows"},  // a factor would not help: it is not asked for
      {{"alice@token+mfa", "GET", "/"}, &good, "allow 0 rule"},
      {{"mike", "GET", "/open"}, nullptr, "allow 1 rule"},
      {{"mike", "GET", "/x"}, nullptr, "deny -1 no rule allows"},
      {{"mike", "GET", "/x"}, &good, "allow 2 rule"},
      {{"mike@token", "GET", "/x"}, &good, "allow 2 rule"},
      {{"vera+mfa", "GET", "/x"}, &good, "deny -1 no rule allows"},   // a certificate is no role
      {{"-", "GET", "/x"}, &good, "sign-in -1 nobody is signed in"},  // and no identity
      {{"sue", "GET", "/x"}, &good, "deny -1 suspended"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(decided(*snapshot, row.request, row.certificate), row.expected)
        << row.request.who << " " << row.request.path << (row.certificate ? " with" : " without");
}

TEST(CertificatePattern, an_area_demands_it_of_everybody_in_it) {
  const auto snapshot = world_of(instance_record("crm", "a.test", R"({"areas": [
      {"name": "hooks", "paths": ["/hooks"], "public": true, "certificates": ["dns:press.example.test"]},
      {"name": "editor", "paths": ["/"], "roles": ["owner", "viewer"], "certificates": ["dns:press.example.test"]}]})"));
  const ClientCertificate good = press();
  EXPECT_EQ(decided(*snapshot, {"-", "GET", "/hooks"}, &good), "allow 0 public area");
  EXPECT_EQ(decided(*snapshot, {"-", "GET", "/hooks"}, nullptr), "deny 0 area: certificate");
  EXPECT_EQ(decided(*snapshot, {"alice", "GET", "/hooks"}, nullptr), "deny 0 area: certificate");
  EXPECT_EQ(decided(*snapshot, {"alice", "GET", "/"}, &good), "allow 1 area");
  EXPECT_EQ(decided(*snapshot, {"alice", "GET", "/"}, nullptr), "deny 1 area: certificate");
  EXPECT_EQ(decided(*snapshot, {"mike", "GET", "/"}, &good), "deny 1 area: role");
  EXPECT_EQ(decided(*snapshot, {"-", "GET", "/"}, &good), "sign-in -1 nobody is signed in");
}

// --- whose a certificate is

std::string holder(const Snapshot& snapshot, const ClientCertificate& certificate) {
  const CompiledUser* user = snapshot.user_by_certificate(certificate);
  return user ? user->name : "-";
}

TEST(CertificatePattern, users_take_lists) {
  EXPECT_EQ(mistakes_of(patched(user_document(), R"({"certificates": ["dns:a.test"]})")), "");
  EXPECT_EQ(mistakes_of(patched(user_document(), R"({"certificates": []})")), "");
  EXPECT_EQ(mistakes_of(patched(platform_document(), R"({"certificate_strength": "mfa"})")), "");
  const RefuseRow rows[] = {
      {"user", R"({"certificates": ["dns:*.test"]})",
       "certificates[0]: dns: is followed by a whole host name; wildcards name nobody"},
      {"user", R"({"certificates": ["alice@example.test"]})",
       "certificates[0]: must begin with fingerprint:, subject:, dns:, email: or uri:"},
      {"platform", R"({"certificate_strength": "none"})", "certificate_strength: must be password or mfa, not `none`"},
  };
  expect_rows(rows);
}

TEST(CertificatePattern, a_certificate_is_the_one_users_who_names_it) {
  const auto alice =
      user_record("alice", R"({"certificates": ["dns:PRESS.example.test", "email:Press@example.test"]})");
  const auto mike = user_record("mike", R"({"certificates": ["dns:mike.example.test"]})");
  const auto snapshot = Snapshot::build(1, std::vector{alice, mike});
  EXPECT_EQ(holder(*snapshot, press()), "alice");
  ClientCertificate other;
  other.fingerprint = kHex;
  EXPECT_EQ(holder(*snapshot, other), "-");
  EXPECT_EQ(holder(*snapshot, {}), "-");
  other.names = {{CertificateNameKind::kDns, "mike.example.test"}};
  EXPECT_EQ(holder(*snapshot, other), "mike");
  other.names = {{CertificateNameKind::kEmail, "mike.example.test"},
                 {CertificateNameKind::kDns, "x.mike.example.test"}};
  EXPECT_EQ(holder(*snapshot, other), "-");
}

TEST(CertificatePattern, what_two_users_name_is_nobodys) {
  const auto alice = user_record("alice", R"({"certificates": ["dns:press.example.test"]})");
  const auto same = user_record("mike", R"({"certificates": ["dns:press.example.test"]})");
  const auto another = user_record("mike", R"({"certificates": ["uri:spiffe://example.test/press"]})");
  EXPECT_EQ(holder(*Snapshot::build(1, std::vector{alice, same}), press()), "-") << "one name of two users";
  EXPECT_EQ(holder(*Snapshot::build(1, std::vector{alice, another}), press()), "-") << "two names of one certificate";
  const auto gone = user_record("mike", R"({"suspended": true, "certificates": ["dns:press.example.test"]})");
  EXPECT_EQ(holder(*Snapshot::build(1, std::vector{alice, gone}), press()), "-") << "a suspended one counts";
}

TEST(CertificatePattern, a_damaged_record_takes_no_certificate_from_a_sound_one) {
  const auto alice = user_record("alice", R"({"certificates": ["dns:press.example.test"]})");
  auto dan = user_record("dan", R"({"certificates": ["dns:press.example.test", "email:Press@example.test"]})");
  dan.damaged = true;
  EXPECT_EQ(holder(*Snapshot::build(1, std::vector{alice, dan}), press()), "alice");
  const auto alone = Snapshot::build(1, std::vector{dan});
  EXPECT_EQ(holder(*alone, press()), "dan") << "found, so that it can be said why it is refused";
  EXPECT_TRUE(alone->user_by_certificate(press())->damaged);
}

TEST(CertificatePattern, a_rebuilt_snapshot_follows) {
  const auto alice = user_record("alice", R"({"certificates": ["dns:press.example.test"]})");
  const auto without = user_record("alice");
  const auto mike = user_record("mike", R"({"certificates": ["dns:press.example.test"]})");
  const auto first = Snapshot::build(1, std::vector{alice});
  const auto both = Snapshot::rebuild(*first, 2, std::vector{mike}, {});
  EXPECT_EQ(holder(*both, press()), "-");
  EXPECT_EQ(holder(*Snapshot::rebuild(*both, 3, std::vector{without}, {}), press()), "mike");
  EXPECT_EQ(holder(*Snapshot::rebuild(*both, 3, {}, std::vector{mike.id}), press()), "alice");
  EXPECT_EQ(holder(*Snapshot::rebuild(*first, 2, {}, std::vector{alice.id}), press()), "-");
  EXPECT_EQ(holder(*first, press()), "alice") << "the one before is untouched";
}

}  // namespace
}  // namespace sallyport::policy
