// What an apply does to secrets, passwords and people.
#include "tests/storage/resource_service_world.h"

namespace sallyport::storage {
namespace {

class ResourceSecretsTest : public ResourceServiceWorld {};

// --- secrets

TEST_F(ResourceSecretsTest, an_absent_secret_is_kept_and_a_changed_one_is_sealed_anew) {
  json changed = datasource("crm", "plant", "");
  changed["guard"] = "block";
  EXPECT_EQ(apply({changed}), "~datasource crm");
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "s3cret");
  EXPECT_EQ(apply({datasource("crm", "plant", "new")}), "~datasource crm");
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "new");
}

TEST_F(ResourceSecretsTest, the_placeholder_keeps_a_secret) {
  EXPECT_EQ(apply({datasource("crm", "plant", std::string(policy::kSecretPlaceholder))}), "");
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "s3cret");
  EXPECT_EQ(apply({datasource("erp", "plant", std::string(policy::kSecretPlaceholder))}),
            "[0].secrets.token: has no value that could be kept\n");
}

TEST_F(ResourceSecretsTest, null_deletes_a_secret_that_nothing_uses) {
  json with = datasource("crm", "plant", "");
  with["secrets"] = {{"spare", "x"}};
  EXPECT_EQ(apply({with}), "~datasource crm");
  EXPECT_EQ(secret_of("crm", "secrets.spare", kDestination), "x");
  with["secrets"] = {{"spare", nullptr}};
  EXPECT_EQ(apply({with}), "~datasource crm");
  EXPECT_EQ(secret_of("crm", "secrets.spare", kDestination), "(none)");
  EXPECT_EQ(apply({with}), "") << "deleting what is gone is no change";
}

TEST_F(ResourceSecretsTest, null_does_not_delete_a_secret_that_an_injection_uses) {
  json without = datasource("crm", "plant", "");
  without["secrets"] = {{"token", nullptr}};
  EXPECT_EQ(apply({without}), "[0].secrets.token: has no value, and an injection uses it\n");
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "s3cret");
}

TEST_F(ResourceSecretsTest, a_secret_that_is_set_after_it_was_deleted_is_a_new_one) {
  json with = datasource("crm", "plant", "");
  for (const json& value : {json("x"), json(nullptr), json("x")}) {
    with["secrets"] = {{"spare", value}};
    EXPECT_EQ(apply({with}), "~datasource crm");
  }
  const policy::ResourceRecord record = records().at("crm");
  for (const auto& field : record.secrets) {
    if (field.field == "secrets.spare") {
      EXPECT_EQ(field.epoch, 3u);
    }
  }
  EXPECT_FALSE(record.damaged);
}

TEST_F(ResourceSecretsTest, a_change_of_destination_drops_every_secret_that_is_not_given_again) {
  for (const char* url : {"https://127.0.0.1:9445/v1", "http://127.0.0.1:9444/v1", "https://127.0.0.2:9444/v1"}) {
    json moved = datasource("crm", "plant", "");
    moved["upstream"]["url"] = url;
    EXPECT_EQ(apply({moved}), "[0].secrets.token: must be given again: the destination changed\n") << url;
    moved["secrets"] = {{"token", policy::kSecretPlaceholder}};
    EXPECT_EQ(apply({moved}), "[0].secrets.token: must be given again: it was sealed for another destination\n") << url;
  }
  json moved = datasource("crm", "plant", "again");
  moved["upstream"]["url"] = "https://127.0.0.1:9445/v1";
  EXPECT_EQ(apply({moved}), "~datasource crm");
  EXPECT_EQ(secret_of("crm", "secrets.token", "https://127.0.0.1:9445"), "again");
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "error: sealed value does not open");
}

TEST_F(ResourceSecretsTest, a_secret_that_nothing_uses_is_dropped_when_the_destination_changes) {
  json with = datasource("crm", "plant", "s3cret");
  with["secrets"]["spare"] = "x";
  ASSERT_EQ(apply({with}), "~datasource crm");
  json moved = datasource("crm", "plant", "s3cret");
  moved["upstream"]["url"] = "https://127.0.0.1:9445/v1";
  EXPECT_EQ(apply({moved}), "~datasource crm");
  EXPECT_EQ(secret_of("crm", "secrets.spare", "https://127.0.0.1:9445"), "(none)");
  EXPECT_NE(last_event().detail.find("secrets.spare gone"), std::string::npos);
}

TEST_F(ResourceSecretsTest, another_path_at_the_same_destination_keeps_the_secrets) {
  json moved = datasource("crm", "plant", "");
  moved["upstream"]["url"] = "https://127.0.0.1:9444/v2";
  EXPECT_EQ(apply({moved}), "~datasource crm");
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "s3cret");
}

TEST_F(ResourceSecretsTest, secrets_are_texts) {
  const auto with = [](const json& secrets) {
    json out = datasource("erp", "plant", "s");
    out["secrets"] = secrets;
    return out;
  };
  EXPECT_EQ(apply({with({{"token", 5}})}), "[0].secrets.token: must be text: put it in quotes\n");
  EXPECT_EQ(apply({with({{"token", true}})}), "[0].secrets.token: must be text: put it in quotes\n");
  EXPECT_EQ(apply({with({{"token", {{"a", "b"}}}})}), "[0].secrets.token: must be text\n");
  EXPECT_EQ(apply({with({{"token", ""}})}), "[0].secrets.token: must not be empty; null deletes it\n");
  EXPECT_EQ(apply({with({{"token", std::string(kSecretBytesMax + 1, 'x')}})}),
            "[0].secrets.token: secret value is too long\n");
  EXPECT_EQ(apply({with("x")}), "[0].secrets: must be a mapping of names to texts\n");
  EXPECT_EQ(apply({with({{"token", "fine"}})}), "+datasource erp");
}

// --- passwords and people

TEST_F(ResourceSecretsTest, a_password_counts_only_when_the_user_is_made) {
  json again = user("alice");
  again["password"] = "another one entirely";
  EXPECT_EQ(apply({again}), "");
  EXPECT_EQ(secret_of("alice", "password", ""), "hash of correct horse");
}

TEST_F(ResourceSecretsTest, a_password_that_is_refused_is_a_mistake) {
  json bob = user("bob");
  bob["password"] = "short";
  EXPECT_EQ(apply({bob}), "[0].password: is too short\n");
  EXPECT_EQ(apply({bob}, ApplyMode::kDryRun), "[0].password: is too short\n");
  bob.erase("password");
  EXPECT_EQ(apply({bob}), "+user bob");
  EXPECT_EQ(secret_of("bob", "password", ""), "(none)");
}

TEST_F(ResourceSecretsTest, a_new_password_ends_the_sessions_of_its_user) {
  SessionRecord session;
  session.id = session.family = RecordId::random();
  session.user = records().at("alice").id;
  session.absolute_end = WallMicros{INT64_MAX};
  session.idle = std::chrono::hours(1);
  session.last_seen_at = clock_.now;
  ASSERT_TRUE(store_->commit({.changes = {PutSession{session}}, .expected = std::nullopt}, {}));
  EXPECT_FALSE(service_->set_password("alice", secret("short"), ChangeAtOnce::kNo, "cli:0"));
  EXPECT_EQ(store_->sessions(clock_.now).value().size(), 1u);
  ASSERT_TRUE(service_->set_password("alice", secret("correct battery"), ChangeAtOnce::kNo, "cli:0"));
  EXPECT_EQ(secret_of("alice", "password", ""), "hash of correct battery");
  EXPECT_EQ(store_->sessions(clock_.now).value().size(), 0u);
  EXPECT_EQ(last_event().action, "user.password");
  EXPECT_EQ(last_event().object, "user alice");
  EXPECT_EQ(last_event().detail.find("battery"), std::string::npos);
  EXPECT_EQ(service_->set_password("nobody", secret("correct battery"), ChangeAtOnce::kNo, "cli:0").error().error->code,
            Code::kNotFound);
}

TEST_F(ResourceSecretsTest, suspending_lasts_until_somebody_resumes) {
  ASSERT_TRUE(service_->set_suspended("alice", true, "cli:0"));
  EXPECT_EQ(last_event().action, "user.suspend");
  EXPECT_EQ(service_->get(policy::Kind::kUser, "alice").value().at(0)["suspended"], true);
  const size_t before = events();
  ASSERT_TRUE(service_->set_suspended("alice", true, "cli:0"));
  EXPECT_EQ(events(), before) << "a second time is no change";
  EXPECT_EQ(apply({user("alice")}), "") << "a file that does not speak of it does not undo it";
  json moved = user("alice");
  moved["email"] = "alice@other.test";
  EXPECT_EQ(apply({moved}), "~user alice");
  EXPECT_EQ(service_->get(policy::Kind::kUser, "alice").value().at(0)["suspended"], true);
  EXPECT_EQ(apply(shown()), "");
  ASSERT_TRUE(service_->set_suspended("alice", false, "cli:0"));
  EXPECT_FALSE(service_->get(policy::Kind::kUser, "alice").value().at(0).contains("suspended"));
  EXPECT_EQ(secret_of("alice", "password", ""), "hash of correct horse");
}

TEST_F(ResourceSecretsTest, the_last_administrator_stays) {
  json demoted = user("root");
  EXPECT_EQ(apply({demoted}), "[0].admin: the last administrator stays one\n");
  json suspended = user("root", true);
  suspended["suspended"] = true;
  EXPECT_EQ(apply({suspended}), "[0].suspended: the last administrator cannot be suspended\n");
  EXPECT_EQ(remove(policy::Kind::kUser, "root"), ": the last administrator stays\n");
  const auto refused = service_->set_suspended("root", true, "cli:0");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().mistakes.at(0).code, "last_admin");
  EXPECT_EQ(apply({user("bob", true), demoted}), "+user bob, ~user root") << "another one takes over in the same file";
  EXPECT_EQ(remove(policy::Kind::kUser, "root"), "-user root");
  EXPECT_EQ(remove(policy::Kind::kUser, "bob"), ": the last administrator stays\n");
}

TEST_F(ResourceSecretsTest, a_user_who_goes_leaves_no_session_and_no_token) {
  ASSERT_EQ(apply({user("bob")}), "+user bob");
  TokenRecord token;
  token.id = RecordId::random();
  token.user = records().at("bob").id;
  SessionRecord session;
  session.id = session.family = RecordId::random();
  session.user = token.user;
  session.absolute_end = WallMicros{INT64_MAX};
  session.idle = std::chrono::hours(1);
  session.last_seen_at = clock_.now;
  ASSERT_TRUE(store_->commit({.changes = {PutToken{token}, PutSession{session}}, .expected = std::nullopt}, {}));
  EXPECT_EQ(remove(policy::Kind::kUser, "bob"), "-user bob");
  EXPECT_TRUE(store_->tokens().value().empty());
  EXPECT_TRUE(store_->sessions(clock_.now).value().empty());
}

}  // namespace
}  // namespace sallyport::storage
