// Passwords in the resource service: one commit with the ends of sessions, under what it was proven with, and links
// that are void when they should be.
#include <algorithm>

#include "tests/storage/resource_service_world.h"

namespace sallyport::storage {
namespace {

class ResourcePasswordTest : public ResourceServiceWorld {
 protected:
  void SetUp() override {
    ResourceServiceWorld::SetUp();
    ASSERT_TRUE(service_->set_password("alice", secret("correct battery"), ChangeAtOnce::kNo, "cli:0"));
  }
  const policy::SealedField& field() {
    alice_ = records().at("alice");
    return *std::ranges::find(alice_.secrets, "password", &policy::SealedField::field);
  }
  std::string in_force() {
    const policy::SealedField& sealed = field();
    return std::string(keyring_->unseal(secret_context(alice_, sealed, ""), sealed.sealed).value().reveal());
  }
  NewPassword wanted(std::string_view hash = "hash of another one") {
    NewPassword out;
    out.epoch = field().epoch;
    out.user = alice_.id;
    out.phc = secret(hash);
    out.actor = "alice";
    out.client = "192.0.2.7";
    out.detail = "changed";
    return out;
  }
  SessionRecord begin_session(const std::string& user, std::optional<RecordId> family = std::nullopt) {
    SessionRecord out;
    out.id = RecordId::random();
    out.id_hash = sha256(out.id.view());
    out.family = family.value_or(out.id);
    out.user = records().at(user).id;
    out.host = "gate.localhost";
    out.created_at = out.last_seen_at = clock_.now;
    out.absolute_end = clock_.now + std::chrono::hours(1);
    out.idle = std::chrono::hours(1);
    ChangeSet changes;
    changes.changes.emplace_back(PutSession{out});
    EXPECT_TRUE(store_->commit(changes, {}));
    return out;
  }
  std::vector<RecordId> sessions_of(const std::string& user) {
    std::vector<RecordId> out;
    for (const SessionRecord& session : store_->sessions_of(records().at(user).id, clock_.now).value())
      out.push_back(session.id);
    return out;
  }
  Result<Generation> make_link(const std::string& user, uint64_t& epoch) {
    return service_->put_reset_link(
        user,
        [&epoch](const UserId& id, uint64_t under) -> Result<FlowRecord> {
          epoch = under;
          return FlowRecord{
              .key_hash = sha256(id.view()), .kind = "password-reset", .sealed = {}, .expires_at = WallMicros{1}};
        },
        "cli:0", "until then");
  }
  nlohmann::json spec() { return nlohmann::json::parse(records().at("alice").spec); }

  policy::ResourceRecord alice_;
};

TEST_F(ResourcePasswordTest, a_new_one_is_in_force_with_its_time_and_ends_every_session) {
  const SessionRecord one = begin_session("alice");
  begin_session("alice", one.id);
  const SessionRecord roots = begin_session("root");
  clock_.now = clock_.now + std::chrono::minutes(5);
  const uint64_t before = field().epoch;
  const auto put = service_->put_password(wanted());
  ASSERT_TRUE(put) << put.error().what;
  EXPECT_EQ(in_force(), "hash of another one");
  EXPECT_EQ(put->epoch, before + 1);
  EXPECT_EQ(field().epoch, before + 1);
  EXPECT_EQ(put->ended, std::vector{one.id});
  EXPECT_FALSE(put->kept);
  EXPECT_TRUE(sessions_of("alice").empty());
  EXPECT_EQ(sessions_of("root"), std::vector{roots.id});
  EXPECT_EQ(spec()["password_set"], "2023-11-14T22:18:20Z");
  EXPECT_FALSE(records().at("alice").damaged);
  const AdminEvent event = last_event();
  EXPECT_EQ(event.action, "user.password");
  EXPECT_EQ(event.actor, "alice");
  EXPECT_EQ(event.object, "user alice");
  EXPECT_EQ(event.client, "192.0.2.7");
  EXPECT_EQ(event.detail, "changed; sessions ended: 1");
}

TEST_F(ResourcePasswordTest, the_session_to_keep_goes_on_under_another_cookie) {
  const SessionRecord mine = begin_session("alice");
  const SessionRecord child = begin_session("alice", mine.id);
  const SessionRecord other = begin_session("alice");
  NewPassword change = wanted();
  const Sha256 cookie = sha256(as_bytes("cookie"));
  change.keep = NewPassword::Kept{mine.id, cookie};
  const auto put = service_->put_password(change);
  ASSERT_TRUE(put) << put.error().what;
  EXPECT_EQ(put->ended, std::vector{other.id});
  ASSERT_TRUE(put->kept);
  EXPECT_EQ(put->kept->id, mine.id);
  EXPECT_EQ(put->kept->id_hash, cookie);
  const auto left = store_->sessions_of(alice_.id, clock_.now).value();
  ASSERT_EQ(left.size(), 2u);
  for (const SessionRecord& session : left) EXPECT_EQ(session.id_hash, session.id == mine.id ? cookie : child.id_hash);
  EXPECT_EQ(last_event().detail, "changed; other sessions ended: 1");
}

TEST_F(ResourcePasswordTest, nothing_changes_when_it_was_not_proven_with_what_is_there_now) {
  const auto refused = [&](const NewPassword& change) {
    const size_t before = events();
    const auto put = service_->put_password(change);
    EXPECT_EQ(in_force(), "hash of correct battery");
    EXPECT_EQ(events(), before);
    return put ? Code::kInternal : put.error().code;
  };
  NewPassword older = wanted();
  older.epoch -= 1;
  EXPECT_EQ(refused(older), Code::kDenied) << "the password was changed meanwhile";
  NewPassword ended = wanted();
  ended.keep = NewPassword::Kept{RecordId::random(), {}};
  EXPECT_EQ(refused(ended), Code::kDenied) << "the session has ended meanwhile";
  NewPassword others = wanted();
  others.keep = NewPassword::Kept{begin_session("root").id, {}};
  EXPECT_EQ(refused(others), Code::kDenied) << "somebody else's session";
  NewPassword nobody = wanted();
  nobody.user = RecordId::random();
  EXPECT_EQ(refused(nobody), Code::kNotFound);
  NewPassword team = wanted();
  team.user = records().at("plant").id;
  EXPECT_EQ(refused(team), Code::kNotFound);
  ASSERT_TRUE(service_->set_suspended("alice", true, "cli:0"));
  EXPECT_EQ(refused(wanted()), Code::kDenied) << "suspended";
}

TEST_F(ResourcePasswordTest, a_record_that_was_edited_gets_no_password) {
  const NewPassword change = wanted();
  tamper(path_, "UPDATE resources SET spec = replace(spec, 'alice@', 'mallory@') WHERE name = 'alice'");
  const auto put = service_->put_password(change);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, Code::kDenied);
}

TEST_F(ResourcePasswordTest, the_time_and_the_demand_are_under_the_rows_mac) {
  tamper(path_,
         "UPDATE resources SET spec = json_set(spec, '$.password_set', '2099-01-01T00:00:00Z') WHERE name = 'alice'");
  EXPECT_TRUE(records().at("alice").damaged);
}

TEST_F(ResourcePasswordTest, an_admins_password_may_be_for_the_first_sign_in_alone) {
  ASSERT_TRUE(service_->set_password("alice", secret("for the first time"), ChangeAtOnce::kYes, "cli:0"));
  EXPECT_EQ(spec()["change_password"], true);
  ASSERT_TRUE(service_->put_password(wanted()));
  EXPECT_FALSE(spec().contains("change_password")) << "the person has done so";
  const auto again = service_->set_password("alice", secret("another one"), ChangeAtOnce::kYes, "cli:0");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().mistakes.at(0).message, "is in force");
}

TEST_F(ResourcePasswordTest, documents_ask_for_a_change_and_say_nothing_of_the_time) {
  const auto alice = [](json more) {
    json out = user("alice");
    out.update(more);
    return out;
  };
  const std::string set = spec()["password_set"];
  EXPECT_EQ(apply({alice({{"change_password", true}})}), "~user alice");
  EXPECT_EQ(apply({alice(json::object())}), "") << "a document that does not speak of it";
  EXPECT_EQ(spec()["change_password"], true);
  EXPECT_EQ(apply({alice({{"password_set", "2001-01-01T00:00:00Z"}})}), "");
  EXPECT_EQ(apply({alice({{"change_password", false}})}), "~user alice");
  EXPECT_FALSE(spec().contains("change_password"));
  EXPECT_EQ(spec()["password_set"], set);
  EXPECT_EQ(apply({alice({{"change_password", false}})}), "");
  EXPECT_EQ(apply(shown()), "") << "what get shows changes nothing";
  json bob = user("bob");
  bob["password_set"] = "2001-01-01T00:00:00Z";
  EXPECT_EQ(apply({bob}), "+user bob");
  EXPECT_EQ(nlohmann::json::parse(records().at("bob").spec)["password_set"], "2023-11-14T22:13:20Z");
  json eve = user("eve");
  eve.erase("password");
  EXPECT_EQ(apply({eve}), "+user eve");
  EXPECT_FALSE(nlohmann::json::parse(records().at("eve").spec).contains("password_set")) << "she has none";
}

TEST_F(ResourcePasswordTest, a_link_counts_until_a_newer_one_or_another_password) {
  uint64_t first = 0;
  uint64_t second = 0;
  ASSERT_TRUE(make_link("alice", first));
  EXPECT_EQ(last_event().action, "user.reset_link");
  EXPECT_EQ(last_event().detail, "until then");
  const UserId id = records().at("alice").id;
  EXPECT_TRUE(service_->user_of_reset_link(id, first));
  ASSERT_TRUE(make_link("alice", second));
  EXPECT_FALSE(service_->user_of_reset_link(id, first)) << "there is a newer one";
  EXPECT_TRUE(service_->user_of_reset_link(id, second));
  EXPECT_FALSE(service_->user_of_reset_link(records().at("root").id, second)) << "somebody else";
  EXPECT_EQ(in_force(), "hash of correct battery") << "nothing else has changed";

  NewPassword by_link = wanted();
  by_link.replaces = kResetLinkField;
  by_link.epoch = second;
  ASSERT_TRUE(service_->put_password(by_link));
  EXPECT_EQ(in_force(), "hash of another one");
  const auto twice = service_->put_password(by_link);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Code::kDenied) << "used up";

  uint64_t third = 0;
  ASSERT_TRUE(make_link("alice", third));
  ASSERT_TRUE(service_->set_password("alice", secret("by an admin now"), ChangeAtOnce::kNo, "cli:0"));
  EXPECT_FALSE(service_->user_of_reset_link(id, third)) << "another password was set";
  EXPECT_FALSE(records().at("alice").damaged);
}

TEST_F(ResourcePasswordTest, no_link_is_made_for_whom_it_could_not_serve) {
  uint64_t epoch = 0;
  EXPECT_EQ(make_link("nobody", epoch).error().code, Code::kNotFound);
  ASSERT_TRUE(service_->set_suspended("alice", true, "cli:0"));
  EXPECT_EQ(make_link("alice", epoch).error().code, Code::kDenied);
  EXPECT_EQ(epoch, 0u);
}

TEST_F(ResourcePasswordTest, a_database_put_back_does_not_bring_a_link_back) {
  uint64_t epoch = 0;
  ASSERT_TRUE(make_link("alice", epoch));
  const UserId id = records().at("alice").id;
  ASSERT_TRUE(service_->put_password(wanted()));
  tamper(path_, "UPDATE epochs SET epoch = epoch - 1 WHERE field = 'reset-link'");
  EXPECT_FALSE(service_->user_of_reset_link(id, epoch));
}

}  // namespace
}  // namespace sallyport::storage
