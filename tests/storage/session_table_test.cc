#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/random.h"
#include "tests/storage/session_world.h"

namespace sallyport::storage {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class SessionTableTest : public SessionWorld {};

TEST_F(SessionTableTest, finds_a_session_by_its_cookie_on_its_host_alone) {
  SessionRecord gate = session_of(alice_);
  gate.strength = policy::Strength::kMfa;
  gate.factor_at = kStart;
  ASSERT_TRUE(table_.insert(gate));
  const auto found = table_.find(gate.id_hash, kGate, kStart + seconds(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, gate.id);
  EXPECT_EQ(found->family, gate.id);
  EXPECT_EQ(found->user, alice_);
  EXPECT_EQ(found->strength, policy::Strength::kMfa);
  EXPECT_EQ(found->factor_at, kStart);
  EXPECT_FALSE(table_.find(gate.id_hash, kApp, kStart + seconds(1)));
  EXPECT_FALSE(table_.find(gate.id_hash, "", kStart + seconds(1)));
  EXPECT_FALSE(table_.find(Sha256{}, kGate, kStart + seconds(1)));
}

TEST_F(SessionTableTest, a_session_ends_absolutely) {
  const SessionRecord gate = session_of(alice_);
  table_.insert(gate);
  for (int i = 0; i < 48; ++i) ASSERT_TRUE(lives(gate, minutes(30) * i)) << i;
  EXPECT_TRUE(lives(gate, hours(24) - microseconds(1)));
  EXPECT_FALSE(lives(gate, hours(24)));
}

TEST_F(SessionTableTest, an_idle_session_ends_to_the_microsecond) {
  const SessionRecord early = session_of(alice_), late = session_of(alice_);
  table_.insert(early);
  table_.insert(late);
  EXPECT_TRUE(lives(early, hours(1) - microseconds(1)));
  EXPECT_FALSE(lives(late, hours(1)));
  EXPECT_FALSE(lives(late, hours(1) - microseconds(1))) << "asked too late once, it stays over";
}

TEST_F(SessionTableTest, use_on_one_host_keeps_the_family_alive_on_the_others) {
  const SessionRecord gate = session_of(alice_), app = session_of(alice_, kApp, gate.id);
  table_.insert(gate);
  ASSERT_TRUE(table_.insert(app));
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(lives(app, minutes(30) * i));
  EXPECT_TRUE(lives(gate, minutes(30) * 11)) << "last used hours ago itself";
}

TEST_F(SessionTableTest, the_family_hears_of_use_within_a_second_and_is_never_late) {
  const SessionRecord gate = session_of(alice_), app = session_of(alice_, kApp, gate.id);
  table_.insert(gate);
  table_.insert(app);
  // Used every 100 ms for ten seconds.
  for (int i = 0; i <= 100; ++i) ASSERT_TRUE(lives(app, milliseconds(100) * i));
  EXPECT_TRUE(table_.alive(gate.id, gate.id, kStart + hours(1) + seconds(9) - microseconds(1)));
  EXPECT_FALSE(table_.alive(gate.id, gate.id, kStart + hours(1) + seconds(10)));
  EXPECT_FALSE(lives(gate, hours(1) + seconds(10)));
}

TEST_F(SessionTableTest, asking_whether_a_family_lives_does_not_keep_it_alive) {
  const SessionRecord gate = session_of(alice_);
  table_.insert(gate);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(table_.alive(gate.id, gate.id, kStart + minutes(5) * i));
  EXPECT_FALSE(table_.alive(gate.id, gate.id, kStart + hours(1)));
  EXPECT_FALSE(table_.alive(RecordId::random(), gate.id, kStart));
  const RecordId nobody = RecordId::random();
  EXPECT_FALSE(table_.alive(nobody, nobody, kStart));
}

TEST_F(SessionTableTest, a_child_is_alive_until_it_or_its_family_ends) {
  const SessionRecord gate = session_of(alice_), one = session_of(alice_, kApp, gate.id),
                      two = session_of(alice_, kApp, gate.id);
  SessionRecord brief = session_of(alice_, kApp, gate.id);
  brief.absolute_end = kStart + minutes(1);
  for (const auto& each : {gate, one, two, brief}) ASSERT_TRUE(table_.insert(each));
  for (const auto& each : {gate, one, two, brief}) EXPECT_TRUE(table_.alive(each.id, gate.id, kStart));
  EXPECT_FALSE(table_.alive(brief.id, gate.id, kStart + minutes(1))) << "its own time is over";
  ASSERT_TRUE(table_.end(one.id));
  EXPECT_FALSE(table_.alive(one.id, gate.id, kStart));
  EXPECT_TRUE(table_.alive(two.id, gate.id, kStart));
  ASSERT_TRUE(table_.end(gate.id));
  EXPECT_FALSE(table_.alive(two.id, gate.id, kStart));
}

TEST_F(SessionTableTest, a_family_tells_whose_it_is_and_when_it_was_used) {
  const SessionRecord gate = session_of(alice_), app = session_of(alice_, kApp, gate.id);
  table_.insert(gate);
  table_.insert(app);
  ASSERT_TRUE(lives(app, minutes(20)));
  const auto family = table_.family(gate.id, kStart + minutes(30));
  ASSERT_TRUE(family);
  EXPECT_EQ(family->user, alice_);
  EXPECT_EQ(family->last_seen, kStart + minutes(20));
  EXPECT_FALSE(table_.family(gate.id, kStart + minutes(80))) << "idle, and asking was no use";
  EXPECT_FALSE(table_.family(app.id, kStart + minutes(20))) << "a child is no family";
}

TEST_F(SessionTableTest, a_clock_that_goes_back_changes_nothing) {
  const SessionRecord gate = session_of(alice_);
  table_.insert(gate);
  EXPECT_TRUE(lives(gate, minutes(30)));
  EXPECT_TRUE(lives(gate, minutes(-30)));
  EXPECT_TRUE(lives(gate, minutes(89))) << "still the use at minute 30";
}

TEST_F(SessionTableTest, a_gate_session_ends_with_all_its_children) {
  const SessionRecord gate = session_of(alice_), app = session_of(alice_, kApp, gate.id), other = session_of(alice_);
  for (const auto& one : {gate, app, other}) ASSERT_TRUE(table_.insert(one));
  EXPECT_TRUE(table_.end(gate.id));
  EXPECT_FALSE(lives(gate, seconds(1)));
  EXPECT_FALSE(lives(app, seconds(1)));
  EXPECT_TRUE(lives(other, seconds(1)));
  EXPECT_FALSE(table_.end(gate.id));
  EXPECT_FALSE(table_.end(app.id));
  EXPECT_EQ(table_.size(), 1u);
}

TEST_F(SessionTableTest, a_child_ends_alone) {
  const SessionRecord gate = session_of(alice_), one = session_of(alice_, kApp, gate.id),
                      two = session_of(alice_, kApp, gate.id);
  for (const auto& each : {gate, one, two}) ASSERT_TRUE(table_.insert(each));
  EXPECT_TRUE(table_.end(one.id));
  EXPECT_FALSE(lives(one, seconds(1)));
  EXPECT_TRUE(lives(two, seconds(1)));
  EXPECT_TRUE(lives(gate, seconds(1)));
}

TEST_F(SessionTableTest, a_child_of_an_ended_family_does_not_come_in) {
  const SessionRecord gate = session_of(alice_);
  table_.insert(gate);
  const SessionRecord foreign = session_of(bob_, kApp, gate.id);
  EXPECT_FALSE(table_.insert(foreign)) << "of another user";
  table_.end(gate.id);
  EXPECT_FALSE(table_.insert(session_of(alice_, kApp, gate.id)));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(SessionTableTest, a_family_has_at_most_256_children_and_the_oldest_goes) {
  const SessionRecord gate = session_of(alice_);
  table_.insert(gate);
  std::vector<SessionRecord> children;
  for (int i = 0; i < 300; ++i) {
    children.push_back(session_of(alice_, kApp, gate.id));
    ASSERT_TRUE(table_.insert(children.back()));
  }
  EXPECT_EQ(table_.size(), 257u);
  EXPECT_FALSE(lives(children[43], seconds(1)));
  EXPECT_TRUE(lives(children[44], seconds(1)));
  EXPECT_TRUE(lives(children[299], seconds(1)));
  EXPECT_FALSE(table_.end(children[0].id));
}

TEST_F(SessionTableTest, all_of_a_user_end_and_nobody_elses) {
  const SessionRecord one = session_of(alice_), two = session_of(alice_), app = session_of(alice_, kApp, one.id),
                      other = session_of(bob_);
  for (const auto& each : {one, two, app, other}) table_.insert(each);
  EXPECT_EQ(table_.end_user(alice_), 2u);
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_TRUE(lives(other, seconds(1)));
}

TEST_F(SessionTableTest, a_session_with_a_new_cookie_forgets_the_old_one) {
  SessionRecord gate = session_of(alice_);
  const SessionRecord before = gate;
  table_.insert(gate);
  gate.id_hash = Sha256{random_bytes<32>()};
  table_.insert(gate);
  EXPECT_FALSE(lives(before, seconds(1)));
  EXPECT_TRUE(lives(gate, seconds(1)));
  EXPECT_EQ(table_.size(), 1u);
}

TEST_F(SessionTableTest, tells_each_use_once_and_forgets_what_is_over) {
  const SessionRecord used = session_of(alice_), idle = session_of(bob_), app = session_of(alice_, kApp, used.id);
  for (const auto& each : {used, idle, app}) table_.insert(each);
  EXPECT_TRUE(lives(app, minutes(50)));
  const auto touched = table_.collect_touched(kStart + minutes(51));
  ASSERT_EQ(touched.size(), 1u);
  EXPECT_EQ(touched[0].first, used.id);
  EXPECT_EQ(touched[0].second, kStart + minutes(50));
  EXPECT_TRUE(table_.collect_touched(kStart + minutes(51)).empty());
  EXPECT_EQ(table_.size(), 3u);
  table_.collect_touched(kStart + hours(1) + seconds(2));
  EXPECT_EQ(table_.size(), 2u) << "bob's is forgotten";
  table_.collect_touched(kStart + hours(24));
  EXPECT_EQ(table_.size(), 0u);
}

// A long random play against a simple model: the table agrees with it at every step.
TEST_F(SessionTableTest, agrees_with_a_simple_model) {
  struct Model {
    SessionRecord record;
  };
  std::map<RecordId, Model> model;
  const std::vector<UserId> users{alice_, bob_, RecordId::random()};
  uint64_t seed = 42;
  const auto chance = [&seed](size_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(seed >> 33) % below;
  };
  std::vector<SessionRecord> ever;
  for (int step = 0; step < 20000; ++step) {
    switch (chance(8)) {
      default: {  // three of eight
        SessionRecord gate = session_of(users[chance(users.size())]);
        ASSERT_TRUE(table_.insert(gate));
        model[gate.id] = {gate};
        ever.push_back(gate);
        break;
      }
      case 3:
      case 4: {
        if (ever.empty()) break;
        const SessionRecord& any = ever[chance(ever.size())];
        const SessionRecord child = session_of(any.user, kApp, any.family);
        const bool expected = model.contains(any.family);
        ASSERT_EQ(table_.insert(child), expected);
        if (expected) model[child.id] = {child};
        ever.push_back(child);
        break;
      }
      case 5: {
        if (ever.empty()) break;
        const RecordId id = ever[chance(ever.size())].id;
        ASSERT_EQ(table_.end(id), model.contains(id));
        std::erase_if(model, [&](const auto& pair) { return pair.first == id || pair.second.record.family == id; });
        break;
      }
      case 6: {
        if (step % 500 != 0) break;
        const UserId& user = users[chance(users.size())];
        table_.end_user(user);
        std::erase_if(model, [&](const auto& pair) { return pair.second.record.user == user; });
        break;
      }
      case 7: {
        if (ever.empty()) break;
        const SessionRecord& any = ever[chance(ever.size())];
        ASSERT_EQ(lives(any, seconds(1)), model.contains(any.id));
        break;
      }
    }
    ASSERT_EQ(table_.size(), model.size());
  }
  for (const SessionRecord& any : ever) ASSERT_EQ(lives(any, seconds(2)), model.contains(any.id));
}

TEST_F(SessionTableTest, many_threads_find_while_others_begin_and_end) {
  std::vector<SessionRecord> stable;
  for (int i = 0; i < 200; ++i) {
    stable.push_back(session_of(alice_));
    table_.insert(stable.back());
  }
  const SessionRecord raised = session_of(alice_);
  table_.insert(raised);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> now{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (size_t i = 0; !stop; ++i) {
        const SessionRecord& one = stable[i % stable.size()];
        EXPECT_TRUE(table_.find(one.id_hash, kGate, kStart + milliseconds(now.fetch_add(1))));
        EXPECT_TRUE(table_.current(one.id, one.id, kStart));
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; !stop; ++i) {
      table_.collect_touched(kStart + milliseconds(now.load()));
      table_.raise(raised.id, {.id = raised.id, .id_hash = sha256(as_bytes(std::to_string(i))), .factor_at = kStart});
    }
  });
  for (int round = 0; round < 2000; ++round) {
    const SessionRecord gate = session_of(bob_), app = session_of(bob_, kApp, gate.id);
    ASSERT_TRUE(table_.insert(gate));
    ASSERT_TRUE(table_.insert(app));
    if (round % 3 == 0) {
      ASSERT_TRUE(table_.end(gate.id));
      ASSERT_FALSE(table_.find(app.id_hash, kApp, kStart + milliseconds(now.load())));
    } else if (round % 100 == 1) {
      table_.end_user(bob_);
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  table_.end_user(bob_);
  EXPECT_EQ(table_.size(), stable.size() + 1);
}

class TokenTableTest : public ::testing::Test {
 protected:
  TokenRecord token(const UserId& user) {
    TokenRecord out;
    out.id = RecordId::random();
    out.hash = Sha256{random_bytes<32>()};
    out.user = user;
    out.created_at = kStart;
    out.expires_at = kStart + hours(1);
    out.scope.team = "plant";
    return out;
  }
  TokenTable table_;
};

TEST_F(TokenTableTest, finds_what_was_put_in_until_it_expires) {
  const TokenRecord one = token(RecordId::random());
  table_.insert(one);
  const auto found = table_.find(one.hash, kStart);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, one.id);
  EXPECT_EQ(found->user, one.user);
  EXPECT_EQ(found->scope->team, "plant");
  EXPECT_TRUE(table_.find(one.hash, kStart + hours(1) - microseconds(1)));
  EXPECT_FALSE(table_.find(one.hash, kStart + hours(1)));
  EXPECT_FALSE(table_.find(Sha256{}, kStart));
}

TEST_F(TokenTableTest, a_revoked_token_is_gone_and_its_scope_lives_on_with_who_holds_it) {
  const TokenRecord one = token(RecordId::random());
  table_.insert(one);
  const auto held = table_.find(one.hash, kStart);
  EXPECT_TRUE(table_.revoke(one.id));
  EXPECT_FALSE(table_.revoke(one.id));
  EXPECT_FALSE(table_.find(one.hash, kStart));
  EXPECT_EQ(held->scope->team, "plant");
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(TokenTableTest, tells_each_use_once) {
  const TokenRecord one = token(RecordId::random()), two = token(RecordId::random());
  table_.insert(one);
  table_.insert(two);
  (void)table_.find(one.hash, kStart + seconds(5));
  const auto touched = table_.collect_touched();
  ASSERT_EQ(touched.size(), 1u);
  EXPECT_EQ(touched[0].id, one.id);
  EXPECT_EQ(touched[0].at, kStart + seconds(5));
  EXPECT_TRUE(table_.collect_touched().empty());
}

TEST_F(TokenTableTest, looking_whether_it_lives_is_no_use_of_it) {
  const TokenRecord one = token(RecordId::random());
  table_.insert(one);
  ASSERT_TRUE(table_.peek(one.hash, kStart + seconds(5)));
  EXPECT_EQ(table_.peek(one.hash, kStart)->id, one.id);
  EXPECT_EQ(table_.peek(one.hash, kStart)->scope->team, "plant");
  EXPECT_TRUE(table_.collect_touched().empty());
  EXPECT_FALSE(table_.peek(one.hash, kStart + hours(1)));
  EXPECT_FALSE(table_.peek(Sha256{}, kStart));
  table_.revoke(one.id);
  EXPECT_FALSE(table_.peek(one.hash, kStart));
}

TEST_F(TokenTableTest, putting_in_again_replaces) {
  TokenRecord one = token(RecordId::random());
  table_.insert(one);
  const Sha256 before = one.hash;
  one.hash = Sha256{random_bytes<32>()};
  table_.insert(one);
  EXPECT_FALSE(table_.find(before, kStart));
  EXPECT_TRUE(table_.find(one.hash, kStart));
  EXPECT_EQ(table_.size(), 1u);
}

}  // namespace
}  // namespace sallyport::storage
