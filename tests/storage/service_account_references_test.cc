// Service accounts beside teams and users: what is named exists, names are of one namespace, an end takes the tokens.
#include "tests/storage/resource_service_world.h"

namespace sallyport::storage {
namespace {

class ServiceAccountResources : public ResourceServiceWorld {
 protected:
  static json account(const std::string& name, const std::string& of = "plant", const std::string& role = "viewer") {
    return {{"kind", "service_account"}, {"name", name}, {"team", of}, {"role", role}};
  }
  RecordId id_of(const std::string& name) {
    for (const ResourceRow& row : store_->resources_since(Generation{0})->changed)
      if (row.record.name == name) return row.record.id;
    return {};
  }
  void add_token(const RecordId& owner) {
    TokenRecord token;
    token.id = RecordId::random();
    token.hash = sha256(token.id.view());
    token.user = owner;
    token.name = "t";
    token.created_at = clock_.now;
    token.expires_at = clock_.now + std::chrono::hours(1);
    ASSERT_TRUE(store_->commit({{PutToken{token}}, std::nullopt}, {}));
  }
};

TEST_F(ServiceAccountResources, comes_behind_its_team_and_goes_before_it) {
  const json lab = team("lab", json::object());
  EXPECT_EQ(apply({account("nightly", "lab"), lab}), "+team lab, +service_account nightly");
  EXPECT_EQ(apply({account("nightly", "lab"), lab}), "");
  EXPECT_NE(remove(policy::Kind::kTeam, "lab").find("team lab is still used by service_account nightly (team)"),
            std::string::npos);
  EXPECT_EQ(remove(policy::Kind::kServiceAccount, "nightly"), "-service_account nightly");
  EXPECT_EQ(remove(policy::Kind::kTeam, "lab"), "-team lab");
}

TEST_F(ServiceAccountResources, its_team_exists) {
  EXPECT_EQ(apply({account("nightly", "nowhere")}), "[0].team: there is no team `nowhere`\n");
}

TEST_F(ServiceAccountResources, nobody_else_has_its_name) {
  EXPECT_EQ(apply({account("alice")}), "[0].name: is the name of user alice\n");
  EXPECT_EQ(apply({account("nightly")}), "+service_account nightly");
  EXPECT_EQ(apply({user("nightly")}), "[0].name: is the name of service_account nightly\n");
  EXPECT_EQ(apply({user("both"), account("both")}), "[1].name: is the name of user both\n");
}

TEST_F(ServiceAccountResources, places_may_name_it_and_member_lists_may_not) {
  ASSERT_EQ(apply({account("nightly")}), "+service_account nightly");
  json crm = datasource("crm", "plant");
  crm["roles"] = {{"nightly", "member"}};
  EXPECT_EQ(apply({crm}), "~datasource crm");
  EXPECT_EQ(apply({team("plant", {{"alice", "owner"}, {"nightly", "owner"}})}),
            "[0].members.nightly: is a service account: its role in its team is its own `role`\n");
  EXPECT_NE(remove(policy::Kind::kServiceAccount, "nightly").find("service_account nightly is still used by"),
            std::string::npos);
}

TEST_F(ServiceAccountResources, its_end_revokes_its_tokens_and_no_others) {
  ASSERT_EQ(apply({account("nightly")}), "+service_account nightly");
  add_token(id_of("nightly"));
  add_token(id_of("alice"));
  ASSERT_EQ(remove(policy::Kind::kServiceAccount, "nightly"), "-service_account nightly");
  const auto left = store_->tokens();
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ(left->front().user, id_of("alice"));
}

TEST_F(ServiceAccountResources, reads_back_as_it_was_applied) {
  json full = account("nightly");
  full["networks"] = {"10.0.0.0/8"};
  full["strength"] = "mfa";
  full["suspended"] = true;
  ASSERT_EQ(apply({full}), "+service_account nightly");
  EXPECT_EQ(json::parse(service_->get(policy::Kind::kServiceAccount, "nightly")->front().dump()), full);
  EXPECT_EQ(apply(shown()), "");
}

}  // namespace
}  // namespace sallyport::storage
