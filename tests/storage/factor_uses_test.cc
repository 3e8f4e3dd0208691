// What counts once counts once: uses of second factors, and the session that they raise.
#include <thread>

#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

class FactorUsesTest : public StoreTest {
 protected:
  Result<Generation> commit(std::vector<Change> changes) {
    return store_->commit({.changes = std::move(changes), .expected = {}}, {});
  }
  Result<Generation> use(const UserId& user, const RecordId& factor, uint64_t counter) {
    return commit({UseFactor{{factor, user, counter, clock_.now}}});
  }
  SessionRecord session(const UserId& user) {
    SessionRecord out;
    out.id = out.family = RecordId::random();
    out.id_hash = sha256(out.id.view());
    out.user = user;
    out.host = "gate.localhost";
    out.created_at = out.last_seen_at = clock_.now;
    out.absolute_end = clock_.now + std::chrono::hours(24);
    out.idle = std::chrono::hours(1);
    return out;
  }
  const UserId alice_ = RecordId::random();
  const UserId bob_ = RecordId::random();
  const RecordId totp_ = RecordId::random();
  const RecordId key_ = RecordId::random();
};

TEST_F(FactorUsesTest, a_counter_only_rises) {
  struct Row {
    uint64_t counter;
    bool taken;
  };
  for (const Row& row : {Row{10, true}, Row{10, false}, Row{9, false}, Row{0, false}, Row{11, true}, Row{10, false},
                         Row{UINT32_MAX, true}, Row{UINT32_MAX, false}}) {
    const auto used = use(alice_, totp_, row.counter);
    EXPECT_EQ(used.has_value(), row.taken) << row.counter;
    if (!used) EXPECT_EQ(used.error().code, Code::kConflict);
  }
  EXPECT_EQ(store_->factor_uses(alice_).value().at(0).counter, UINT32_MAX);
}

TEST_F(FactorUsesTest, an_authenticator_that_counts_nothing_is_used_again_and_again_until_it_counts) {
  EXPECT_TRUE(use(alice_, key_, 0));
  EXPECT_TRUE(use(alice_, key_, 0));
  EXPECT_TRUE(use(alice_, key_, 5));
  EXPECT_FALSE(use(alice_, key_, 0)) << "one that counted does not stop counting";
}

TEST_F(FactorUsesTest, the_time_of_the_last_use_is_kept_and_does_not_go_back) {
  const WallMicros noon = clock_.now;
  ASSERT_TRUE(use(alice_, totp_, 1));
  clock_.now = noon - std::chrono::hours(1);
  ASSERT_TRUE(use(alice_, totp_, 2));
  EXPECT_EQ(store_->factor_uses(alice_).value().at(0).used_at, noon);
}

TEST_F(FactorUsesTest, one_persons_uses_are_no_one_elses) {
  ASSERT_TRUE(use(alice_, totp_, 10));
  EXPECT_TRUE(use(bob_, totp_, 10)) << "even under the same id";
  EXPECT_EQ(store_->factor_uses(alice_).value().size(), 1u);
  EXPECT_EQ(store_->factor_uses(bob_).value().size(), 1u);
  EXPECT_TRUE(store_->factor_uses(RecordId::random()).value().empty());
}

TEST_F(FactorUsesTest, who_has_used_a_factor_is_found_by_its_id) {
  ASSERT_TRUE(use(alice_, totp_, 10));
  EXPECT_EQ(store_->users_of_factor(totp_).value(), std::vector{alice_});
  ASSERT_TRUE(use(bob_, totp_, 10));
  EXPECT_EQ(store_->users_of_factor(totp_).value().size(), 2u);
  EXPECT_TRUE(store_->users_of_factor(key_).value().empty());
}

TEST_F(FactorUsesTest, a_number_that_the_store_cannot_hold_is_refused) {
  EXPECT_FALSE(use(alice_, totp_, UINT64_MAX));
  EXPECT_TRUE(store_->factor_uses(alice_).value().empty());
}

TEST_F(FactorUsesTest, a_use_is_no_news_to_others) {
  const Generation before = store_->generation().value();
  ASSERT_TRUE(use(alice_, totp_, 1));
  EXPECT_EQ(store_->generation().value(), before);
}

TEST_F(FactorUsesTest, a_code_that_was_used_raises_nothing) {
  const SessionRecord one = session(alice_);
  ASSERT_TRUE(commit({PutSession{one}}));
  const RaiseSession raise{.id = one.id, .id_hash = sha256(as_bytes("another")), .factor_at = clock_.now};
  ASSERT_TRUE(use(alice_, totp_, 100));
  EXPECT_EQ(commit({UseFactor{{totp_, alice_, 100, clock_.now}}, raise}).error().code, Code::kConflict);
  EXPECT_EQ(commit({raise, UseFactor{{totp_, alice_, 100, clock_.now}}}).error().code, Code::kConflict);
  const SessionRecord still = store_->sessions(clock_.now).value().at(0);
  EXPECT_EQ(still.id_hash, one.id_hash);
  EXPECT_EQ(still.strength, policy::Strength::kPassword);
  EXPECT_EQ(still.factor_at, std::nullopt);

  ASSERT_TRUE(commit({UseFactor{{totp_, alice_, 101, clock_.now}}, raise}));
  const SessionRecord now = store_->sessions(clock_.now).value().at(0);
  EXPECT_EQ(now.id_hash, raise.id_hash);
  EXPECT_EQ(now.strength, policy::Strength::kMfa);
  EXPECT_EQ(now.factor_at, clock_.now);
  EXPECT_EQ(now.absolute_end, one.absolute_end) << "a rise makes no session longer";
}

TEST_F(FactorUsesTest, a_session_that_has_ended_is_not_raised_and_its_code_stays_unused) {
  const SessionRecord one = session(alice_);
  ASSERT_TRUE(commit({PutSession{one}}));
  ASSERT_TRUE(commit({EndSession{one.id}}));
  const RaiseSession raise{.id = one.id, .id_hash = one.id_hash, .factor_at = clock_.now};
  EXPECT_EQ(commit({UseFactor{{totp_, alice_, 1, clock_.now}}, raise}).error().code, Code::kConflict);
  EXPECT_TRUE(store_->factor_uses(alice_).value().empty());
  EXPECT_TRUE(store_->sessions(clock_.now).value().empty());
}

TEST_F(FactorUsesTest, a_raise_is_of_one_session_alone) {
  const SessionRecord gate = session(alice_);
  SessionRecord child = session(alice_);
  child.family = gate.id;
  child.host = "crm.apps.localhost";
  ASSERT_TRUE(commit({PutSession{gate}, PutSession{child}}));
  ASSERT_TRUE(commit({RaiseSession{.id = gate.id, .id_hash = sha256(as_bytes("x")), .factor_at = clock_.now}}));
  for (const SessionRecord& each : store_->sessions(clock_.now).value())
    EXPECT_EQ(each.strength, each.id == gate.id ? policy::Strength::kMfa : policy::Strength::kPassword);
}

// Two processes (or two workers) that show the same code at the same moment.
TEST_F(FactorUsesTest, of_many_who_race_with_one_code_one_succeeds) {
  std::atomic<int> taken = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> racers;
    for (int i = 0; i < 4; ++i)
      racers.emplace_back([&] {
        const auto own = open_sqlite(path_, SqliteOpen::kCommand).value();
        for (uint64_t step = 1; step <= 20; ++step) {
          const auto used =
              own->commit({.changes = {UseFactor{{totp_, alice_, step, clock_.now}}}, .expected = {}}, {});
          if (used)
            ++taken;
          else if (used.error().code == Code::kConflict)
            ++refused;
        }
      });
  }
  EXPECT_LE(taken, 20);
  EXPECT_EQ(taken + refused, 80);
  EXPECT_EQ(store_->factor_uses(alice_).value().at(0).counter, 20u);
}

TEST_F(FactorUsesTest, uses_are_forgotten_but_those_that_are_kept) {
  for (const RecordId& factor : {totp_, key_}) {
    ASSERT_TRUE(use(alice_, factor, 3));
    ASSERT_TRUE(use(bob_, factor, 3));
  }
  ASSERT_TRUE(commit({ForgetFactorUses{alice_, {key_}}}));
  ASSERT_EQ(store_->factor_uses(alice_).value().size(), 1u);
  EXPECT_EQ(store_->factor_uses(alice_).value()[0].factor, key_);
  EXPECT_FALSE(use(alice_, key_, 3));
  ASSERT_TRUE(commit({ForgetFactorUses{alice_, {}}}));
  EXPECT_TRUE(store_->factor_uses(alice_).value().empty());
  EXPECT_EQ(store_->factor_uses(bob_).value().size(), 2u);
}

}  // namespace
}  // namespace sallyport::storage
