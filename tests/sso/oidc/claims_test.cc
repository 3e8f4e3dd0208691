#include "tests/sso/oidc/oidc_world.h"

namespace sallyport::sso::oidc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Person {
  policy::IdentityProvider provider = provider_settings();
  json id_token{{"sub", "u1"}};
  json userinfo;
  Result<ExternalIdentity> identity() const {
    Checks checks;
    return identity_of(provider, id_token, userinfo, checks);
  }
  std::string email() const { return identity().value().email; }
  std::string why() const {
    const auto out = identity();
    return out ? "taken" : out.error().what;
  }
};

TEST(oidc_claims, an_email_address_counts_when_it_is_verified) {
  Person person;
  EXPECT_EQ(person.email(), "");
  person.id_token["email"] = "a@example.test";
  EXPECT_EQ(person.email(), "") << "nothing is said of it";
  for (const json& said :
       {json(false), json("false"), json(1), json("yes"), json("TRUE"), json(nullptr), json({true})}) {
    person.id_token["email_verified"] = said;
    EXPECT_EQ(person.email(), "") << said;
  }
  for (const json& said : {json(true), json("true")}) {
    person.id_token["email_verified"] = said;
    EXPECT_EQ(person.email(), "a@example.test") << said;
  }
  person.id_token.erase("email_verified");
  person.provider.oidc.require_email_verified = false;
  EXPECT_EQ(person.email(), "a@example.test");
  for (const json& said :
       {json("a"), json("@"), json("a@"), json("@b"), json("a b@c"), json("a@b\nc"), json(1), json({"a@example.test"}),
        json(std::string(250, 'a') + "@b.test"), json("\xc3\xa4@b.test")}) {
    person.id_token["email"] = said;
    EXPECT_EQ(person.email(), "") << said;
  }
}

TEST(oidc_claims, email_verified_does_not_vouch_for_another_claim) {
  Person person;
  person.provider.attributes.email = "upn";
  person.id_token.update({{"email", "mine@example.test"}, {"email_verified", true}, {"upn", "boss@example.test"}});
  EXPECT_EQ(person.email(), "");
  person.provider.oidc.require_email_verified = false;
  EXPECT_EQ(person.email(), "boss@example.test");
  person.provider.oidc.require_email_verified = true;
  person.provider.attributes.email = "email";
  EXPECT_EQ(person.email(), "mine@example.test");
}

TEST(oidc_claims, one_documents_verification_does_not_vouch_for_the_others_address) {
  Person person;
  person.id_token.update({{"email", "mine@example.test"}, {"email_verified", true}});
  person.userinfo = {{"sub", "u1"}, {"email", "boss@example.test"}};
  EXPECT_EQ(person.email(), "");
  person.userinfo["email_verified"] = true;
  EXPECT_EQ(person.email(), "boss@example.test");
  person.userinfo = {{"sub", "u1"}, {"email_verified", true}};
  person.id_token.erase("email_verified");
  EXPECT_EQ(person.email(), "");
}

TEST(oidc_claims, names) {
  Person person;
  person.id_token.update({{"preferred_username", "ally"}, {"name", "Alice"}, {"nick", "al"}});
  EXPECT_EQ(person.identity()->name, "ally");
  person.provider.attributes.name = "nick";
  EXPECT_EQ(person.identity()->name, "al");
  person.id_token["nick"] = "a\x01";
  EXPECT_EQ(person.identity()->name, "");
  person.provider.attributes.name = "";
  person.id_token.erase("preferred_username");
  EXPECT_EQ(person.identity()->name, "Alice");
}

TEST(oidc_claims, the_subject_may_be_another_claim_of_the_id_token) {
  Person person;
  person.provider.attributes.subject = "oid";
  EXPECT_EQ(person.why(), "ID token lacks the claim that tells people apart");
  person.userinfo = {{"sub", "u1"}, {"oid", "somebody"}};
  EXPECT_EQ(person.why(), "ID token lacks the claim that tells people apart") << "userinfo is not signed";
  person.id_token["oid"] = "o-1";
  EXPECT_EQ(person.identity()->subject, "o-1");
  for (const json& said : {json(1), json(""), json({"o-1"}), json(std::string(256, 'o'))}) {
    person.id_token["oid"] = said;
    EXPECT_EQ(person.why(), "ID token lacks the claim that tells people apart") << said;
  }
}

TEST(oidc_claims, groups_by_name_and_by_path) {
  Person person;
  EXPECT_THAT(person.identity()->groups, IsEmpty());
  person.id_token["groups"] = {"a", "", "b"};
  EXPECT_THAT(person.identity()->groups, ElementsAre("a", "b"));
  person.id_token["groups"] = "one";
  EXPECT_THAT(person.identity()->groups, ElementsAre("one"));
  person.id_token["groups"] = nullptr;
  EXPECT_THAT(person.identity()->groups, IsEmpty());
  person.provider.groups.attribute = "realm_access.roles";
  person.id_token["realm_access"] = {{"roles", {"r"}}};
  EXPECT_THAT(person.identity()->groups, ElementsAre("r"));
  person.id_token["realm_access.roles"] = {"whole name first"};
  EXPECT_THAT(person.identity()->groups, ElementsAre("whole name first"));
  person.provider.groups.attribute = "https://example.test/groups";
  person.id_token["https://example.test/groups"] = {"url"};
  EXPECT_THAT(person.identity()->groups, ElementsAre("url"));
  for (const char* path : {"realm_access.none", "realm_access.roles.deeper", "sub.a", "none.a", ".", "a..b", ""}) {
    person.id_token.erase("realm_access.roles");
    person.provider.groups.attribute = path;
    EXPECT_THAT(person.identity()->groups, IsEmpty()) << path;
  }
}

TEST(oidc_claims, groups_that_are_something_else_are_refused) {
  Person person;
  for (const json& said : {json(1), json(true), json({{"a", 1}}), json({1}), json({"a", nullptr}), json({{"a"}})}) {
    person.id_token["groups"] = said;
    EXPECT_EQ(person.why(), "groups are neither a text nor a list of texts") << said;
  }
  person.id_token["groups"] = std::vector<std::string>(kAssertedGroupsMax + 1, "a");
  EXPECT_EQ(person.why(), "too many groups");
  person.id_token["groups"] = {std::string(kAssertedGroupBytesMax + 1, 'a')};
  EXPECT_EQ(person.why(), "a group's name is too long");
}

TEST(oidc_claims, groups_that_were_left_out_are_told) {
  Person person;
  person.id_token["_claim_names"] = {{"groups", "src1"}};
  Checks checks;
  ASSERT_TRUE(identity_of(person.provider, person.id_token, person.userinfo, checks));
  EXPECT_EQ(checks.list().back().found, "left out by the provider: there are too many");
}

TEST(oidc_claims, how_it_was_done) {
  Person person;
  EXPECT_EQ(person.identity()->means, "oidc");
  person.id_token["amr"] = {"pwd", 1, "otp"};
  EXPECT_EQ(person.identity()->means, "oidc, pwd otp");
  person.id_token["acr"] = "urn:mace:incommon:iap:silver";
  EXPECT_EQ(person.identity()->means, "oidc, urn:mace:incommon:iap:silver");
  person.id_token["acr"] = std::string(500, 'a');
  EXPECT_EQ(person.identity()->means.size(), 100u);
  person.id_token["acr"] = "a\nb";
  EXPECT_EQ(person.identity()->means, "oidc");
}

}  // namespace
}  // namespace sallyport::sso::oidc
