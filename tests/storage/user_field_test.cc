// One sealed field of a user that is changed by itself, by somebody who read it before; and how an admin takes it away.
#include "storage/user_field.h"

#include "tests/storage/resource_service_world.h"

namespace sallyport::storage {
namespace {

class UserFieldTest : public ResourceServiceWorld {
 protected:
  UserId id_of(const std::string& name) { return records().at(name).id; }
  uint64_t epoch(const std::string& name = "alice") {
    const policy::ResourceRecord record = records().at(name);
    for (const policy::SealedField& field : record.secrets)
      if (field.field == "factors") return field.epoch;
    return 0;
  }
  Result<Generation> write(uint64_t was, const char* value, ChangeSet more = {}, const std::string& user = "alice") {
    UserFieldEdit edit{.user = id_of(user), .field = "factors", .was = was, .value = std::nullopt};
    if (value != nullptr) edit.value = secret(value);
    return edit_user_field(*store_, *keyring_, edit, more,
                           {{clock_.now, "user.factors", user, "user " + user, "", "changed"}});
  }
  std::string value(const std::string& user = "alice") { return secret_of(user, "factors", ""); }
  SessionRecord open_session(const std::string& user) {
    SessionRecord out;
    out.id = out.family = RecordId::random();
    out.id_hash = sha256(out.id.view());
    out.user = id_of(user);
    out.host = "gate.localhost";
    out.last_seen_at = clock_.now;
    out.absolute_end = clock_.now + std::chrono::hours(1);
    out.idle = std::chrono::hours(1);
    EXPECT_TRUE(store_->commit({.changes = {PutSession{out}}, .expected = {}}, {}));
    return out;
  }
};

TEST_F(UserFieldTest, comes_changes_and_goes_and_all_else_stays) {
  const std::string password = secret_of("alice", "password", "");
  ASSERT_TRUE(write(0, "first"));
  EXPECT_EQ(value(), "first");
  const uint64_t first = epoch();
  ASSERT_TRUE(write(first, "second"));
  EXPECT_EQ(value(), "second");
  EXPECT_GT(epoch(), first);
  EXPECT_EQ(last_event().action, "user.factors");
  ASSERT_TRUE(write(epoch(), nullptr));
  EXPECT_EQ(value(), "(none)");
  EXPECT_EQ(secret_of("alice", "password", ""), password);
  EXPECT_FALSE(records().at("alice").damaged);
  ASSERT_TRUE(write(0, "third"));
  EXPECT_GT(epoch(), first + 1) << "an epoch never comes again";
}

TEST_F(UserFieldTest, refuses_who_read_another_value) {
  ASSERT_TRUE(write(0, "first"));
  const uint64_t read = epoch();
  ASSERT_TRUE(write(read, "second"));
  for (const uint64_t was : {uint64_t{0}, read, epoch() + 1})
    EXPECT_EQ(write(was, "third").error().code, Code::kConflict) << was;
  EXPECT_EQ(value(), "second");
}

TEST_F(UserFieldTest, comes_with_more_or_not_at_all) {
  const SessionRecord session = open_session("alice");
  const RecordId factor = RecordId::random();
  ASSERT_TRUE(store_->commit({.changes = {UseFactor{{factor, id_of("alice"), 5, clock_.now}}}, .expected = {}}, {}));
  const size_t before = events();
  ChangeSet used_up;
  used_up.changes.emplace_back(EndSession{session.id});
  used_up.changes.emplace_back(UseFactor{{factor, id_of("alice"), 5, clock_.now}});
  EXPECT_EQ(write(0, "first", used_up).error().code, Code::kConflict);
  EXPECT_EQ(value(), "(none)");
  EXPECT_EQ(store_->sessions(clock_.now).value().size(), 1u);
  EXPECT_EQ(events(), before);
  ChangeSet more;
  more.changes.emplace_back(EndSession{session.id});
  ASSERT_TRUE(write(0, "first", more));
  EXPECT_TRUE(store_->sessions(clock_.now).value().empty());
}

TEST_F(UserFieldTest, refuses_who_is_no_user_and_whose_record_is_damaged) {
  UserFieldEdit edit{.user = RecordId::random(), .field = "factors", .was = 0, .value = secret("x")};
  EXPECT_EQ(edit_user_field(*store_, *keyring_, edit, {}, {}).error().code, Code::kNotFound);
  EXPECT_EQ(write(0, "x", {}, "plant").error().code, Code::kNotFound);
  ASSERT_TRUE(write(0, "mine"));
  const uint64_t was = epoch();
  tamper(path_, "UPDATE resources SET spec = replace(spec, 'alice@', 'eve@') WHERE name = 'alice'");
  EXPECT_EQ(write(was, "x").error().code, Code::kDenied);
}

// Neither the documents of an admin nor what they are shown have anything to do with it.
TEST_F(UserFieldTest, apply_never_touches_it_and_get_never_shows_it) {
  ASSERT_TRUE(write(0, "mine"));
  const std::vector<json> before = shown();
  EXPECT_FALSE(json(before).dump().contains("factors"));
  json changed = user("alice");
  changed["email"] = "alice@elsewhere.test";
  EXPECT_EQ(apply({changed}), "~user alice");
  EXPECT_EQ(value(), "mine");
  EXPECT_EQ(apply({user("alice")}, ApplyMode::kCommit, Prune::kYes), "~user alice, -datasource crm, -team plant");
  EXPECT_EQ(value(), "mine");
  ASSERT_TRUE(service_->set_password("alice", secret("another password"), "cli:0"));
  ASSERT_TRUE(service_->set_suspended("alice", true, "cli:0"));
  EXPECT_EQ(value(), "mine");
  json forged = user("alice");
  forged["factors"] = "x";
  EXPECT_TRUE(apply({forged}).contains("unknown key"));
}

TEST_F(UserFieldTest, a_reset_forgets_them_and_their_uses_and_ends_the_sessions) {
  ASSERT_TRUE(write(0, "mine"));
  ASSERT_TRUE(write(0, "root's", {}, "root"));
  open_session("alice");
  const SessionRecord other = open_session("root");
  const RecordId factor = RecordId::random();
  for (const char* name : {"alice", "root"})
    ASSERT_TRUE(store_->commit({.changes = {UseFactor{{factor, id_of(name), 1, clock_.now}}}, .expected = {}}, {}));
  EXPECT_TRUE(service_->reset_factors("alice", "cli:7").value());
  EXPECT_EQ(value(), "(none)");
  EXPECT_EQ(value("root"), "root's");
  EXPECT_TRUE(store_->factor_uses(id_of("alice")).value().empty());
  EXPECT_EQ(store_->factor_uses(id_of("root")).value().size(), 1u);
  ASSERT_EQ(store_->sessions(clock_.now).value().size(), 1u);
  EXPECT_EQ(store_->sessions(clock_.now).value()[0].id, other.id);
  EXPECT_EQ(last_event().action, "user.mfa-reset");
  EXPECT_EQ(last_event().actor, "cli:7");
  EXPECT_EQ(last_event().object, "user alice");
  EXPECT_EQ(last_event().detail, "changed, factors gone");
}

TEST_F(UserFieldTest, a_reset_of_nothing_changes_nothing) {
  open_session("alice");
  const size_t before = events();
  EXPECT_FALSE(service_->reset_factors("alice", "cli:7").value());
  EXPECT_EQ(events(), before);
  EXPECT_EQ(store_->sessions(clock_.now).value().size(), 1u);
  EXPECT_EQ(service_->reset_factors("nobody", "cli:7").error().error->code, Code::kNotFound);
}

TEST_F(UserFieldTest, who_is_deleted_leaves_no_uses) {
  ASSERT_TRUE(write(0, "mine"));
  const UserId alice = id_of("alice");
  ASSERT_TRUE(store_->commit({.changes = {UseFactor{{RecordId::random(), alice, 1, clock_.now}}}, .expected = {}}, {}));
  ASSERT_EQ(apply({team("plant")}), "~team plant");
  ASSERT_EQ(remove(policy::Kind::kUser, "alice"), "-user alice");
  EXPECT_TRUE(store_->factor_uses(alice).value().empty());
}

// Whoever edits the file harms the record: the person is shut out, and never loses a factor.
TEST_F(UserFieldTest, an_edited_file_never_takes_a_factor_away_or_exchanges_one) {
  ASSERT_TRUE(write(0, "alice's"));
  ASSERT_TRUE(write(0, "root's", {}, "root"));
  tamper(path_, "CREATE TABLE old_secrets AS SELECT * FROM secrets; CREATE TABLE old_rows AS SELECT * FROM resources;");
  ASSERT_TRUE(write(epoch(), "alice's second"));
  const std::string alice = "(SELECT id FROM resources WHERE name = 'alice')";
  const std::string of_alice = " WHERE field = 'factors' AND resource = " + alice;
  struct Case {
    const char* what;
    std::string sql;
    const char* damaged;
  };
  for (const Case& one : std::vector<Case>{
           {"nothing", "SELECT 1", ""},
           {"deleted", "DELETE FROM secrets" + of_alice, "alice"},
           {"deleted with its epoch",
            "DELETE FROM secrets" + of_alice + "; DELETE FROM epochs WHERE field = 'factors' AND record = " + alice,
            "alice"},
           {"another's in its place",
            "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE field = 'factors' AND resource <> " + alice +
                ")" + of_alice,
            "alice"},
           {"exchanged",
            "CREATE TEMP TABLE t AS SELECT * FROM secrets WHERE field = 'factors';"
            "UPDATE secrets SET sealed = (SELECT sealed FROM t WHERE t.resource <> secrets.resource)"
            " WHERE field = 'factors'",
            "alice root"},
           {"the value of before",
            "UPDATE secrets SET sealed = (SELECT sealed FROM old_secrets" + of_alice + ")" + of_alice, "alice"},
           {"the row and the value of before",
            "UPDATE resources SET mac = (SELECT mac FROM old_rows WHERE name = 'alice') WHERE name = 'alice';"
            "UPDATE secrets SET sealed = (SELECT sealed FROM old_secrets" +
                of_alice + ")" + of_alice,
            "alice"},
           {"under another name", "UPDATE secrets SET field = 'factor'" + of_alice, "alice"},
           {"the password's value",
            "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE field = 'password'"
            " AND resource = " +
                alice + ")" + of_alice,
            "alice"}}) {
    const std::string copy = folder_ / "copy.db";
    std::filesystem::remove(copy);
    tamper(path_, "VACUUM INTO '" + copy + "'");
    tamper(copy, one.sql);
    const auto store = open_sqlite(copy, SqliteOpen::kCommand).value();
    std::string damaged;
    for (const auto& record : judged(store->resources_since(Generation{0}).value().changed, *keyring_)) {
      const auto field = std::ranges::find(record.secrets, "factors", &policy::SealedField::field);
      const bool opens = field != record.secrets.end() &&
                         keyring_->unseal(secret_context(record, *field, ""), field->sealed).has_value();
      if (record.kind != policy::Kind::kUser) continue;
      if (record.damaged || !opens) damaged += (damaged.empty() ? "" : " ") + record.name;
    }
    EXPECT_EQ(damaged, one.damaged) << one.what;
  }
}

}  // namespace
}  // namespace sallyport::storage
