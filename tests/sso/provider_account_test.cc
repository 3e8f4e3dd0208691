#include "sso/provider_account.h"

#include <gtest/gtest.h>

#include "tests/policy/world.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;
using policy::record_of;
using policy::Role;
using policy::user_record;

// A world of people, and what is asked for each: "known ann", "link bob", "create carl", "no_account: ...".
class ProviderAccountTest : public ::testing::Test {
 protected:
  ProviderAccountTest() {
    add(record_of({{"kind", "identity_provider"},
                   {"name", "corp"},
                   {"type", "saml"},
                   {"domains", {"example.test", "corp.test"}},
                   {"saml", {{"metadata", "https://idp.example.test/x"}}}}));
    add(user_record("ann",
                    R"({"identities": [{"provider": "corp", "subject": "s-ann", "roles": {"plant": "viewer"}}]})"));
    add(user_record("bob"));
    add(user_record("root", R"({"admin": true})"));
    add(policy::team_record("plant", "{}"));
    provider_.domains = {"example.test", "corp.test"};
    provider_.provision = true;
  }

  void add(policy::ResourceRecord record) { records_.push_back(std::move(record)); }
  void damage(const std::string& name) {
    for (policy::ResourceRecord& record : records_)
      if (record.name == name) record.damaged = true;
  }

  AccountPlan plan(ExternalIdentity identity) {
    snapshot_ = policy::Snapshot::build(1, records_);
    return account_for(*snapshot_, "corp", provider_, policy::GroupReader(provider_.groups), identity);
  }
  std::string words(ExternalIdentity identity) {
    const AccountPlan plan = this->plan(std::move(identity));
    using What = AccountPlan::What;
    std::string out;
    switch (plan.what) {
      case What::kExisting:
        out = "known " + plan.user->name;
        break;
      case What::kLink:
        out = "link " + plan.user->name;
        break;
      case What::kCreate:
        out = "create " + plan.name;
        break;
      case What::kRefuse:
        return std::string(plan.code) + ": " + plan.reason;
    }
    if (!plan.email.empty()) out += " <" + plan.email + ">";
    return out + (plan.changes ? "" : ", unchanged");
  }
  static ExternalIdentity who(const std::string& subject, const std::string& email = "", const std::string& name = "",
                              std::vector<std::string> groups = {}) {
    ExternalIdentity out;
    out.subject = subject;
    out.email = email;
    out.name = name;
    out.groups = std::move(groups);
    return out;
  }

  policy::IdentityProvider provider_;
  std::vector<policy::ResourceRecord> records_;
  std::shared_ptr<const policy::Snapshot> snapshot_;
};

constexpr const char* kForeignDomain =
    "sign_in_refused: the asserted e-mail address is of a domain that is not the provider's";

TEST_F(ProviderAccountTest, the_subject_is_the_key) {
  EXPECT_EQ(words(who("s-ann", "", "", {"sp-plant-viewer"})), "known ann, unchanged");
  EXPECT_EQ(words(who("s-ann", "bob@example.test", "bob", {"sp-plant-viewer"})), "known ann, unchanged");
  EXPECT_EQ(words(who("S-ANN", "ann@example.test")),
            "account_elsewhere: the account is linked to another subject of this provider");
}

TEST_F(ProviderAccountTest, groups_become_roles_at_each_sign_in) {
  const AccountPlan up = plan(who("s-ann", "", "", {"sp-plant-owner", "everyone"}));
  EXPECT_TRUE(up.changes);
  EXPECT_EQ(up.identity.roles.at("plant"), Role::kOwner);
  EXPECT_EQ(up.groups.ignored.size(), 1U);
  const AccountPlan none = plan(who("s-ann"));  // a missing attribute is no group at all
  EXPECT_EQ(none.what, AccountPlan::What::kExisting);
  EXPECT_TRUE(none.changes);
  EXPECT_TRUE(none.identity.roles.empty());
  EXPECT_TRUE(plan(who("s-ann", "", "", {"sp-elsewhere-owner"})).identity.roles.empty());
}

TEST_F(ProviderAccountTest, the_admin_group_makes_an_admin) {
  provider_.groups.admin = "sp-admins";
  EXPECT_TRUE(plan(who("s-ann", "", "", {"sp-admins"})).identity.admin);
  EXPECT_FALSE(plan(who("s-ann", "", "", {"sp-admins-not"})).identity.admin);
  provider_.groups.admin = "";
  EXPECT_FALSE(plan(who("s-ann", "", "", {"sp-admins", ""})).identity.admin);
}

TEST_F(ProviderAccountTest, links_by_an_address_of_the_providers_domains) {
  EXPECT_EQ(words(who("s-bob", "bob@example.test")), "link bob <bob@example.test>");
  EXPECT_EQ(words(who("s-bob", "BOB@Example.TEST")), "link bob <bob@example.test>");
}

TEST_F(ProviderAccountTest, does_not_link_by_an_address_of_another_domain) {
  add(user_record("eve", R"({"email": "eve@other.test"})"));
  EXPECT_EQ(words(who("s-eve", "eve@other.test")), kForeignDomain);
  EXPECT_EQ(words(who("s-eve", "eve@sub.example.test")), kForeignDomain);
  EXPECT_EQ(words(who("s-eve", "eve@notexample.test")), kForeignDomain);
  EXPECT_EQ(words(who("s-bob", "bob@example.test@other.test")), "sign_in_refused: the asserted e-mail address is none");
  EXPECT_EQ(words(who("s-new", "new@other.test", "new")), kForeignDomain);  // nor is an account made with it
}

TEST_F(ProviderAccountTest, a_provider_without_domains_links_nobody) {
  provider_.domains.clear();
  EXPECT_EQ(words(who("s-bob", "bob@example.test", "carl")), "create carl");
  EXPECT_EQ(words(who("s-bob", "bob@example.test")), "create bob-2");  // the name alone, and another account
  provider_.provision = false;
  EXPECT_EQ(words(who("s-bob", "bob@example.test")), "no_account: nobody's here, and the provider makes no accounts");
}

TEST_F(ProviderAccountTest, never_links_by_a_name) {
  EXPECT_EQ(words(who("s-bob", "", "bob")), "create bob-2");
  EXPECT_EQ(words(who("s-bob", "bob", "bob")), "sign_in_refused: the asserted e-mail address is none");
}

TEST_F(ProviderAccountTest, an_admin_by_hand_is_not_adopted) {
  EXPECT_EQ(words(who("s-root", "root@example.test")),
            "account_elsewhere: an administrator's account is linked by an administrator alone");
  add(user_record("boss", R"({"admin": true, "identities": [{"provider": "corp", "subject": "s-boss"}]})"));
  EXPECT_EQ(words(who("s-boss", "boss@example.test")), "known boss, unchanged");  // linked by an admin
}

TEST_F(ProviderAccountTest, an_admin_by_a_group_is_adopted_elsewhere) {
  add(user_record("dan", R"({"identities": [{"provider": "lab", "subject": "7", "admin": true}]})"));
  EXPECT_EQ(words(who("s-dan", "dan@example.test")), "link dan <dan@example.test>");
}

TEST_F(ProviderAccountTest, who_may_not_be_here_is_refused) {
  add(user_record("sue", R"({"suspended": true, "identities": [{"provider": "corp", "subject": "s-sue"}]})"));
  add(user_record("sam", R"({"suspended": true})"));
  EXPECT_EQ(words(who("s-sue")), "sign_in_refused: suspended");
  EXPECT_EQ(words(who("s-sam", "sam@example.test")), "sign_in_refused: suspended");
  damage("ann");
  damage("bob");
  EXPECT_EQ(words(who("s-ann")), "sign_in_refused: damaged record");
  EXPECT_EQ(words(who("s-bob", "bob@example.test")), "sign_in_refused: damaged record");
  EXPECT_EQ(words(who("s-bob", "", "bob")), "sign_in_refused: damaged record");
}

TEST_F(ProviderAccountTest, two_users_of_one_address_are_nobodys) {
  add(user_record("bob2", R"({"email": "Bob@example.test"})"));
  EXPECT_EQ(words(who("s-bob", "bob@example.test")),
            "account_elsewhere: the asserted e-mail address is that of several accounts");
}

TEST_F(ProviderAccountTest, makes_an_account_where_there_is_none) {
  EXPECT_EQ(words(who("s-new", "carl@example.test")), "create carl <carl@example.test>");
  EXPECT_EQ(words(who("s-new", "carl@corp.test", "Carl Über")), "create carl-ber <carl@corp.test>");
  EXPECT_EQ(words(who("s-new", "", "carl")), "create carl");
  provider_.provision = false;
  EXPECT_EQ(words(who("s-new", "carl@example.test")), "no_account: nobody's here, and the provider makes no accounts");
}

TEST_F(ProviderAccountTest, a_name_that_is_taken_gets_a_number) {
  add(record_of({{"kind", "service_account"}, {"name", "robot"}, {"team", "plant"}, {"role", "viewer"}}));
  EXPECT_EQ(words(who("s-new", "", "bob")), "create bob-2");
  EXPECT_EQ(words(who("s-new", "", "robot")), "create robot-2");
  add(user_record("bob-2"));
  EXPECT_EQ(words(who("s-new", "", "bob")), "create bob-3");
  const std::string longest(63, 'x');
  add(user_record(longest));
  EXPECT_EQ(words(who("s-new", "", longest)), "create " + std::string(61, 'x') + "-2");
}

TEST_F(ProviderAccountTest, there_is_an_end_to_the_numbers) {
  for (int i = 2; i <= 98; ++i) add(user_record("bob-" + std::to_string(i)));
  EXPECT_EQ(words(who("s-new", "", "bob")), "create bob-99");
  add(user_record("bob-99"));
  EXPECT_EQ(words(who("s-new", "", "bob")), "no_account: every name that the account could have is taken");
}

TEST_F(ProviderAccountTest, without_a_name_no_account_is_made) {
  EXPECT_EQ(words(who("s-new")), "no_account: no name was asserted that an account could have");
  EXPECT_EQ(words(who("s-new", "", "Ünü")), "create n");
  EXPECT_EQ(words(who("s-new", "", "世界")), "no_account: no name was asserted that an account could have");
}

TEST_F(ProviderAccountTest, an_address_is_taken_over_where_there_is_none) {
  add(record_of({{"kind", "user"}, {"name", "dan"}, {"identities", {{{"provider", "corp"}, {"subject", "s-dan"}}}}}));
  EXPECT_EQ(words(who("s-dan")), "known dan, unchanged");
  EXPECT_EQ(words(who("s-dan", "Dan@example.test")), "known dan <dan@example.test>");
  EXPECT_EQ(words(who("s-dan", "dan@other.test")), "known dan, unchanged");
  EXPECT_EQ(words(who("s-dan", "bob@example.test")), "known dan, unchanged");
  EXPECT_EQ(words(who("s-dan", "nonsense")), "known dan, unchanged");
}

TEST_F(ProviderAccountTest, a_subject_has_a_length) {
  EXPECT_EQ(words(who("", "bob@example.test")), "sign_in_refused: no usable subject was asserted");
  EXPECT_EQ(words(who(std::string(513, 's'), "bob@example.test")), "sign_in_refused: no usable subject was asserted");
  EXPECT_EQ(words(who(std::string(512, 's'), "bob@example.test")), "link bob <bob@example.test>");
}

TEST_F(ProviderAccountTest, a_damaged_team_gives_no_role) {
  damage("plant");
  EXPECT_TRUE(plan(who("s-ann", "", "", {"sp-plant-owner"})).identity.roles.empty());
}

// "groups: plant: owner; 1 ignored, ... | account: known: ann"
std::string notes(const AccountPlan& plan) {
  Checks checks;
  note_account(checks, plan);
  std::string out;
  for (const Check& check : checks.list())
    out += (out.empty() ? "" : " | ") + std::string(check.passed ? "" : "NOT ") + check.name + ": " + check.found;
  return out;
}

TEST_F(ProviderAccountTest, the_flight_recorder_hears_of_roles_and_numbers_and_of_no_group) {
  provider_.groups.admin = "sp-admins";
  EXPECT_EQ(notes(plan(who("s-ann", "", "", {"sp-plant-owner", "sp-admins", "secret club", "another"}))),
            "groups: plant: owner; admin; 2 ignored, neither a mapping nor the pattern fits | account: known: ann");
  EXPECT_EQ(notes(plan(who("s-new", "carl@example.test"))), "account: created: carl");
  EXPECT_EQ(notes(plan(who("s-root", "root@example.test"))),
            "NOT account: an administrator's account is linked by an administrator alone: root");
  EXPECT_EQ(notes(plan(who(""))), "NOT account: no usable subject was asserted");
}

TEST(AccountNameTest, is_made_to_fit) {
  EXPECT_EQ(account_name_of("alice"), "alice");
  EXPECT_EQ(account_name_of("Alice.Smith_1"), "alice.smith_1");
  EXPECT_EQ(account_name_of("Alice  van der Berg"), "alice-van-der-berg");
  EXPECT_EQ(account_name_of("DOMAIN\\alice"), "domain-alice");
  EXPECT_EQ(account_name_of("..-alice-.."), "alice");
  EXPECT_EQ(account_name_of(std::string(100, 'a')), std::string(63, 'a'));
  EXPECT_EQ(account_name_of(std::string(62, 'a') + " b"), std::string(62, 'a'));
  EXPECT_EQ(account_name_of("-- ..__"), "");
  EXPECT_EQ(account_name_of(std::string("a\0b", 3)), "a-b");
}

}  // namespace
}  // namespace sallyport::sso
