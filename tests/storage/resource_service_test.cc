// What is kept, what several documents must agree on, all or nothing.
#include "tests/storage/resource_service_world.h"

namespace sallyport::storage {
namespace {

class ResourceServiceTest : public ResourceServiceWorld {};

// --- what is kept

TEST_F(ResourceServiceTest, seals_what_it_was_given) {
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "s3cret");
  EXPECT_EQ(secret_of("alice", "password", ""), "hash of correct horse");
  for (const auto& [name, record] : records()) {
    EXPECT_FALSE(record.damaged) << name;
    EXPECT_EQ(record.spec.find("s3cret"), std::string::npos);
    EXPECT_EQ(record.spec.find("correct horse"), std::string::npos);
  }
}

TEST_F(ResourceServiceTest, wipes_the_secrets_from_the_documents_even_if_they_are_refused) {
  std::vector<json> documents{datasource("erp", "plant", "NEEDLE"), user("bob"), {{"kind", "nonsense"}}};
  documents[0]["secrets"]["number"] = 5;
  documents[0]["secrets"]["list"] = {"NEEDLE"};
  EXPECT_FALSE(service_->apply(documents, ApplyMode::kCommit, Prune::kNo, "cli:0", "gate.localhost"));
  EXPECT_EQ(json(documents).dump().find("NEEDLE"), std::string::npos);
  EXPECT_EQ(json(documents).dump().find("correct horse"), std::string::npos);
}

TEST_F(ResourceServiceTest, shows_kind_and_name_first_and_no_secret) {
  EXPECT_EQ(service_->get(policy::Kind::kDatasource, "crm").value().at(0).dump(),
            R"({"kind":"datasource","name":"crm","team":"plant","type":"http","at":"crm.apps.localhost",)"
            R"("upstream":{"networks":["127.0.0.0/8"],"url":"https://127.0.0.1:9444/v1"},)"
            R"("inject":{"headers":{"Authorization":"Bearer {{ secrets.token }}"}},)"
            R"("secrets":{"token":"Encrypted on the server side"}})");
  EXPECT_EQ(service_->get(policy::Kind::kUser, "alice").value().at(0).dump(),
            R"({"kind":"user","name":"alice","email":"alice@example.test","admin":false,)"
            R"("password_set":"2023-11-14T22:13:20Z"})");
  EXPECT_EQ(service_->get(policy::Kind::kUser, "").value().size(), 2u);
  EXPECT_EQ(service_->get(policy::Kind::kUser, "nobody").error().code, Code::kNotFound);
  EXPECT_TRUE(service_->get(policy::Kind::kInstance, "").value().empty());
}

TEST_F(ResourceServiceTest, applying_what_get_shows_changes_nothing) {
  const Generation before = store_->generation().value();
  const size_t events_before = events();
  EXPECT_EQ(apply(shown()), "");
  EXPECT_EQ(store_->generation().value(), before);
  EXPECT_EQ(events(), events_before);
}

TEST_F(ResourceServiceTest, applying_the_same_file_twice_changes_nothing) {
  EXPECT_EQ(apply({user("root", true), user("alice"), team("plant", {{"alice", "owner"}}), datasource("crm", "plant")}),
            "");
}

TEST_F(ResourceServiceTest, the_order_of_keys_is_no_change) {
  const json turned = json::parse(R"({"members": {"alice": "owner"}, "name": "plant", "kind": "team"})");
  EXPECT_EQ(apply({turned}), "");
}

// --- what several documents must agree on

TEST_F(ResourceServiceTest, what_is_named_exists) {
  EXPECT_EQ(apply({datasource("erp", "nowhere")}), "[0].team: there is no team `nowhere`\n");
  EXPECT_EQ(apply({team("t", {{"ghost", "viewer"}})}), "[0].members.ghost: there is no user `ghost`\n");
  json with_role = datasource("erp", "plant");
  with_role["roles"] = {{"ghost", "none"}};
  EXPECT_EQ(apply({with_role}), "[0].roles.ghost: there is no user `ghost`\n");
  EXPECT_EQ(apply({datasource("erp", "nowhere"), team("nowhere")}), "+team nowhere, +datasource erp")
      << "in whichever order they stand";
}

TEST_F(ResourceServiceTest, what_is_named_does_not_go_away) {
  EXPECT_EQ(remove(policy::Kind::kTeam, "plant"), ": team plant is still used by datasource crm (team)\n");
  EXPECT_EQ(remove(policy::Kind::kUser, "alice"), ": user alice is still used by team plant (members.alice)\n");
  EXPECT_EQ(remove(policy::Kind::kDatasource, "nothing"), "error: there is no such resource");
  EXPECT_EQ(remove(policy::Kind::kDatasource, "crm"), "-datasource crm");
  EXPECT_EQ(remove(policy::Kind::kTeam, "plant"), "-team plant");
  EXPECT_EQ(remove(policy::Kind::kUser, "alice"), "-user alice");
}

TEST_F(ResourceServiceTest, a_host_belongs_to_one_team) {
  ASSERT_EQ(apply({team("office")}), "+team office");
  json erp = datasource("erp", "office");
  erp["at"] = "crm.apps.localhost/erp";
  EXPECT_EQ(apply({erp}),
            "[0].at: a host belongs to one team, and this one has resources of another: datasource crm\n");
  erp["team"] = "plant";
  EXPECT_EQ(apply({erp}), "+datasource erp");
  json crm = datasource("crm", "office");
  EXPECT_NE(apply({crm}), "~datasource crm") << "one of two cannot move alone";
  erp["team"] = "office";
  EXPECT_EQ(apply({crm, erp}), "~datasource crm, ~datasource erp") << "both together can";
}

TEST_F(ResourceServiceTest, a_place_is_found_taken_however_its_host_was_spelled) {
  ASSERT_EQ(apply({team("office")}), "+team office");
  const auto at = [](const std::string& name, const std::string& team, const std::string& place) {
    json out = datasource(name, team);
    out["at"] = place;
    return out;
  };
  ASSERT_EQ(apply({at("one", "plant", "ERP.apps.localhost"), at("six", "plant", "[2001:DB8:0::A]"),
                   at("four", "plant", "[::ffff:c000:207]")}),
            "+datasource one, +datasource six, +datasource four");
  EXPECT_EQ(apply({at("two", "plant", "erp.apps.localhost")}), "[0].at: is taken by datasource one\n");
  EXPECT_EQ(apply({at("two", "plant", "[2001:db8::a]")}), "[0].at: is taken by datasource six\n");
  EXPECT_EQ(apply({at("two", "plant", "192.0.2.7")}), "[0].at: is taken by datasource four\n");
  EXPECT_EQ(apply({at("two", "office", "erp.apps.localhost/b")}),
            "[0].at: a host belongs to one team, and this one has resources of another: datasource one\n");
}

TEST_F(ResourceServiceTest, a_place_is_taken_once_and_the_gates_never) {
  json erp = datasource("erp", "plant");
  erp["at"] = "crm.apps.localhost";
  EXPECT_EQ(apply({erp}), "[0].at: is taken by datasource crm\n");
  erp["at"] = "gate.localhost/api";
  EXPECT_EQ(apply({erp}), "[0].at: the gate's own host carries no resource\n");
  erp["at"] = "CRM.apps.localhost";
  EXPECT_NE(apply({erp}), "+datasource erp") << "nor in other letters";
  json crm = datasource("crm", "plant");
  crm["at"] = "other.apps.localhost";
  erp["at"] = "crm.apps.localhost";
  EXPECT_EQ(apply({erp, crm}), "+datasource erp, ~datasource crm") << "given up and taken in one change";
}

TEST_F(ResourceServiceTest, an_address_belongs_to_one_user) {
  json bob = user("bob");
  bob["email"] = "ALICE@example.test";
  EXPECT_EQ(apply({bob}), "[0].email: is the address of user alice\n");
}

TEST_F(ResourceServiceTest, a_certificate_belongs_to_one_user) {
  json bob = user("bob");
  json alice = user("alice");
  bob["certificates"] = {"email:bob@example.test", "dns:press.example.test"};
  EXPECT_EQ(apply({bob}), "+user bob");
  alice["certificates"] = {"dns:Press.EXAMPLE.test"};
  EXPECT_EQ(apply({alice}), "[0].certificates[0]: is a certificate of user bob\n") << "in whichever spelling";
  alice["certificates"] = {"email:press.example.test@example.test", "uri:dns:press.example.test"};
  EXPECT_EQ(apply({alice}), "~user alice") << "another kind is another name";
  bob["certificates"] = json::array();
  alice["certificates"] = {"dns:press.example.test"};
  EXPECT_EQ(apply({alice, bob}), "~user alice, ~user bob") << "given up and taken in one change";
  json eve = user("eve");
  json ray = user("ray");
  eve["certificates"] = ray["certificates"] = {"dns:new.example.test"};
  EXPECT_EQ(apply({eve, ray}), "[1].certificates[0]: is a certificate of user eve\n");
}

TEST_F(ResourceServiceTest, a_document_is_there_once) {
  EXPECT_EQ(apply({team("t"), team("t")}), "[1].name: is there twice\n");
  json other = datasource("t", "t");
  EXPECT_EQ(apply({team("t"), other}), "+team t, +datasource t") << "a name is unique per kind";
}

TEST_F(ResourceServiceTest, every_mistake_of_every_document_is_told_at_once) {
  json erp = datasource("erp", "plant");
  erp["nonsense"] = 1;
  const std::string told = apply({{{"kind", "user"}}, erp, json::array(), {{"kind", "what"}, {"name", "x"}}});
  for (const char* path : {"[0].name", "[1].nonsense", "[2]", "[3].kind"})
    EXPECT_NE(told.find(path), std::string::npos) << path << " in " << told;
}

TEST_F(ResourceServiceTest, text_that_is_no_utf8_is_refused) {
  json bad = team("t");
  bad["members"] = {{"\xff\xfe", "viewer"}};
  EXPECT_EQ(apply({bad}), "[0]: must be UTF-8\n");
}

// --- all or nothing, dry runs, pruning

TEST_F(ResourceServiceTest, one_mistake_leaves_everything_as_it_was) {
  const Generation before = store_->generation().value();
  EXPECT_EQ(apply({user("bob"), team("office", {{"bob", "owner"}}), datasource("erp", "nowhere")}),
            "[2].team: there is no team `nowhere`\n");
  EXPECT_EQ(store_->generation().value(), before);
  EXPECT_FALSE(records().contains("bob"));
}

TEST_F(ResourceServiceTest, a_dry_run_tells_and_does_nothing) {
  const Generation before = store_->generation().value();
  json changed = datasource("crm", "plant");
  changed["guard"] = "block";
  EXPECT_EQ(apply({datasource("erp", "office"), changed, team("office"), user("bob")}, ApplyMode::kDryRun),
            "+user bob, +team office, +datasource erp, ~datasource crm");
  EXPECT_EQ(store_->generation().value(), before);
  EXPECT_EQ(apply({datasource("erp", "office"), changed, team("office"), user("bob")}),
            "+user bob, +team office, +datasource erp, ~datasource crm");
}

TEST_F(ResourceServiceTest, prune_deletes_what_an_apply_made_and_never_users) {
  EXPECT_EQ(apply({team("office")}, ApplyMode::kDryRun, Prune::kYes), "+team office, -datasource crm, -team plant");
  EXPECT_EQ(apply({team("office")}, ApplyMode::kCommit, Prune::kYes), "+team office, -datasource crm, -team plant");
  EXPECT_TRUE(records().contains("alice"));
  EXPECT_FALSE(records().contains("plant"));
}

// Or a second factor that is demanded of everybody would go without a word.
TEST_F(ResourceServiceTest, the_platform_is_deleted_by_name_alone) {
  ASSERT_EQ(apply({{{"kind", "platform"}, {"name", "platform"}, {"mfa", "required"}}}), "+platform platform");
  EXPECT_EQ(apply({team("plant", {{"alice", "owner"}})}, ApplyMode::kCommit, Prune::kYes), "-datasource crm");
  EXPECT_TRUE(records().at("platform").spec.contains("required"));
  EXPECT_EQ(remove(policy::Kind::kPlatform, "platform"), "-platform platform");
  EXPECT_FALSE(records().contains("platform"));
}

TEST_F(ResourceServiceTest, prune_spares_what_was_not_made_by_an_apply) {
  // As the API would make it.
  ResourceRow row = store_->resources_since(Generation{0}).value().changed.at(0);
  for (ResourceRow& one : store_->resources_since(Generation{0}).value().changed)
    if (one.record.name == "crm") row = one;
  row.record.applied = false;
  std::vector<FieldEpoch> epochs{{"", 2, keyring_->epoch_mac(row.record.id, "", 2)}};
  ASSERT_TRUE(store_->commit(
      {.changes = {PutResource{row.record, keyring_->row_mac(row.record, 2), epochs}}, .expected = std::nullopt}, {}));
  EXPECT_EQ(apply({team("plant", {{"alice", "owner"}})}, ApplyMode::kCommit, Prune::kYes), "");
  json changed = datasource("crm", "plant");
  changed["guard"] = "block";
  ASSERT_EQ(apply({changed}), "~datasource crm");
  EXPECT_EQ(apply({team("plant", {{"alice", "owner"}})}, ApplyMode::kCommit, Prune::kYes), "")
      << "an apply that changes it does not make it its own";
}

TEST_F(ResourceServiceTest, prune_does_not_break_what_stays) {
  EXPECT_EQ(apply({datasource("crm", "plant")}, ApplyMode::kCommit, Prune::kYes),
            "[0].team: there is no team `plant`\n");
}

TEST_F(ResourceServiceTest, a_pruned_place_can_be_taken_in_the_same_apply) {
  json erp = datasource("erp", "plant");
  erp["at"] = "crm.apps.localhost";
  EXPECT_EQ(apply({team("plant", {{"alice", "owner"}}), erp}, ApplyMode::kCommit, Prune::kYes),
            "+datasource erp, -datasource crm");
}

TEST_F(ResourceServiceTest, each_change_leaves_its_event) {
  const size_t before = events();
  ASSERT_EQ(apply({datasource("crm", "plant", "new"), team("office")}), "+team office, ~datasource crm");
  const auto all = store_->admin_events(before, 10).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].event.action, "resource.put");
  EXPECT_EQ(all[0].event.object, "team office");
  EXPECT_EQ(all[0].event.actor, "cli:0");
  EXPECT_EQ(all[0].event.detail, "made");
  EXPECT_EQ(all[1].event.object, "datasource crm");
  EXPECT_EQ(all[1].event.detail, "changed, secrets.token set");
}

// A store in which somebody else commits just before we do, a few times.
class Contended final : public Store {
 public:
  Contended(Store& store, int times, std::function<void()> meanwhile)
      : store_(store), times_(times), meanwhile_(std::move(meanwhile)) {}
  Result<Generation> commit(const ChangeSet& changes, const std::vector<AdminEvent>& events) override {
    if (times_-- > 0) meanwhile_();
    return store_.commit(changes, events);
  }
  Result<Installation> installation() override { return store_.installation(); }
  Result<Generation> generation() override { return store_.generation(); }
  Result<ResourceChanges> resources_since(Generation since) override { return store_.resources_since(since); }
  Result<ResourceChanges> resources_needed(const ResourceNeed& need) override { return store_.resources_needed(need); }
  Result<ResourceChanges> resource(const RecordId& id) override { return store_.resource(id); }
  Result<RevocationsSince> revocations_since(Generation since) override { return store_.revocations_since(since); }
  Result<std::vector<SessionRecord>> sessions(WallMicros now) override { return store_.sessions(now); }
  Result<std::vector<SessionRecord>> sessions_of(const UserId& user, WallMicros now) override {
    return store_.sessions_of(user, now);
  }
  Result<std::vector<TokenRecord>> tokens() override { return store_.tokens(); }
  Result<std::vector<TokenRecord>> tokens_of(const UserId& user) override { return store_.tokens_of(user); }
  Result<std::vector<FactorUse>> factor_uses(const UserId& user) override { return store_.factor_uses(user); }
  Result<std::vector<UserId>> users_of_factor(const RecordId& id) override { return store_.users_of_factor(id); }
  Result<std::vector<SessionOrigin>> session_origins(const RecordId& provider, const Sha256& subject,
                                                     const std::vector<Sha256>& indexes) override {
    return store_.session_origins(provider, subject, indexes);
  }
  Result<std::vector<SessionOrigin>> session_origins_of_index(const RecordId& provider, const Sha256& index) override {
    return store_.session_origins_of_index(provider, index);
  }
  Result<std::optional<SessionOrigin>> session_origin(const RecordId& session) override {
    return store_.session_origin(session);
  }
  Result<std::vector<SignInAttempt>> sign_in_attempts(std::string_view provider, size_t max) override {
    return store_.sign_in_attempts(provider, max);
  }
  Result<std::optional<ProviderDocument>> provider_document(const RecordId& provider, std::string_view what) override {
    return store_.provider_document(provider, what);
  }
  Result<std::vector<DataKeyRecord>> data_keys() override { return store_.data_keys(); }
  Result<std::vector<NamedKeyRecord>> named_keys(std::string_view purpose) override {
    return store_.named_keys(purpose);
  }
  Result<std::vector<ChainedAdminEvent>> admin_events(uint64_t after, size_t max) override {
    return store_.admin_events(after, max);
  }
  Result<ChainHead> admin_chain_head() override { return store_.admin_chain_head(); }
  Result<FlowRecord> take_flow(const Sha256& key, WallMicros now) override { return store_.take_flow(key, now); }
  Result<FlowRecord> peek_flow(const Sha256& key, WallMicros now) override { return store_.peek_flow(key, now); }
  Result<void> sweep(WallMicros now) override { return store_.sweep(now); }

 private:
  Store& store_;
  int times_;
  std::function<void()> meanwhile_;
};

TEST_F(ResourceServiceTest, a_change_that_is_overtaken_is_planned_again_and_loses_nothing) {
  int made = 0;
  int hashed = 0;
  const auto meanwhile = [&] { ASSERT_NE(apply({team("other" + std::to_string(++made))}), ""); };
  const auto hash = [&](const SecretBytes&, const std::string&, const std::string&,
                        const SecretBytes*) -> std::expected<SecretBytes, std::string> {
    ++hashed;
    return secret("hash");
  };
  {
    Contended contended(*store_, 4, meanwhile);
    ResourceService overtaken(contended, *keyring_, clock_, hash);
    std::vector<json> documents{team("mine"), user("bob")};
    EXPECT_EQ(words(overtaken.apply(documents, ApplyMode::kCommit, Prune::kNo, "cli:0", "")), "+user bob, +team mine");
    EXPECT_EQ(made, 4);
    EXPECT_EQ(hashed, 1);
  }
  Contended contended(*store_, 5, meanwhile);
  ResourceService overtaken(contended, *keyring_, clock_, hash);
  std::vector<json> documents{team("never")};
  EXPECT_EQ(words(overtaken.apply(documents, ApplyMode::kCommit, Prune::kNo, "cli:0", "")),
            "error: resources were changed by somebody else again and again");
  EXPECT_FALSE(records().contains("never"));
}

}  // namespace
}  // namespace sallyport::storage
