// What an entry says of a person, and what the codes of a server mean.
#include "sso/ldap/person.h"

#include <gtest/gtest.h>

namespace sallyport::sso::ldap {
namespace {

using namespace std::string_literals;
using Values = std::vector<std::string>;

Entry entry_with(std::initializer_list<std::pair<const char*, Values>> attributes) {
  Entry out("uid=alice,dc=c");
  for (const auto& [name, values] : attributes) out.add(name, values);
  return out;
}

Result<ExternalIdentity> read(const Entry& entry, const policy::ProviderAttributes& attributes = {}) {
  Checks checks;
  auto out = person_in(entry, attributes, checks);
  EXPECT_FALSE(checks.list().empty());
  EXPECT_EQ(checks.list().back().passed, out.has_value());
  return out;
}

TEST(ldap_person, by_default) {
  const auto person = read(entry_with({{"entryUUID", {"5f-1"}},
                                       {"MAIL", {"a@example.test", "b@example.test"}},
                                       {"uid", {"alice"}},
                                       {"cn", {"Alice"}}}));
  ASSERT_TRUE(person);
  EXPECT_EQ(person->subject, "5f-1");
  EXPECT_EQ(person->email, "a@example.test");
  EXPECT_EQ(person->name, "alice");
  EXPECT_EQ(person->means, "ldap");
  EXPECT_FALSE(person->session_end);
}

TEST(ldap_person, of_active_directory) {
  const auto person = read(entry_with({{"objectGUID", {"\x01\xff\0\x7f"s}}, {"sAMAccountName", {"alice"}}}));
  ASSERT_TRUE(person);
  EXPECT_EQ(person->subject, "01ff007f");
  EXPECT_EQ(person->name, "alice");
  EXPECT_EQ(person->email, "");
}

TEST(ldap_person, as_configured) {
  const Entry entry =
      entry_with({{"entryUUID", {"5f-1"}}, {"employeeNumber", {"77"}}, {"proxy", {"p@example.test"}}, {"cn", {"Al"}}});
  const auto person = read(entry, {"employeenumber", "proxy", "cn"});
  ASSERT_TRUE(person);
  EXPECT_EQ(person->subject, "77");
  EXPECT_EQ(person->email, "p@example.test");
  EXPECT_EQ(person->name, "Al");
  EXPECT_FALSE(read(entry, {"uidNumber", "", ""}));  // not entryUUID instead
}

TEST(ldap_person, refuses_a_subject_that_is_none) {
  const Values table[] = {{}, {""}, {"one", "two"}, {std::string(513, 'x')}, {"a\nb"}, {"\xff"}, {"a\0b"s}};
  for (const Values& values : table) {
    const auto person = read(entry_with({{"entryUUID", values}}));
    ASSERT_FALSE(person);
    EXPECT_EQ(person.error().code, Code::kMalformed);
  }
  EXPECT_TRUE(read(entry_with({{"entryUUID", {std::string(512, 'x')}}})));
}

TEST(ldap_person, refuses_text_that_is_none) {
  for (const std::string& value : {"a\r\nb"s, "\xc3("s, std::string(400, 'x')})
    EXPECT_FALSE(read(entry_with({{"entryUUID", {"1"}}, {"mail", {value}}}))) << value;
}

TEST(ldap_person, wants_what_is_read) {
  policy::IdentityProvider provider;
  EXPECT_EQ(wanted_attributes(provider),
            Values({"entryUUID", "objectGUID", "mail", "uid", "sAMAccountName", "memberOf"}));
  provider.groups.attribute = "isMemberOf";
  provider.attributes = {"a", "b", "c"};
  EXPECT_EQ(wanted_attributes(provider), Values({"a", "b", "c", "isMemberOf"}));
  provider.ldap.groups_dn = "ou=groups";
  EXPECT_EQ(wanted_attributes(provider), Values({"a", "b", "c"}));
}

TEST(ldap_entry, knows_when_values_are_kept_back) {
  const Entry entry = entry_with({{"memberOf;range=0-1499", {"cn=a"}}, {"member", {"cn=b"}}});
  EXPECT_TRUE(entry.is_partial("memberof"));
  EXPECT_FALSE(entry.is_partial("member"));
  EXPECT_TRUE(entry.values("memberOf").empty());
}

TEST(ldap_answer, is_said_in_words) {
  EXPECT_EQ(describe({49, "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 533, v4563"}),
            "invalid credentials (49): the account is disabled");
  EXPECT_EQ(describe({49, "uid=alice is unknown"}), "invalid credentials (49)");
  EXPECT_EQ(describe({49, ", data 999"}), "invalid credentials (49)");
  EXPECT_EQ(describe({0, ", data 533"}), "success (0)");
  EXPECT_EQ(describe({4711, ""}), "refused (4711)");
}

}  // namespace
}  // namespace sallyport::sso::ldap
