// Who gets in by a real directory, as whom, and who does not.
#include "sso/ldap/ldap_sign_in.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/sso/ldap/ldap_world.h"

namespace sallyport::sso::ldap {
namespace {

using LdapSignIn = LdapWorld;
using LdapGroups = LdapWorld;

constexpr Error kWrong{Code::kDenied, Side::kClient, "wrong name or password"};

size_t count_of(const std::string& text, const std::string& part) {
  size_t out = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++out;
  return out;
}

// How often it was searched and bound. The rest of the log may be about connections that are just ending.
size_t asked(const std::string& log) {
  size_t out = 0;
  for (const std::string_view what : {" SRCH base=", " BIND dn="})
    for (size_t at = log.find(what); at != log.npos; at = log.find(what, at + 1)) ++out;
  return out;
}

TEST_F(LdapSignIn, with_the_right_password) {
  const LdapVerdict verdict = sign_in("alice");
  ASSERT_TRUE(verdict.identity) << shown(verdict.checks);
  EXPECT_EQ(verdict.identity->subject.size(), 36U);  // entryUUID
  EXPECT_EQ(verdict.identity->email, "alice@example.test");
  EXPECT_EQ(verdict.identity->name, "alice");
  EXPECT_EQ(verdict.identity->means, "ldap");
  EXPECT_EQ(sign_in("ALICE", secret("alicepass1")).identity.value().subject, verdict.identity->subject);
  EXPECT_NE(sign_in("bob").identity.value().subject, verdict.identity->subject);
}

TEST_F(LdapSignIn, wrong_password_and_unknown_name_are_one_error) {
  for (const char* password : {"alicepass2", "alicepass", "alicepass1 ", "ALICEPASS1", "bobpass1", " "})
    EXPECT_EQ(sign_in("alice", secret(password)).identity.error(), kWrong) << password;
  EXPECT_EQ(sign_in("nobody").identity.error(), kWrong);
  EXPECT_EQ(sign_in("alice", secret("alicepass1\0"s)).identity.error(), kWrong);
}

// The server takes a bind without a password for a success.
TEST_F(LdapSignIn, without_a_password_asks_nobody) {
  ASSERT_TRUE(sign_in("alice").identity);
  const size_t before = asked(servers.log());
  Checks checks;
  for (const std::string& password : {""s, "\0"s, "\0\0\0\0"s}) {
    const LdapVerdict verdict = sign_in("alice", secret(password));
    EXPECT_EQ(verdict.identity.error(), kWrong);
    EXPECT_EQ(verdict.checks.list().size(), 1U);
    EXPECT_FALSE(
        directory->bind_as("uid=alice,ou=people,dc=example,dc=test", secret(password), Monotonic::max(), checks));
  }
  EXPECT_FALSE(directory->bind_as("", secret("x"), Monotonic::max(), checks));
  EXPECT_EQ(asked(servers.log()), before);
}

// A directory finds one person by many names: whoever guesses has the attempts of one.
TEST_F(LdapSignIn, wrong_passwords_count_for_the_entry_whatever_was_typed) {
  provider.ldap.user_filter = "(|(uid={user})(mail={user}))";
  const std::string spellings[] = {"alice", "ALICE", " alice", "alice  ", "alice@example.test", "Alice@Example.Test"};
  for (const std::string& typed : spellings) ASSERT_TRUE(sign_in(typed, secret("alicepass1")).identity) << typed;
  const size_t began = servers.log().size();
  for (size_t i = 0; i < 10; ++i)
    EXPECT_EQ(sign_in(spellings[i % std::size(spellings)], secret("wrong")).identity.error(), kWrong) << i;
  for (const std::string& typed : spellings)
    for (const char* password : {"wrong", "alicepass1"}) {
      const LdapVerdict verdict = sign_in(typed, secret(password));
      EXPECT_EQ(verdict.identity.error().code, Code::kLimit) << typed;
      EXPECT_EQ(verdict.checks.list().back().found, "the next one in 6 s");
    }
  EXPECT_EQ(count_of(servers.log().substr(began), " BIND dn=\"uid=alice,"), 10U) << "asked of the directory";
  EXPECT_TRUE(sign_in("bob").identity) << "another entry";
  EXPECT_TRUE(sign_in("alice", secret("alicepass1"), "corp, known").identity) << "who is told apart";
  attempts_clock.now += std::chrono::seconds(6);
  EXPECT_TRUE(sign_in("alice", secret("alicepass1")).identity);
}

TEST_F(LdapSignIn, right_passwords_and_names_of_nobody_do_not_count) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(sign_in("alice").identity) << i;
  for (const char* nobody : {"nobody", "twin", "*"}) EXPECT_EQ(sign_in(nobody, secret("x")).identity.error(), kWrong);
  EXPECT_EQ(entries.keys(), 0U);
  EXPECT_FALSE(sign_in("alice", secret("wrong")).identity);
  EXPECT_EQ(entries.keys(), 1U);
}

TEST_F(LdapSignIn, guesses_that_come_at_once_are_counted_before_they_are_tried) {
  open();
  std::atomic<int> asked_of_it = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int each = 0; each < 6; ++each)
        asked_of_it += sign_in("alice", secret("wrong")).identity.error().code == Code::kLimit ? 0 : 1;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(asked_of_it, 10);
}

TEST_F(LdapSignIn, two_entries_are_nobody) {
  const LdapVerdict verdict = sign_in("twin");
  EXPECT_EQ(verdict.identity.error(), kWrong);
  EXPECT_EQ(verdict.checks.list().back().found, "several");
}

TEST_F(LdapSignIn, what_is_typed_is_a_name_and_nothing_else) {
  for (const std::string& typed : {"*"s,
                                   "al*"s,
                                   "alice*"s,
                                   "*)(uid=alice"s,
                                   "alice)(objectClass=*"s,
                                   "alice)(|(uid=*"s,
                                   "alice))(|(uid=*"s,
                                   "*)(|(objectClass=*)"s,
                                   "alice\\2a"s,
                                   "\\61lice"s,
                                   "(alice)"s,
                                   "alice)"s,
                                   "alice&"s,
                                   "{user}"s,
                                   "{dn}"s,
                                   "nobody)(uid=alice))(&(uid=x"s,
                                   "uid=alice"s,
                                   "uid=alice,ou=people,dc=example,dc=test"s,
                                   "\xff\xfe"s,
                                   "alice\r\nuid: bob"s,
                                   "alice,alice"s}) {
    const LdapVerdict verdict = sign_in(typed, secret("alicepass1"));
    EXPECT_EQ(verdict.identity.error(), kWrong) << typed << "\n" << shown(verdict.checks);
  }
  EXPECT_EQ(sign_in("a*b", secret("starpass1")).identity.value().email, "star@example.test");
  EXPECT_EQ(sign_in("(star)", secret("bracketspass1")).identity.value().email, "brackets@example.test");
}

TEST_F(LdapSignIn, a_name_that_nobody_has_is_not_looked_for) {
  const size_t before = asked(servers.log());
  for (const std::string& typed : {""s, std::string(257, 'x'), "alice\0"s, "\0"s})
    EXPECT_EQ(sign_in(typed, secret("x")).identity.error().code, Code::kMalformed);
  EXPECT_EQ(asked(servers.log()), before);
  EXPECT_EQ(sign_in(std::string(256, 'x'), secret("x")).identity.error(), kWrong);
}

// What the server saw: nothing is read before the bind, and nobody searches on a connection where people are bound.
TEST_F(LdapSignIn, reads_after_the_bind_and_never_as_the_person) {
  const size_t began = servers.log().size();
  ASSERT_TRUE(sign_in("alice").identity);
  ASSERT_FALSE(sign_in("alice", secret("wrong")).identity);
  ASSERT_TRUE(sign_in("bob").identity);
  std::istringstream log(servers.log().substr(began));
  std::map<std::string, std::string> bound;  // by connection
  bool proven = false;
  size_t searches = 0;
  for (std::string line; std::getline(log, line);) {
    const size_t at = line.find("conn=");
    if (at == line.npos || line.find(" mech=") != line.npos) continue;  // a bind that succeeds is noted twice
    const std::string connection = line.substr(at, line.find(' ', at) - at);
    if (line.find(" BIND dn=\"uid=alice") != line.npos) proven = true;
    if (line.find(" BIND dn=\"") != line.npos) {
      const std::string who = line.substr(line.find("dn=\"") + 4, 4);
      EXPECT_TRUE(bound.emplace(connection, who).second || bound[connection] == "uid=") << line;
      bound[connection] = who;
    }
    if (line.find(" SRCH ") == line.npos) continue;
    ++searches;
    EXPECT_EQ(bound[connection], "cn=r") << line;
    if (line.find("attr=") != line.npos && !proven) EXPECT_NE(line.find("attr=1.1"), line.npos) << line;
  }
  EXPECT_GE(searches, 10U);
  EXPECT_TRUE(proven);
}

TEST_F(LdapSignIn, without_mail_says_none) { EXPECT_EQ(sign_in("dave").identity.value().email, ""); }

TEST_F(LdapSignIn, without_a_subject_is_refused) {
  for (const char* attribute : {"mail", "employeeNumber"}) {  // two of them, none
    provider.attributes.subject = attribute;
    EXPECT_EQ(sign_in("alice").identity.error().code, Code::kMalformed) << attribute;
  }
  provider.attributes.subject = "uid";
  EXPECT_EQ(sign_in("alice").identity.value().subject, "alice");
}

TEST_F(LdapSignIn, as_anonymous_where_the_server_lets) {
  provider.ldap.bind_dn = "";
  provider.ldap.urls = {at("b")};
  EXPECT_TRUE(sign_in("alice").identity);
  EXPECT_EQ(sign_in("alice", secret("wrong")).identity.error(), kWrong);
  directory.reset();
  provider.ldap.urls = {at("a")};
  EXPECT_FALSE(sign_in("alice").identity);
}

TEST_F(LdapSignIn, says_when_the_gateway_itself_is_refused) {
  reader_password = "wrong";
  EXPECT_EQ(sign_in("alice").identity.error(),
            Error(Code::kUnavailable, Side::kIdentityProvider, "the LDAP server refuses bind_dn"));
  directory.reset();
  reader_password = "";
  EXPECT_EQ(sign_in("alice").identity.error().code, Code::kUnavailable);
}

TEST_F(LdapSignIn, does_not_try_a_refused_bind_dn_at_every_sign_in) {
  const Error refused(Code::kUnavailable, Side::kIdentityProvider, "the LDAP server refuses bind_dn");
  const std::string right = std::exchange(reader_password, "wrong");
  EXPECT_EQ(sign_in("alice").identity.error(), refused);
  reader_password = right;
  clock.shift = 299s;
  EXPECT_EQ(sign_in("alice").identity.error(), refused) << "not asked again yet";
  clock.shift = 301s;
  EXPECT_TRUE(sign_in("alice").identity);
  clock.shift = 302s;
  EXPECT_TRUE(sign_in("alice").identity);
}

TEST_F(LdapSignIn, says_when_a_search_cannot_be_made) {
  provider.ldap.base_dn = "ou=nowhere,dc=example,dc=test";
  EXPECT_EQ(sign_in("alice").identity.error().code, Code::kUnavailable);
  directory.reset();
  provider.ldap.base_dn = "no dn";
  EXPECT_EQ(sign_in("alice").identity.error().code, Code::kUnavailable);
  directory.reset();
  provider.ldap.base_dn = "dc=example,dc=test";
  provider.ldap.user_filter = "(uid={user}";
  EXPECT_EQ(sign_in("alice").identity.error().code, Code::kMalformed);
  EXPECT_EQ(directory->connections_kept(), 1U);  // it is not the connection's fault
}

TEST_F(LdapSignIn, where_bind_dn_sees_nobody_nobody_gets_in) {
  provider.ldap.bind_dn = "cn=blind,dc=example,dc=test";
  EXPECT_FALSE(sign_in("alice").identity);
}

TEST_F(LdapSignIn, checks_hold_no_secret_and_no_person) {
  provider.ldap.groups_dn = "ou=groups,dc=example,dc=test";
  std::string all = shown(sign_in("alice").checks) + shown(sign_in("alice", secret("wrong-secret")).checks) +
                    shown(sign_in("twin").checks) + shown(sign_in("bob").checks);
  for (const char* word : {"alice", "bob", "twin", "pass1", "pass-1", "wrong-secret", "uid=", "@"})
    EXPECT_EQ(all.find(word), all.npos) << word << " in\n" << all;
  EXPECT_NE(all.find("invalid credentials (49)"), all.npos) << all;
}

TEST_F(LdapSignIn, the_last_check_is_why) {
  for (const char* password : {"wrong", ""}) {
    const LdapVerdict verdict = sign_in("alice", secret(password));
    ASSERT_FALSE(verdict.checks.list().empty());
    EXPECT_FALSE(verdict.checks.list().back().passed);
  }
  EXPECT_TRUE(sign_in("alice").checks.list().back().passed);
}

// --- groups

TEST_F(LdapGroups, by_the_attribute_of_the_person) {
  EXPECT_EQ(groups_of("alice"), "admins|staff");
  EXPECT_EQ(groups_of("bob"), "Plant, North|staff");
  EXPECT_EQ(groups_of("dave"), "");  // uniqueMember is not noted there
  provider.groups.attribute = "sn";  // names, not DNs
  EXPECT_EQ(groups_of("alice"), "Example");
}

TEST_F(LdapGroups, by_a_search) {
  provider.ldap.groups_dn = "ou=groups,dc=example,dc=test";
  EXPECT_EQ(groups_of("alice"), "admins|staff");
  EXPECT_EQ(groups_of("bob"), "Plant, North|staff");
  EXPECT_EQ(groups_of("dave"), "unique");
  provider.ldap.group_filter = "(uniqueMember={dn})";
  EXPECT_EQ(groups_of("alice"), "");
}

TEST_F(LdapGroups, by_a_search_for_the_name) {
  provider.ldap.groups_dn = "ou=groups,dc=example,dc=test";
  provider.ldap.group_filter = "(description={user})";
  EXPECT_EQ(groups_of("alice"), "by-name");
  EXPECT_EQ(groups_of("bob"), "");
  provider.ldap.group_filter = "(|(member={dn})(description={user}))";
  provider.ldap.nesting = 2;
  EXPECT_EQ(groups_of("alice"), "admins|by-name|sp-plant-owner|staff");
  provider.attributes.name = "employeeNumber";  // he has none
  EXPECT_EQ(groups_of("alice"), "malformed");
  provider.attributes.name = "mail";
  EXPECT_EQ(groups_of("alice"), "admins|sp-plant-owner|staff");
}

TEST_F(LdapGroups, inside_groups_as_deep_as_is_configured) {
  for (const char* groups_dn : {"", "ou=groups,dc=example,dc=test"}) {
    provider.ldap.groups_dn = groups_dn;
    provider.ldap.nesting = 0;
    EXPECT_EQ(groups_of("carol"), "level1|ring-a|ring-b") << groups_dn;
    provider.ldap.nesting = 1;
    EXPECT_EQ(groups_of("alice"), "admins|sp-plant-owner|staff") << groups_dn;
    EXPECT_EQ(groups_of("carol"), "level1|level2|ring-a|ring-b") << groups_dn;
    provider.ldap.nesting = 10;
    EXPECT_EQ(groups_of("carol"), "level1|level2|level3|level4|ring-a|ring-b") << groups_dn;
  }
}

TEST_F(LdapGroups, in_their_thousands_are_refused) {
  provider.ldap.groups_dn = "ou=crowd,dc=example,dc=test";
  EXPECT_EQ(groups_of("crowded"), "limit");
  EXPECT_EQ(groups_of("alice"), "");
}

TEST_F(LdapGroups, of_which_the_server_gives_a_part_are_refused) {
  provider.ldap.urls = {at("b")};  // at most 100 entries
  provider.ldap.groups_dn = "ou=crowd,dc=example,dc=test";
  EXPECT_EQ(groups_of("crowded"), "limit");
}

TEST_F(LdapGroups, where_there_are_none_to_be_searched_is_said) {
  provider.ldap.groups_dn = "ou=nowhere,dc=example,dc=test";
  EXPECT_EQ(groups_of("alice"), "unavailable");
}

// --- connections

TEST_F(LdapSignIn, uses_its_connections_again) {
  const size_t before = count_of(servers.log(), " ACCEPT ");
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(sign_in("alice").identity);
    ASSERT_FALSE(sign_in("bob", secret("wrong")).identity);
  }
  EXPECT_EQ(count_of(servers.log(), " ACCEPT ") - before, 2U);
  EXPECT_EQ(directory->connections_kept(), 2U);
}

TEST_F(LdapSignIn, closes_what_nobody_uses) {
  ASSERT_TRUE(sign_in("alice").identity);
  clock.shift = 59s;
  directory->close_idle();
  EXPECT_EQ(directory->connections_kept(), 2U);
  clock.shift = 61s;
  directory->close_idle();
  EXPECT_EQ(directory->connections_kept(), 0U);
  EXPECT_TRUE(sign_in("alice").identity);
}

TEST_F(LdapSignIn, keeps_no_connection_for_ever) {
  const size_t before = count_of(servers.log(), " ACCEPT ");
  for (clock.shift = 0s; clock.shift <= 620s; clock.shift += 31s) ASSERT_TRUE(sign_in("alice").identity);
  EXPECT_EQ(count_of(servers.log(), " ACCEPT ") - before, 4U);
}

TEST_F(LdapSignIn, replaces_dead_connections_without_a_word) {
  ASSERT_TRUE(sign_in("alice").identity);
  servers.tell("stop a");
  servers.tell("start a");
  const LdapVerdict verdict = sign_in("alice");
  EXPECT_TRUE(verdict.identity) << shown(verdict.checks);
  for (const Check& check : verdict.checks.list()) EXPECT_TRUE(check.passed) << check.name;
}

TEST_F(LdapSignIn, goes_to_the_next_server) {
  provider.ldap.urls = {at("a"), at("b")};
  ASSERT_TRUE(sign_in("alice").identity);
  servers.tell("stop a");
  const LdapVerdict verdict = sign_in("bob");
  EXPECT_TRUE(verdict.identity) << shown(verdict.checks);
  EXPECT_NE(shown(verdict.checks).find("refuses connections"), std::string::npos) << shown(verdict.checks);
  servers.tell("start a");
  EXPECT_TRUE(sign_in("carol").identity);
}

// Pools have several threads, and they share the directory.
TEST_F(LdapSignIn, by_several_at_once) {
  open();
  std::vector<std::thread> threads;
  std::array<int, 4> right{};
  for (size_t i = 0; i < right.size(); ++i)
    threads.emplace_back([this, i, &right] {
      for (int turn = 0; turn < 5; ++turn) {
        const std::string name = i % 2 == 0 ? "alice" : "bob";
        const LdapVerdict verdict = sign_in(name);
        right[i] += verdict.identity && verdict.identity->name == name;
        right[i] += !sign_in(name, secret("wrong")).identity;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, (std::array<int, 4>{10, 10, 10, 10}));
  EXPECT_LE(directory->connections_kept(), kConnectionsKeptMax);
}

}  // namespace
}  // namespace sallyport::sso::ldap
