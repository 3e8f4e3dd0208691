#include "tests/storage/resource_service_world.h"

namespace sallyport::storage {
namespace {

using policy::ProvidedIdentity;
using policy::Role;
using What = ProvidedAccountWish::What;

json provider(const std::string& name = "corp", const std::string& domain = "example.test") {
  return {
      {"kind", "identity_provider"}, {"name", name},      {"type", "saml"},
      {"domains", {domain}},         {"provision", true}, {"saml", {{"metadata", "https://idp.example.test/" + name}}}};
}

class ProvidedAccountTest : public ResourceServiceWorld {
 protected:
  void SetUp() override {
    ResourceServiceWorld::SetUp();
    ASSERT_EQ(apply({provider()}), "+identity_provider corp");
  }

  ProvidedAccountWish wish(What what, const std::string& name, const std::string& email, ProvidedIdentity identity) {
    ProvidedAccountWish out;
    out.what = what;
    out.name = name;
    out.email = email;
    out.identity = std::move(identity);
    out.client = "192.0.2.1";
    const auto now = records();
    out.user = what == What::kCreate ? RecordId::random() : now.at(name).id;
    out.provider = now.at("corp").id;
    out.provider_version = now.at("corp").version;
    return out;
  }
  ProvidedIdentity identity(const std::string& subject, std::map<std::string, Role> roles = {}, bool admin = false) {
    return {.provider = "corp", .subject = subject, .admin = admin, .roles = std::move(roles)};
  }

  std::string put(const ProvidedAccountWish& wanted) {
    const auto done = service_->put_provided_account(wanted);
    if (!done) return std::string(to_string(done.error().code)) + ": " + done.error().what;
    return done->changed ? "changed" : "same";
  }
  // Its spec as JSON, without what the password leaves.
  std::string spec(const std::string& name) {
    json out = json::parse(records().at(name).spec);
    out.erase("password_set");
    out.erase("admin");
    return out.dump();
  }
  SessionRecord session(const UserId& user, char fill) {
    SessionRecord out;
    out.id_hash.fill(std::byte(fill));
    out.id = RecordId::random();
    out.family = out.id;
    out.user = user;
    out.host = "gate.localhost";
    out.created_at = out.last_seen_at = clock_.now;
    out.absolute_end = clock_.now + std::chrono::hours(1);
    out.idle = std::chrono::hours(1);
    return out;
  }
  void link_alice() {
    ASSERT_EQ(put(wish(What::kLink, "alice", "alice@example.test", identity("s-1", {{"plant", Role::kViewer}}))),
              "changed");
  }
};

constexpr const char* kMeanwhile = "denied: changed meanwhile";

TEST_F(ProvidedAccountTest, makes_an_account_with_its_session_in_one_commit) {
  ProvidedAccountWish wanted =
      wish(What::kCreate, "bob", "bob@example.test", identity("s-2", {{"plant", Role::kOwner}}, true));
  wanted.more.changes.emplace_back(PutSession{session(wanted.user, 'b')});
  wanted.events.push_back({clock_.now, "session.begin", "bob", "", "", ""});
  const size_t before = events();

  ASSERT_EQ(put(wanted), "changed");

  EXPECT_EQ(spec("bob"),
            R"({"email":"bob@example.test","identities":[{"admin":true,"provider":"corp","roles":{"plant":"owner"},)"
            R"("subject":"s-2"}]})");
  EXPECT_EQ(records().at("bob").id, wanted.user);
  EXPECT_FALSE(records().at("bob").damaged);
  EXPECT_EQ(store_->sessions_of(wanted.user, clock_.now).value().size(), 1U);
  ASSERT_EQ(events(), before + 2);
  const AdminEvent event = store_->admin_events(before, 10).value().front().event;
  EXPECT_EQ(event.action, "user.provision");
  EXPECT_EQ(event.actor, "bob");
  EXPECT_EQ(event.object, "user bob");
  EXPECT_EQ(event.client, "192.0.2.1");
  EXPECT_EQ(event.detail, "made by identity_provider corp; plant: none -> owner, admin");
}

TEST_F(ProvidedAccountTest, an_account_may_have_no_address) {
  ASSERT_EQ(put(wish(What::kCreate, "bob", "", identity("s-2"))), "changed");
  EXPECT_EQ(spec("bob"), R"({"identities":[{"provider":"corp","subject":"s-2"}]})");
}

TEST_F(ProvidedAccountTest, makes_nothing_where_a_name_an_address_or_a_subject_is_taken) {
  ASSERT_EQ(apply({json{{"kind", "service_account"}, {"name", "robot"}, {"team", "plant"}, {"role", "viewer"}}}),
            "+service_account robot");
  link_alice();
  EXPECT_EQ(put(wish(What::kCreate, "alice", "", identity("s-2"))), kMeanwhile);
  EXPECT_EQ(put(wish(What::kCreate, "robot", "", identity("s-2"))), kMeanwhile);
  EXPECT_EQ(put(wish(What::kCreate, "bob", "ALICE@example.test", identity("s-2"))), kMeanwhile);
  EXPECT_EQ(put(wish(What::kCreate, "bob", "", identity("s-1"))), kMeanwhile);
  EXPECT_FALSE(records().contains("bob"));
}

TEST_F(ProvidedAccountTest, what_would_not_read_again_is_not_written) {
  EXPECT_EQ(put(wish(What::kCreate, "bob", "no address", identity("s-2"))),
            "limit: the account cannot hold what the provider says");
  EXPECT_EQ(put(wish(What::kCreate, "Bob", "", identity("s-2"))),
            "limit: the account cannot hold what the provider says");
  EXPECT_EQ(put(wish(What::kCreate, "bob", "", identity(std::string(513, 's')))),
            "limit: the account cannot hold what the provider says");
}

TEST_F(ProvidedAccountTest, links_the_account_of_an_address_and_keeps_all_else) {
  const policy::ResourceRecord before = records().at("alice");
  ASSERT_EQ(store_->commit({{PutSession{session(before.id, 'a')}}, {}}, {}).has_value(), true);
  link_alice();
  EXPECT_EQ(spec("alice"),
            R"({"email":"alice@example.test","identities":[{"provider":"corp","roles":{"plant":"viewer"},"subject":)"
            R"("s-1"}]})");
  EXPECT_EQ(secret_of("alice", "password", ""), "hash of correct horse");
  EXPECT_EQ(records().at("alice").id, before.id);
  EXPECT_EQ(store_->sessions_of(before.id, clock_.now).value().size(), 1U);
  EXPECT_EQ(last_event().action, "user.link");
  EXPECT_EQ(last_event().detail, "linked by e-mail address by identity_provider corp; plant: none -> viewer");
}

TEST_F(ProvidedAccountTest, links_nobody_whose_account_became_another_meanwhile) {
  EXPECT_EQ(put(wish(What::kLink, "alice", "al@example.test", identity("s-1"))), kMeanwhile);
  EXPECT_EQ(put(wish(What::kLink, "root", "root@example.test", identity("s-1"))), kMeanwhile);  // an admin by hand
  link_alice();
  EXPECT_EQ(put(wish(What::kLink, "alice", "alice@example.test", identity("s-3"))), kMeanwhile);
  ASSERT_EQ(apply({user("carl")}), "+user carl");
  EXPECT_EQ(put(wish(What::kLink, "carl", "carl@example.test", identity("s-1"))), kMeanwhile);  // alice's subject
  ASSERT_TRUE(service_->set_suspended("carl", true, "cli:0"));
  EXPECT_EQ(put(wish(What::kLink, "carl", "carl@example.test", identity("s-4"))), "denied: suspended");
  ProvidedAccountWish gone = wish(What::kLink, "carl", "carl@example.test", identity("s-4"));
  gone.name = "dora";
  EXPECT_EQ(put(gone), kMeanwhile);
  gone.name = "alice";  // another record by that name
  EXPECT_EQ(put(gone), kMeanwhile);
}

TEST_F(ProvidedAccountTest, a_sign_in_that_changes_nothing_writes_no_record) {
  link_alice();
  const uint64_t version = records().at("alice").version;
  const size_t before = events();
  ProvidedAccountWish wanted = wish(What::kKnown, "alice", "", identity("s-1", {{"plant", Role::kViewer}}));
  wanted.more.changes.emplace_back(PutSession{session(wanted.user, 'a')});
  EXPECT_EQ(put(wanted), "same");
  EXPECT_EQ(records().at("alice").version, version);
  EXPECT_EQ(events(), before);
  EXPECT_EQ(store_->sessions_of(wanted.user, clock_.now).value().size(), 1U);
}

TEST_F(ProvidedAccountTest, roles_follow_each_sign_in) {
  link_alice();
  EXPECT_EQ(put(wish(What::kKnown, "alice", "", identity("s-1", {{"plant", Role::kOwner}, {"lab", Role::kMember}}))),
            "changed");
  EXPECT_EQ(last_event().action, "user.provided");
  EXPECT_EQ(last_event().detail, "changed by identity_provider corp; lab: none -> member, plant: viewer -> owner");
  EXPECT_EQ(put(wish(What::kKnown, "alice", "", identity("s-1", {}, true))), "changed");
  EXPECT_EQ(last_event().detail, "changed by identity_provider corp; lab: member -> none, plant: owner -> none, admin");
  EXPECT_EQ(put(wish(What::kKnown, "alice", "", identity("s-1"))), "changed");
  EXPECT_EQ(last_event().detail, "changed by identity_provider corp; no longer admin");
}

TEST_F(ProvidedAccountTest, an_address_is_put_where_there_is_none_and_nowhere_else) {
  ASSERT_EQ(put(wish(What::kCreate, "bob", "", identity("s-2"))), "changed");
  EXPECT_EQ(put(wish(What::kKnown, "bob", "alice@example.test", identity("s-2"))), kMeanwhile);
  EXPECT_EQ(put(wish(What::kKnown, "bob", "bob@example.test", identity("s-2"))), "changed");
  EXPECT_EQ(spec("bob"), R"({"email":"bob@example.test","identities":[{"provider":"corp","subject":"s-2"}]})");
  EXPECT_EQ(put(wish(What::kKnown, "bob", "other@example.test", identity("s-2"))), "same");
}

TEST_F(ProvidedAccountTest, who_is_no_longer_who_was_judged_is_not_let_in) {
  EXPECT_EQ(put(wish(What::kKnown, "alice", "", identity("s-1"))), kMeanwhile);  // not linked
  link_alice();
  EXPECT_EQ(put(wish(What::kKnown, "alice", "", identity("s-9"))), kMeanwhile);
  ProvidedAccountWish wanted = wish(What::kKnown, "alice", "", identity("s-1", {{"plant", Role::kViewer}}));
  ASSERT_TRUE(service_->set_suspended("alice", true, "cli:0"));
  EXPECT_EQ(put(wanted), "denied: suspended");
  ASSERT_TRUE(service_->set_suspended("alice", false, "cli:0"));
  EXPECT_EQ(put(wanted), "same");
  wanted.user = RecordId::random();
  EXPECT_EQ(put(wanted), kMeanwhile);
}

TEST_F(ProvidedAccountTest, a_provider_that_was_changed_or_deleted_opens_nothing) {
  link_alice();
  const ProvidedAccountWish known = wish(What::kKnown, "alice", "", identity("s-1", {{"plant", Role::kViewer}}));
  const ProvidedAccountWish made = wish(What::kCreate, "bob", "", identity("s-2"));
  json other = provider();
  other["provision"] = false;
  ASSERT_EQ(apply({other}), "~identity_provider corp");
  EXPECT_EQ(put(known), kMeanwhile);
  EXPECT_EQ(put(made), kMeanwhile);
  ASSERT_EQ(remove(policy::Kind::kIdentityProvider, "corp"), "~user alice, -identity_provider corp");
  EXPECT_EQ(put(known), kMeanwhile);
  EXPECT_EQ(put(made), kMeanwhile);
}

TEST_F(ProvidedAccountTest, a_conflict_of_the_session_is_told_from_one_of_the_account) {
  link_alice();
  ProvidedAccountWish wanted = wish(What::kKnown, "alice", "", identity("s-1", {{"plant", Role::kOwner}}));
  RaiseSession raise;
  raise.id = RecordId::random();  // there is none
  wanted.more.changes.emplace_back(raise);
  const auto refused = service_->put_provided_account(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_TRUE(spec("alice").contains("viewer"));  // all or nothing
}

TEST_F(ProvidedAccountTest, damaged_records_open_nothing) {
  link_alice();
  const ProvidedAccountWish known = wish(What::kKnown, "alice", "", identity("s-1", {{"plant", Role::kViewer}}));
  const ProvidedAccountWish linked = wish(What::kLink, "alice", "alice@example.test", identity("s-1"));
  tamper(path_, "UPDATE resources SET spec = '{}' WHERE name = 'alice'");
  EXPECT_EQ(put(known), "denied: the user's record is damaged: apply or delete it");
  EXPECT_EQ(put(linked), "denied: the user's record is damaged: apply or delete it");
  EXPECT_EQ(put(wish(What::kCreate, "alice", "", identity("s-2"))), kMeanwhile);
  tamper(path_, "UPDATE resources SET spec = '{}' WHERE name = 'corp'");
  EXPECT_EQ(put(wish(What::kCreate, "bob", "", identity("s-2"))), kMeanwhile);
}

TEST_F(ProvidedAccountTest, an_admin_by_a_group_is_not_the_last_admin) {
  ASSERT_EQ(put(wish(What::kCreate, "bob", "", identity("s-2", {}, true))), "changed");
  json root = user("root");
  root.erase("password");
  EXPECT_EQ(apply({root}), "[0].admin: the last administrator stays one\n");
}

// --- documents

TEST_F(ProvidedAccountTest, a_document_that_does_not_speak_of_links_keeps_them) {
  link_alice();
  const std::string before = spec("alice");
  json alice = user("alice");
  alice.erase("password");
  EXPECT_EQ(apply({alice}), "");
  alice["email"] = "al@example.test";
  EXPECT_EQ(apply({alice}), "~user alice");
  EXPECT_EQ(json::parse(spec("alice"))["identities"], json::parse(before)["identities"]);
  EXPECT_EQ(apply(shown()), "");
}

TEST_F(ProvidedAccountTest, a_document_makes_and_drops_links_and_gives_no_role) {
  link_alice();
  ASSERT_EQ(apply({provider("lab", "lab.test")}), "+identity_provider lab");
  json alice = user("alice");
  alice.erase("password");
  alice["identities"] = {{{"provider", "corp"}, {"subject", "s-1"}, {"roles", {{"plant", "owner"}}}, {"admin", true}},
                         {{"provider", "lab"}, {"subject", "7"}, {"roles", {{"plant", "owner"}}}, {"admin", true}}};
  EXPECT_EQ(apply({alice}), "~user alice");
  EXPECT_EQ(json::parse(spec("alice"))["identities"].dump(),
            R"([{"provider":"corp","roles":{"plant":"viewer"},"subject":"s-1"},{"provider":"lab","subject":"7"}])");
  const UserId id = records().at("alice").id;
  ASSERT_TRUE(store_->commit({{PutSession{session(id, 'a')}}, {}}, {}));
  EXPECT_EQ(apply({alice}), "");
  EXPECT_EQ(store_->sessions_of(id, clock_.now).value().size(), 1U);
  alice["identities"] = {{{"provider", "lab"}, {"subject", "7"}}};
  EXPECT_EQ(apply({alice}), "~user alice");
  EXPECT_EQ(json::parse(spec("alice"))["identities"].dump(), R"([{"provider":"lab","subject":"7"}])");
  EXPECT_EQ(store_->sessions_of(id, clock_.now).value().size(), 0U);  // a link is gone
  alice["identities"] = json::array();
  EXPECT_EQ(apply({alice}), "~user alice");
  EXPECT_FALSE(spec("alice").contains("identities"));
}

TEST_F(ProvidedAccountTest, another_subject_is_another_link) {
  link_alice();
  json alice = user("alice");
  alice.erase("password");
  alice["identities"] = {{{"provider", "corp"}, {"subject", "s-2"}}};
  EXPECT_EQ(apply({alice}), "~user alice");
  EXPECT_EQ(json::parse(spec("alice"))["identities"].dump(), R"([{"provider":"corp","subject":"s-2"}])");
}

TEST_F(ProvidedAccountTest, refuses_links_that_do_not_hang_together) {
  link_alice();
  json carl = user("carl");
  carl["identities"] = {{{"provider", "nowhere"}, {"subject", "1"}}};
  EXPECT_EQ(apply({carl}), "[0].identities[0].provider: there is no identity_provider `nowhere`\n");
  carl["identities"] = {{{"provider", "corp"}, {"subject", "s-1"}}};
  EXPECT_EQ(apply({carl}), "[0].identities[0]: is a link of user alice\n");
  carl["identities"] = {{{"provider", "corp"}, {"subject", "1"}}, {{"provider", "corp"}, {"subject", "2"}}};
  EXPECT_EQ(apply({carl}), "[0].identities[1].provider: is there twice: a user is one person there\n");
  carl["identities"] = {{{"provider", "corp"}, {"subject", "s-2"}}};
  EXPECT_EQ(apply({carl}), "+user carl");
}

TEST_F(ProvidedAccountTest, a_provider_that_goes_takes_its_links_along) {
  link_alice();
  const UserId alice = records().at("alice").id;
  const UserId root = records().at("root").id;
  ASSERT_TRUE(store_->commit({{PutSession{session(alice, 'a')}, PutSession{session(root, 'r')}}, {}}, {}));
  EXPECT_EQ(remove(policy::Kind::kIdentityProvider, "corp"), "~user alice, -identity_provider corp");
  EXPECT_FALSE(spec("alice").contains("identities"));
  EXPECT_EQ(secret_of("alice", "password", ""), "hash of correct horse");
  EXPECT_EQ(store_->sessions_of(alice, clock_.now).value().size(), 0U);
  EXPECT_EQ(store_->sessions_of(root, clock_.now).value().size(), 1U);
}

TEST_F(ProvidedAccountTest, so_does_one_that_is_pruned) {
  link_alice();
  std::vector<json> documents = shown();
  std::erase_if(documents, [](const json& one) { return one["kind"] == "identity_provider"; });
  for (json& one : documents) one.erase("identities");
  EXPECT_EQ(apply(documents, ApplyMode::kCommit, Prune::kYes), "~user alice, -identity_provider corp");
  EXPECT_FALSE(spec("alice").contains("identities"));
}

}  // namespace
}  // namespace sallyport::storage
