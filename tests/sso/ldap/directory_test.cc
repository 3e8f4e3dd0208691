// Which servers are believed: TLS, names, addresses; and what servers cannot do to us.
#include "sso/ldap/directory.h"

#include <gtest/gtest.h>

#include <functional>

#include "sso/ldap/ldap_check.h"
#include "tests/sso/ldap/ldap_world.h"

namespace sallyport::sso::ldap {
namespace {

class LdapServer : public LdapWorld {
 protected:
  // "" when somebody signs in there, else why not.
  std::string refusal(const std::string& url) {
    provider.ldap.urls = {url};
    directory.reset();
    const LdapVerdict verdict = sign_in("alice");
    if (verdict.identity) return {};
    EXPECT_EQ(verdict.identity.error().code, Code::kUnavailable) << url;
    EXPECT_FALSE(verdict.checks.list().back().passed);
    return verdict.identity.error().what;
  }
};

constexpr char kOtherName[] = "the server's certificate is for another name";
constexpr char kNotTrusted[] = "the server's certificate is of an authority that is not trusted";

TEST_F(LdapServer, is_verified_by_the_name_or_address_of_the_url) {
  for (const char* host : {"127.0.0.1", "localhost", "ldap.example.test"}) {
    EXPECT_EQ(refusal(at("a", "ldap", host)), "") << host;
    EXPECT_EQ(refusal(at("a_tls", "ldaps", host)), "") << host;
  }
}

TEST_F(LdapServer, of_another_name_is_refused) {
  hosts.known["directory.example.test"] = {"127.0.0.1"};
  provider.network.networks.push_back(*Cidr::parse("127.0.0.0/8"));
  EXPECT_EQ(refusal(at("a", "ldap", "directory.example.test")), kOtherName);
  EXPECT_EQ(refusal(at("a_tls", "ldaps", "directory.example.test")), kOtherName);
  // It has 127.0.0.1 among its names, where an address is none.
  EXPECT_EQ(refusal(at("misnamed", "ldaps")), kOtherName);
  EXPECT_EQ(refusal(at("misnamed", "ldaps", "localhost")), kOtherName);
}

TEST_F(LdapServer, of_a_bad_certificate_is_refused) {
  EXPECT_EQ(refusal(at("expired", "ldaps")), "the server's certificate has expired");
  EXPECT_EQ(refusal(at("other", "ldaps")), kNotTrusted);
  EXPECT_EQ(refusal(at("old_tls", "ldaps")), "TLS fails");
  provider.network.ca_pem = servers.certificate("other-ca");
  EXPECT_EQ(refusal(at("a", "ldap")), kNotTrusted);
  EXPECT_EQ(refusal(at("a_tls", "ldaps")), kNotTrusted);
  provider.network.ca_pem = "";  // the system's
  EXPECT_EQ(refusal(at("a", "ldap")), kNotTrusted);
}

TEST_F(LdapServer, needs_authorities_that_can_be_read) {
  provider.network.ca_pem = "no certificate";
  EXPECT_EQ(Directory::make(provider.ldap, provider.network, hosts, clock).error().code, Code::kMalformed);
  provider.network.ca_pem = servers.certificate("ca");
  for (const auto& urls : {std::vector<std::string>{}, {at("a"), "http://127.0.0.1"}}) {
    provider.ldap.urls = urls;
    EXPECT_EQ(Directory::make(provider.ldap, provider.network, hosts, clock).error().code, Code::kMalformed);
  }
}

TEST_F(LdapServer, without_tls_is_this_machine_alone) {
  provider.ldap.start_tls = false;
  EXPECT_EQ(refusal(at("a", "ldap")), "");
  EXPECT_EQ(refusal(at("a", "ldap", "localhost")), "");
  hosts.known["far.example.test"] = {"192.0.2.7"};
  provider.network.networks = {*Cidr::parse("192.0.2.0/24")};
  EXPECT_EQ(refusal("ldap://far.example.test"), "without TLS to this machine alone");
  EXPECT_EQ(refusal("ldap://192.0.2.7"), "without TLS to this machine alone");
  EXPECT_EQ(refusal(at("a", "ldap")), "the address is not on the outbound list (upstream.networks)");
}

TEST_F(LdapServer, is_where_we_may_connect) {
  provider.network.networks = {*Cidr::parse("10.0.0.0/8")};
  EXPECT_EQ(refusal(at("a")), "the address is not on the outbound list (upstream.networks)");
  provider.network.networks = {};
  for (const char* host : {"127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]"})
    EXPECT_EQ(refusal(at("a", "ldap", host)),
              "the address is not public, and there is no outbound list (upstream.networks)")
        << host;
  hosts.known["rebound.example.test"] = {"127.0.0.1"};
  EXPECT_NE(refusal(at("a", "ldap", "rebound.example.test")), "");
}

TEST_F(LdapServer, that_has_a_forbidden_address_too_is_asked_at_the_other) {
  hosts.known["ldap.example.test"] = {"169.254.169.254", "127.0.0.1"};
  EXPECT_EQ(refusal(at("a", "ldap", "ldap.example.test")), "");
}

TEST_F(LdapServer, of_no_such_name_is_refused) { EXPECT_NE(refusal("ldap://nowhere.invalid"), ""); }

TEST_F(LdapServer, that_is_hostile_holds_nobody_up) {
  provider.ldap.timeout = 500ms;
  for (const bool tls : {true, false}) {
    provider.ldap.start_tls = tls;
    for (const char* name : {"nobody", "silent", "closing", "other_protocol", "huge_message", "no_start_tls",
                             "injecting", "busy", "another_kind", "dripping"}) {
      const auto began = std::chrono::steady_clock::now();
      EXPECT_NE(refusal(at(name)), "") << name;
      EXPECT_LT(std::chrono::steady_clock::now() - began, 4 * 500ms + 3s) << name;
    }
  }
}

TEST_F(LdapServer, that_starts_tls_with_clear_text_behind_it_is_refused) {
  EXPECT_EQ(refusal(at("injecting")), "TLS fails");
  EXPECT_EQ(refusal(at("no_start_tls")), "the server does not start TLS");
}

TEST_F(LdapServer, that_answers_something_else_is_refused) {
  EXPECT_EQ(refusal(at("another_kind")), "the server answers something else");
  provider.ldap.start_tls = false;
  EXPECT_EQ(refusal(at("another_kind")), "the server answers something else");
}

TEST_F(LdapServer, whose_answer_has_no_end_is_refused) {
  provider.ldap.start_tls = false;
  provider.ldap.urls = {at("endless")};
  open();
  Checks checks;
  const auto until = std::chrono::steady_clock::now() + 20s;
  const SearchRequest wanted{"dc=example,dc=test", false, "(uid=*)", {"cn"}, 100'000};
  const auto found = directory->search(wanted, secret("x"), until, checks);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kLimit);
  // More entries than were asked for are as many as were asked for, and the connection is not used again.
  const auto few = directory->search({"dc=example,dc=test", false, "(uid=*)", {"cn"}, 2}, secret("x"), until, checks);
  ASSERT_TRUE(few);
  EXPECT_EQ(few->entries.size(), 2U);
  EXPECT_TRUE(few->more);
  EXPECT_EQ(directory->connections_kept(), 0U);
}

TEST_F(LdapServer, that_does_not_answer_leaves_it_to_the_next) {
  provider.ldap.timeout = 500ms;
  for (const char* first : {"silent", "nobody", "closing", "busy", "expired"}) {
    provider.ldap.urls = {at(first, first == "expired"s ? "ldaps" : "ldap"), at("b")};
    directory.reset();
    const LdapVerdict verdict = sign_in("alice");
    EXPECT_TRUE(verdict.identity) << first << "\n" << shown(verdict.checks);
    // It is not asked again right away.
    directory->close_idle();
    clock.shift += 29s;
    const std::string again = shown(sign_in("alice").checks);
    EXPECT_EQ(again.find("FAIL"), again.npos) << again;
  }
}

// --- without a person

TEST_F(LdapServer, is_checked_without_a_person) {
  provider.ldap.urls = {at("a"), at("b_tls", "ldaps", "localhost")};
  provider.ldap.groups_dn = "ou=groups,dc=example,dc=test";
  open();
  const LdapHealth health = ldap_check(*directory, secret(reader_password));
  ASSERT_EQ(health.servers.size(), 2U);
  for (const LdapHealth::Server& server : health.servers) {
    EXPECT_TRUE(server.passed) << shown(server.checks);
    ASSERT_TRUE(server.certificate_ends);
    const auto left = *server.certificate_ends - SystemClock().wall();
    EXPECT_GT(left, 19 * 24h);
    EXPECT_LT(left, 21 * 24h);
  }
  EXPECT_TRUE(health.passed());
}

TEST_F(LdapServer, is_checked_and_what_is_wrong_is_last) {
  struct Row {
    const char* last;
    std::function<void()> spoil;
  };
  const policy::IdentityProvider good = provider;
  const Row table[] = {
      {"server's name", [&] { provider.ldap.urls = {"ldap://nowhere.invalid"}; }},
      {"server's address", [&] { provider.network.networks = {*Cidr::parse("10.0.0.0/8")}; }},
      {"connection", [&] { provider.ldap.urls = {at("nobody")}; }},
      {"TLS", [&] { provider.ldap.urls = {at("expired", "ldaps")}; }},
      {"bind as bind_dn", [&] { provider.ldap.bind_dn = "cn=nobody,dc=example,dc=test"; }},
      {"base_dn", [&] { provider.ldap.base_dn = "ou=nowhere,dc=example,dc=test"; }},
      {"base_dn", [&] { provider.ldap.bind_dn = "cn=blind,dc=example,dc=test"; }},
      {"user_filter", [&] { provider.ldap.user_filter = "(uid={user}"; }},
      {"groups_dn", [&] { provider.ldap.groups_dn = "ou=nowhere,dc=example,dc=test"; }},
      {"group_filter",
       [&] {
         provider.ldap.groups_dn = "ou=groups,dc=example,dc=test";
         provider.ldap.group_filter = "member={dn})";
       }},
  };
  for (const Row& row : table) {
    provider = good;
    row.spoil();
    open();
    const LdapHealth health = ldap_check(*directory, secret(reader_password));
    ASSERT_EQ(health.servers.size(), 1U);
    EXPECT_FALSE(health.passed()) << row.last;
    EXPECT_EQ(health.servers[0].checks.list().back().name, std::string(row.last)) << shown(health.servers[0].checks);
    EXPECT_FALSE(health.servers[0].checks.list().back().passed);
  }
}

}  // namespace
}  // namespace sallyport::sso::ldap
