// Service accounts in a decision: who they are by name, what role they have, where from, and what their tokens count
// as.
#include <gtest/gtest.h>

#include "policy/explanation.h"
#include "tests/policy/asking.h"

namespace sallyport::policy {
namespace {

using nlohmann::json;

ResourceRecord account_record(const std::string& name, std::string_view patch = "{}") {
  ResourceRecord out =
      record_of(patched({{"kind", "service_account"}, {"name", name}, {"team", "plant"}, {"role", "member"}}, patch));
  out.id = id_of(name);
  return out;
}

class ServiceAccount : public testing::Test {
 protected:
  ServiceAccount() {
    records_ = people();
    records_.push_back(team_record("plant", kMembers));
    records_.push_back(team_record("lab", R"({"eve": "owner"})"));
    records_.push_back(platform_record());
    records_.push_back(datasource_record("crm", "a.test"));
    records_.push_back(datasource_record("lims", "b.test", R"({"team": "lab"})"));
  }
  void put(ResourceRecord record) {
    std::erase_if(records_, [&](const ResourceRecord& old) { return old.id == record.id; });
    records_.push_back(std::move(record));
    snapshot_ = snapshot_ ? Snapshot::rebuild(*snapshot_, ++generation_, {&records_.back(), 1}, {})
                          : Snapshot::build(++generation_, records_);
  }
  void remove(const RecordId& id) {
    std::erase_if(records_, [&](const ResourceRecord& old) { return old.id == id; });
    snapshot_ = Snapshot::rebuild(*snapshot_, ++generation_, {}, {&id, 1});
  }
  // The decision, and that the explanation comes to the same.
  std::string ask(const char* who, const char* host = "a.test", const char* from = "10.1.2.3") {
    const Place place = snapshot_->locate(host, "/x");
    const Asker asker(who);
    const RequestFacts facts{.snapshot = *snapshot_,
                             .resource = *place.resource,
                             .method = "GET",
                             .path = place.path,
                             .client = {IpAddress::parse(from).value()},
                             .identity = &asker.identity,
                             .now = kNow};
    const Decision decision = decide(facts);
    EXPECT_EQ(text_of(explain(facts).decision), text_of(decision));
    // Built from nothing, the snapshot says the same.
    const auto fresh = Snapshot::build(generation_, records_);
    EXPECT_EQ(text_of(decide_for(*fresh, *fresh->locate(host, "/x").resource, {who, "GET", "/x", from}, asker)),
              text_of(decision));
    return text_of(decision) + " " + std::string(to_string(decision.role));
  }

  std::vector<ResourceRecord> records_;
  std::shared_ptr<const Snapshot> snapshot_;
  uint64_t generation_ = 0;
};

TEST_F(ServiceAccount, has_its_role_in_its_team_and_nowhere_else) {
  put(account_record("nightly"));
  EXPECT_EQ(ask("nightly@token"), "allow 0 rule member");
  EXPECT_EQ(ask("nightly@token", "b.test"), "deny -1 no role none");
  put(account_record("nightly", R"({"role": "viewer"})"));
  EXPECT_EQ(ask("nightly@token"), "deny -1 no rule allows viewer");
  put(account_record("nightly", R"({"role": null})"));
  EXPECT_EQ(ask("nightly@token"), "deny -1 no role none");
  put(account_record("nightly", R"({"team": "lab"})"));
  EXPECT_EQ(ask("nightly@token"), "deny -1 no role none");
  EXPECT_EQ(ask("nightly@token", "b.test"), "allow 0 rule member");
}

TEST_F(ServiceAccount, a_place_may_give_it_another_role_or_take_it) {
  put(account_record("nightly"));
  put(datasource_record("crm", "a.test", R"({"roles": {"nightly": "none"}})"));
  put(datasource_record("lims", "b.test", R"({"team": "lab", "roles": {"nightly": "member"}})"));
  EXPECT_EQ(ask("nightly@token"), "deny -1 no role none");
  EXPECT_EQ(ask("nightly@token", "b.test"), "allow 0 rule member");
}

TEST_F(ServiceAccount, asks_by_tokens_alone) {
  put(account_record("nightly"));
  EXPECT_EQ(ask("nightly"), "deny -1 service account without token none");
  EXPECT_EQ(ask("nightly+mfa"), "deny -1 service account without token none");
  EXPECT_EQ(snapshot_->user_by_name_or_email("nightly"), nullptr) << "there is nobody to sign in";
  Identity identity;
  identity.user = id_of("nightly");
  EXPECT_STREQ(decide_gate(*snapshot_, identity, kNow).reason, "service account without token");
  const TokenScope scope;
  identity.means = Means::kToken;
  identity.scope = &scope;
  EXPECT_EQ(decide_gate(*snapshot_, identity, kNow).outcome, Outcome::kAllow);
}

TEST_F(ServiceAccount, counts_from_its_networks_alone) {
  put(account_record("nightly", R"({"networks": ["10.1.0.0/16"]})"));
  EXPECT_EQ(ask("nightly@token"), "allow 0 rule member");
  EXPECT_EQ(ask("nightly@token", "a.test", "10.2.0.1"), "deny -1 service account: address none");
}

TEST_F(ServiceAccount, suspended_damaged_or_gone_it_has_nothing) {
  put(account_record("nightly", R"({"suspended": true})"));
  EXPECT_EQ(ask("nightly@token"), "deny -1 suspended none");
  ResourceRecord damaged = account_record("nightly");
  damaged.damaged = true;
  put(damaged);
  EXPECT_EQ(ask("nightly@token"), "deny -1 damaged user none");
  put(account_record("nightly"));
  EXPECT_EQ(ask("nightly@token"), "allow 0 rule member");
  remove(id_of("nightly"));
  EXPECT_EQ(ask("nightly@token"), "deny -1 no such user none");
}

TEST_F(ServiceAccount, a_second_factor_is_what_it_says_itself) {
  put(account_record("nightly"));
  put(platform_record(R"({"mfa": "required"})"));
  EXPECT_EQ(ask("nightly@token+mfa"), "deny 0 token without second factor member") << "whatever the token says";
  Identity identity;
  const TokenScope scope;
  identity.user = id_of("nightly");
  identity.means = Means::kToken;
  identity.scope = &scope;
  identity.strength = Strength::kMfa;
  EXPECT_EQ(decide_gate(*snapshot_, identity, kNow).outcome, Outcome::kDeny);
  put(account_record("nightly", R"({"strength": "mfa"})"));
  EXPECT_EQ(ask("nightly@token+mfa"), "allow 0 rule member");
  EXPECT_EQ(ask("nightly@token"), "deny 0 token without second factor member") << "and no token counts as more";
  EXPECT_EQ(decide_gate(*snapshot_, identity, kNow).outcome, Outcome::kAllow);
  put(datasource_record("crm", "a.test", R"({"access": [{"roles": ["member"], "mfa": {"within": "15m"}}]})"));
  EXPECT_EQ(ask("nightly@token+mfa"), "deny 0 token without second factor member") << "never a fresh one";
}

TEST_F(ServiceAccount, a_name_that_two_bear_gives_no_role) {
  records_.push_back(account_record("alice"));
  records_.back().id = id_of("service alice");
  snapshot_ = Snapshot::build(++generation_, records_);
  Asker asker("alice@token");
  const CompiledResource& crm = *snapshot_->locate("a.test", "/x").resource;
  EXPECT_EQ(role_on(crm, id_of("service alice")), Role::kNone);
  EXPECT_EQ(role_on(crm, id_of("alice")), Role::kNone);
}

TEST_F(ServiceAccount, a_member_list_does_not_reach_it) {
  put(account_record("nightly", R"({"role": "viewer"})"));
  put(team_record("plant", R"({"nightly": "owner"})"));
  EXPECT_EQ(ask("nightly@token"), "deny -1 no rule allows viewer");
  put(team_record("lab", R"({"nightly": "owner"})"));
  EXPECT_EQ(ask("nightly@token", "b.test"), "deny -1 no role none");
}

TEST_F(ServiceAccount, a_team_knows_its_accounts) {
  put(account_record("nightly"));
  put(account_record("export"));
  put(account_record("labber", R"({"team": "lab"})"));
  const auto names = [&](std::string_view team) {
    std::string out;
    for (const CompiledUser* account : snapshot_->accounts_of(team)) out += account->name + " ";
    return out;
  };
  EXPECT_EQ(names("plant"), "export nightly ");
  EXPECT_EQ(names("lab"), "labber ");
  EXPECT_EQ(names("none"), "");
  remove(id_of("export"));
  EXPECT_EQ(names("plant"), "nightly ");
}

TEST(ServiceAccountDocument, reads_and_refuses) {
  const json sound = {{"kind", "service_account"}, {"name", "nightly"}, {"team", "plant"}};
  const auto plain = std::get<sallyport::policy::ServiceAccount>(read_resource(sound)->body);
  EXPECT_EQ(plain.role, Role::kNone);
  EXPECT_EQ(plain.strength, Strength::kPassword);
  EXPECT_FALSE(plain.suspended);
  const auto full = std::get<sallyport::policy::ServiceAccount>(
      read_resource(patched(sound, R"({"role": "viewer", "networks": ["10.0.0.0/8"], "strength": "mfa",
                                       "suspended": true})"))
          ->body);
  EXPECT_EQ(full.role, Role::kViewer);
  EXPECT_EQ(full.networks.size(), 1u);
  EXPECT_EQ(full.strength, Strength::kMfa);
  EXPECT_TRUE(full.suspended);
  const std::pair<const char*, const char*> rows[] = {
      {R"({"team": null})", "team: is missing"},    {R"({"password": "x"})", "password:"},
      {R"({"email": "a@b.test"})", "email:"},       {R"({"admin": true})", "admin:"},
      {R"({"certificates": []})", "certificates:"}, {R"({"role": "boss"})", "role:"},
      {R"({"strength": "high"})", "strength:"},     {R"({"networks": ["10.0.0.1/8"]})", "networks[0]:"},
      {R"({"name": "No Name"})", "name:"},
  };
  for (const auto& [patch, expected] : rows) {
    const std::string lines = mistakes_of(patched(sound, patch));
    EXPECT_TRUE(lines.starts_with(expected)) << patch << " -> " << lines;
  }
}

TEST(PlatformTokens, reads_and_refuses) {
  const auto plain = std::get<Platform>(read_resource(platform_document())->body);
  EXPECT_EQ(plain.token_life_max, std::chrono::days(365));
  EXPECT_EQ(plain.tokens_per_owner_max, 100);
  const auto narrow = std::get<Platform>(
      read_resource(patched(platform_document(), R"({"tokens": {"max_life": "90d", "per_user": 5}})"))->body);
  EXPECT_EQ(narrow.token_life_max, std::chrono::days(90));
  EXPECT_EQ(narrow.tokens_per_owner_max, 5);
  for (const char* patch :
       {R"({"tokens": {"max_life": "366d"}})", R"({"tokens": {"max_life": "0s"}})", R"({"tokens": {"max_life": 30}})",
        R"({"tokens": {"per_user": 0}})", R"({"tokens": {"per_user": 100000}})", R"({"tokens": {"never": true}})"})
    EXPECT_TRUE(mistakes_of(patched(platform_document(), patch)).starts_with("tokens.")) << patch;
}

}  // namespace
}  // namespace sallyport::policy
