// What the store promises of generations, sessions, tokens, flows and what is over.
#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SqliteStoreTest : public StoreTest {
 protected:
  Result<Generation> commit(Change change) {
    ChangeSet set;
    set.changes.push_back(std::move(change));
    return store_->commit(set, {});
  }
  uint64_t generation() { return count(store_->generation().value()); }

  SessionRecord session(const UserId& user, std::optional<RecordId> family = std::nullopt) {
    SessionRecord out;
    out.id_hash = sha256(as_bytes("session " + std::to_string(++made_)));
    out.id = RecordId::random();
    out.family = family.value_or(out.id);
    out.user = user;
    out.host = "gate.localhost";
    out.created_at = out.last_seen_at = clock_.now;
    out.absolute_end = clock_.now + hours(24);
    out.idle = hours(1);
    out.strength = policy::Strength::kMfa;
    out.factor_at = clock_.now;
    out.client = "127.0.0.1";
    out.user_agent = "test";
    return out;
  }
  TokenRecord token(const UserId& user) {
    TokenRecord out;
    out.id = RecordId::random();
    out.hash = sha256(as_bytes("token " + std::to_string(++made_)));
    out.user = user;
    out.name = "ci";
    out.created_at = clock_.now;
    out.expires_at = clock_.now + hours(24 * 30);
    out.scope = {.team = "plant",
                 .resource = "crm",
                 .read_only = true,
                 .path_prefix = "/v1",
                 .networks = {Cidr::parse("10.0.0.0/8").value()},
                 .api = true,
                 .admin = false};
    return out;
  }
  FlowRecord flow(const char* key, WallMicros expires_at) {
    return {sha256(as_bytes(std::string_view(key))), "sign-in", to_bytes("sealed"), expires_at};
  }
  static Bytes to_bytes(std::string_view text) {
    const ByteView view = as_bytes(text);
    return Bytes(view.begin(), view.end());
  }
  size_t living() { return store_->sessions(clock_.now).value().size(); }

  int made_ = 0;
  const UserId alice_ = RecordId::random();
  const UserId bob_ = RecordId::random();
};

TEST_F(SqliteStoreTest, keeps_a_session_as_it_was) {
  const SessionRecord put = session(alice_);
  ASSERT_TRUE(commit(PutSession{put}));
  reopen();
  const SessionRecord got = store_->sessions(clock_.now).value().at(0);
  EXPECT_EQ(got.id_hash, put.id_hash);
  EXPECT_EQ(got.id, put.id);
  EXPECT_EQ(got.family, put.family);
  EXPECT_EQ(got.user, put.user);
  EXPECT_EQ(got.host, put.host);
  EXPECT_EQ(got.created_at, put.created_at);
  EXPECT_EQ(got.absolute_end, put.absolute_end);
  EXPECT_EQ(got.idle, put.idle);
  EXPECT_EQ(got.strength, put.strength);
  EXPECT_EQ(got.factor_at, put.factor_at);
  EXPECT_EQ(got.client, put.client);
  EXPECT_EQ(got.user_agent, put.user_agent);
}

TEST_F(SqliteStoreTest, keeps_a_token_as_it_was) {
  const TokenRecord put = token(alice_);
  ASSERT_TRUE(commit(PutToken{put}));
  reopen();
  const TokenRecord got = store_->tokens().value().at(0);
  EXPECT_EQ(got.id, put.id);
  EXPECT_EQ(got.hash, put.hash);
  EXPECT_EQ(got.name, put.name);
  EXPECT_EQ(got.expires_at, put.expires_at);
  EXPECT_EQ(got.last_used_at, std::nullopt);
  EXPECT_EQ(got.scope.team, "plant");
  EXPECT_EQ(got.scope.resource, "crm");
  EXPECT_TRUE(got.scope.read_only);
  EXPECT_EQ(got.scope.path_prefix, "/v1");
  EXPECT_EQ(got.scope.networks, put.scope.networks);
  EXPECT_TRUE(got.scope.api);
  EXPECT_FALSE(got.scope.admin);
}

TEST_F(SqliteStoreTest, a_token_whose_scope_does_not_read_is_nobodys) {
  ASSERT_TRUE(commit(PutToken{token(alice_)}));
  for (const char* scope : {"", "{}", "null", "[]", "{\"team\":\"\"}"}) {
    tamper(path_, std::string("UPDATE tokens SET scope = '") + scope + "'");
    EXPECT_TRUE(store_->tokens().value().empty()) << scope;
  }
}

TEST_F(SqliteStoreTest, the_generation_rises_by_what_others_must_follow_and_by_nothing_else) {
  const SessionRecord gate = session(alice_);
  const TokenRecord made = token(alice_);
  uint64_t at = generation();
  const auto stays = [&](Change change, const char* what) {
    ASSERT_TRUE(commit(std::move(change))) << what;
    EXPECT_EQ(generation(), at) << what;
  };
  const auto rises = [&](Change change, const char* what) {
    const auto committed = commit(std::move(change));
    ASSERT_TRUE(committed) << what;
    EXPECT_EQ(count(*committed), at + 1) << what;
    EXPECT_EQ(generation(), ++at) << what;
  };
  stays(PutSession{gate}, "a session");
  stays(TouchSession{gate.id, clock_.now}, "its use");
  stays(PutFlow{flow("f", clock_.now + minutes(1))}, "a flow");
  rises(PutToken{made}, "a token");
  stays(TouchToken{made.id, clock_.now, "192.0.2.7"}, "its use");
  rises(CutToken{made.id, clock_.now + minutes(1)}, "its cut");
  rises(RevokeToken{made.id}, "its end");
  stays(RevokeToken{made.id}, "its end again");
  rises(EndSession{gate.id}, "a session's end");
  stays(EndSession{gate.id}, "a session's end again");
  stays(EndSessionsOfUser{alice_}, "the end of no session");
  rises(PutDataKey{{.id = 2, .wrapped = to_bytes("w"), .active = false, .created_at = clock_.now}}, "a key");
}

TEST_F(SqliteStoreTest, several_changes_are_one_generation) {
  ChangeSet set;
  set.changes.push_back(PutToken{token(alice_)});
  set.changes.push_back(PutToken{token(bob_)});
  const uint64_t before = generation();
  EXPECT_EQ(count(store_->commit(set, {}).value()), before + 1);
}

TEST_F(SqliteStoreTest, tells_what_ended_since_a_generation) {
  const SessionRecord gate = session(alice_);
  const SessionRecord child = session(alice_, gate.id);
  const SessionRecord other = session(bob_);
  const TokenRecord first = token(alice_);
  for (Change change :
       {Change(PutSession{gate}), Change(PutSession{child}), Change(PutSession{other}), Change(PutToken{first})})
    ASSERT_TRUE(commit(std::move(change)));
  const Generation before = store_->generation().value();
  const TokenRecord second = token(bob_);
  ASSERT_TRUE(commit(EndSession{gate.id}));
  ASSERT_TRUE(commit(RevokeToken{first.id}));
  const Generation between = store_->generation().value();
  ASSERT_TRUE(commit(PutToken{second}));

  const RevocationsSince all = store_->revocations_since(before).value();
  EXPECT_EQ(all.ended_sessions.size(), 2u);
  EXPECT_EQ(all.revoked_tokens, std::vector{first.id});
  ASSERT_EQ(all.new_tokens.size(), 1u);
  EXPECT_EQ(all.new_tokens[0].id, second.id);
  const RevocationsSince late = store_->revocations_since(between).value();
  EXPECT_TRUE(late.ended_sessions.empty());
  EXPECT_TRUE(late.revoked_tokens.empty());
  EXPECT_EQ(late.new_tokens.size(), 1u);
  EXPECT_TRUE(store_->revocations_since(all.generation).value().new_tokens.empty());
}

TEST_F(SqliteStoreTest, a_gate_session_ends_with_its_family_and_a_child_alone) {
  const SessionRecord gate = session(alice_);
  const SessionRecord one = session(alice_, gate.id);
  const SessionRecord two = session(alice_, gate.id);
  for (const SessionRecord& put : {gate, one, two}) ASSERT_TRUE(commit(PutSession{put}));
  ASSERT_TRUE(commit(EndSession{one.id}));
  EXPECT_EQ(living(), 2u);
  ASSERT_TRUE(commit(EndSession{gate.id}));
  EXPECT_EQ(living(), 0u);
}

TEST_F(SqliteStoreTest, all_sessions_of_a_user_end_and_nobody_elses) {
  for (const UserId& user : {alice_, alice_, bob_}) ASSERT_TRUE(commit(PutSession{session(user)}));
  ASSERT_TRUE(commit(EndSessionsOfUser{alice_}));
  ASSERT_EQ(living(), 1u);
  EXPECT_EQ(store_->sessions(clock_.now).value()[0].user, bob_);
}

TEST_F(SqliteStoreTest, what_has_ended_cannot_be_written_again) {
  const SessionRecord gate = session(alice_);
  const SessionRecord child = session(alice_, gate.id);
  ASSERT_TRUE(commit(PutSession{gate}));
  ASSERT_TRUE(commit(PutSession{child}));
  ASSERT_TRUE(commit(EndSession{gate.id}));
  EXPECT_EQ(commit(PutSession{gate}).error().code, Code::kConflict);
  EXPECT_EQ(commit(PutSession{child}).error().code, Code::kConflict);
  EXPECT_EQ(commit(PutSession{session(alice_, gate.id)}).error().code, Code::kConflict)
      << "a new child of an ended family";
  EXPECT_EQ(living(), 0u);
}

TEST_F(SqliteStoreTest, a_session_may_change_its_cookie_and_strength) {
  SessionRecord gate = session(alice_);
  gate.strength = policy::Strength::kPassword;
  ASSERT_TRUE(commit(PutSession{gate}));
  gate.strength = policy::Strength::kMfa;
  gate.id_hash = sha256(as_bytes("another cookie"));
  ASSERT_TRUE(commit(PutSession{gate}));
  const auto sessions = store_->sessions(clock_.now).value();
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].id_hash, gate.id_hash);
  EXPECT_EQ(sessions[0].strength, policy::Strength::kMfa);
}

TEST_F(SqliteStoreTest, use_counts_for_the_whole_family_and_never_goes_back) {
  const SessionRecord gate = session(alice_);
  const SessionRecord child = session(alice_, gate.id);
  ASSERT_TRUE(commit(PutSession{gate}));
  ASSERT_TRUE(commit(PutSession{child}));
  ASSERT_TRUE(commit(TouchSession{gate.id, clock_.now + minutes(50)}));
  ASSERT_TRUE(commit(TouchSession{gate.id, clock_.now + minutes(10)}));
  for (const SessionRecord& one : store_->sessions(clock_.now).value())
    EXPECT_EQ(one.last_seen_at, clock_.now + minutes(50));
}

TEST_F(SqliteStoreTest, sessions_and_tokens_of_one_user_alone) {
  const SessionRecord gate = session(alice_);
  const SessionRecord child = session(alice_, gate.id);
  for (const SessionRecord& each : {gate, child, session(bob_)}) ASSERT_TRUE(commit(PutSession{each}));
  const auto sessions = store_->sessions_of(alice_, clock_.now).value();
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].id, gate.id) << "the gate's before its children";
  EXPECT_EQ(sessions[1].id, child.id);
  EXPECT_TRUE(store_->sessions_of(alice_, clock_.now + hours(1)).value().empty()) << "idle";
  EXPECT_TRUE(store_->sessions_of(RecordId::random(), clock_.now).value().empty());

  const TokenRecord hers = token(alice_);
  ASSERT_TRUE(commit(PutToken{hers}));
  ASSERT_TRUE(commit(PutToken{token(bob_)}));
  const auto tokens = store_->tokens_of(alice_).value();
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].id, hers.id);
  EXPECT_TRUE(store_->tokens_of(RecordId::random()).value().empty());
}

TEST_F(SqliteStoreTest, sessions_that_are_over_are_not_given_out) {
  ASSERT_TRUE(commit(PutSession{session(alice_)}));
  EXPECT_EQ(store_->sessions(clock_.now + hours(1) - seconds(1)).value().size(), 1u);
  EXPECT_EQ(store_->sessions(clock_.now + hours(1)).value().size(), 0u) << "idle";
  ASSERT_TRUE(commit(TouchSession{store_->sessions(clock_.now).value()[0].id, clock_.now + hours(23) + minutes(59)}));
  EXPECT_EQ(store_->sessions(clock_.now + hours(24) - seconds(1)).value().size(), 1u);
  EXPECT_EQ(store_->sessions(clock_.now + hours(24)).value().size(), 0u) << "absolute";
}

TEST_F(SqliteStoreTest, gate_sessions_come_before_their_children) {
  for (int i = 0; i < 20; ++i) {
    const SessionRecord gate = session(alice_);
    ASSERT_TRUE(commit(PutSession{gate}));
    ASSERT_TRUE(commit(PutSession{session(alice_, gate.id)}));
  }
  bool children = false;
  for (const SessionRecord& one : store_->sessions(clock_.now).value()) {
    if (one.id != one.family)
      children = true;
    else
      EXPECT_FALSE(children);
  }
}

TEST_F(SqliteStoreTest, a_flow_is_taken_once) {
  const Sha256 key = flow("f", clock_.now).key_hash;
  ASSERT_TRUE(commit(PutFlow{flow("f", clock_.now + minutes(1))}));
  EXPECT_EQ(store_->peek_flow(key, clock_.now).value().kind, "sign-in");
  EXPECT_EQ(store_->peek_flow(key, clock_.now).value().sealed, to_bytes("sealed"));
  EXPECT_EQ(store_->take_flow(key, clock_.now).value().kind, "sign-in");
  EXPECT_EQ(store_->take_flow(key, clock_.now).error().code, Code::kNotFound);
  EXPECT_EQ(store_->peek_flow(key, clock_.now).error().code, Code::kNotFound);
}

TEST_F(SqliteStoreTest, an_expired_flow_is_nobodys) {
  const Sha256 key = flow("f", clock_.now).key_hash;
  ASSERT_TRUE(commit(PutFlow{flow("f", clock_.now + minutes(1))}));
  EXPECT_FALSE(store_->peek_flow(key, clock_.now + minutes(1)));
  EXPECT_FALSE(store_->take_flow(key, clock_.now + minutes(1)));
  EXPECT_TRUE(store_->take_flow(key, clock_.now + minutes(1) - seconds(1)));
}

TEST_F(SqliteStoreTest, the_sweep_forgets_what_is_over_and_remembers_ends_for_thirty_days) {
  const SessionRecord ended = session(alice_);
  ASSERT_TRUE(commit(PutSession{ended}));
  const Generation before = store_->generation().value();
  ASSERT_TRUE(commit(EndSession{ended.id}));
  ASSERT_TRUE(commit(PutFlow{flow("f", clock_.now + minutes(1))}));
  ASSERT_TRUE(commit(PutToken{token(alice_)}));
  ASSERT_TRUE(commit(PutSession{session(bob_)}));
  ASSERT_TRUE(store_->sweep(clock_.now + hours(2)));
  EXPECT_EQ(living(), 0u);
  EXPECT_FALSE(store_->peek_flow(flow("f", clock_.now).key_hash, clock_.now));
  EXPECT_EQ(store_->tokens().value().size(), 1u);
  EXPECT_EQ(store_->revocations_since(before).value().ended_sessions.size(), 1u);
  ASSERT_TRUE(store_->sweep(clock_.now + hours(24 * 61)));
  EXPECT_EQ(store_->tokens().value().size(), 0u);
  EXPECT_EQ(store_->revocations_since(before).value().ended_sessions.size(), 0u);
}

TEST_F(SqliteStoreTest, a_stale_expectation_is_a_conflict_and_writes_nothing) {
  ASSERT_EQ(apply({team("plant")}), "+team plant");
  const Generation read = store_->generation().value();
  ASSERT_EQ(apply({team("other")}), "+team other");
  ChangeSet set;
  set.expected = read;
  set.changes.push_back(PutToken{token(alice_)});
  const auto refused = store_->commit(set, {{clock_.now, "x", "x", "x", "", ""}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_TRUE(store_->tokens().value().empty());
}

TEST_F(SqliteStoreTest, sessions_that_end_meanwhile_are_no_conflict) {
  const SessionRecord gate = session(alice_);
  ASSERT_TRUE(commit(PutSession{gate}));
  const Generation read = store_->generation().value();
  ASSERT_TRUE(commit(EndSession{gate.id}));
  ChangeSet set;
  set.expected = read;
  set.changes.push_back(PutToken{token(alice_)});
  EXPECT_TRUE(store_->commit(set, {}));
}

TEST_F(SqliteStoreTest, one_impossible_change_undoes_the_others) {
  const TokenRecord made = token(alice_);
  ChangeSet set;
  set.changes.push_back(PutToken{made});
  set.changes.push_back(PutToken{made});  // the same id again
  const Generation before = store_->generation().value();
  EXPECT_EQ(store_->commit(set, {{clock_.now, "x", "x", "x", "", ""}}).error().code, Code::kConflict);
  EXPECT_TRUE(store_->tokens().value().empty());
  EXPECT_EQ(store_->generation().value(), before);
  EXPECT_EQ(verify_admin_chain(*store_).value().entries, 1u);
}

TEST_F(SqliteStoreTest, an_epoch_that_does_not_rise_is_a_conflict) {
  ASSERT_EQ(apply({team("plant")}), "+team plant");
  const ResourceRow row = store_->resources_since(Generation{0}).value().changed.at(0);
  EXPECT_EQ(commit(PutResource{row.record, row.mac, row.epochs}).error().code, Code::kConflict);
  EXPECT_EQ(commit(DeleteResource{row.record.id, row.epochs}).error().code, Code::kConflict);
}

TEST_F(SqliteStoreTest, resources_since_tells_what_was_written_and_deleted) {
  ASSERT_EQ(apply({team("one"), team("two")}), "+team one, +team two");
  const RecordId two = records().at("two").id;
  const Generation before = store_->generation().value();
  nlohmann::json changed = team("one");
  changed["mfa"] = "required";
  ASSERT_EQ(apply({changed}), "~team one");
  ASSERT_TRUE(service_->remove(policy::Kind::kTeam, "two", "cli:0"));
  const ResourceChanges since = store_->resources_since(before).value();
  ASSERT_EQ(since.changed.size(), 1u);
  EXPECT_EQ(since.changed[0].record.name, "one");
  EXPECT_EQ(since.changed[0].record.version, count(before) + 1);
  EXPECT_EQ(since.deleted, std::vector{two});
  EXPECT_TRUE(store_->resources_since(since.generation).value().changed.empty());
  EXPECT_TRUE(store_->resources_since(Generation{0}).value().deleted.empty());
}

TEST_F(SqliteStoreTest, resources_needed_leaves_out_the_tools_and_apis_that_are_neither_named_nor_on_a_host) {
  nlohmann::json crm = datasource("crm", "plant"), erp = datasource("erp", "plant"), near = datasource("near", "plant");
  near["at"] = "erp.apps.localhost/near";
  ASSERT_EQ(apply({user("ann", true), team("plant"), crm, erp, near}),
            "+user ann, +team plant, +datasource crm, +datasource erp, +datasource near");
  const auto names = [this](const ResourceNeed& need) {
    std::set<std::string> out;
    const ResourceChanges read = store_->resources_needed(need).value();
    EXPECT_EQ(read.generation, store_->generation().value());
    for (const auto& record : judged(read.changed, *keyring_)) {
      EXPECT_FALSE(record.damaged) << record.name << ": its fields are with it";
      out.insert(record.name);
    }
    return out;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(names({}), (Names{"ann", "plant", "crm", "erp", "near"}));
  EXPECT_EQ(names({.everything = false}), (Names{"ann", "plant"}));
  EXPECT_EQ(names({.everything = false, .named = {{policy::Kind::kDatasource, "crm"}}}),
            (Names{"ann", "plant", "crm"}));
  EXPECT_EQ(names({.everything = false, .named = {{policy::Kind::kInstance, "crm"}}}), (Names{"ann", "plant"}));
  EXPECT_EQ(names({.everything = false, .hosts = {"erp.apps.localhost"}}), (Names{"ann", "plant", "erp", "near"}));
}

}  // namespace
}  // namespace sallyport::storage
