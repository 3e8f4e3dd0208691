// A factor is shown in one session of a family: what becomes of that session, and what of the others.
#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/storage/session_world.h"

namespace sallyport::storage {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

class SessionRiseTest : public SessionWorld {};

RaiseSession rise_of(const SessionRecord& session, const char* cookie, microseconds after) {
  return {.id = session.id, .id_hash = sha256(as_bytes(std::string_view(cookie))), .factor_at = kStart + after};
}

TEST_F(SessionRiseTest, a_factor_raises_one_session_under_another_cookie) {
  const SessionRecord gate = session_of(alice_), app = session_of(alice_, kApp, gate.id);
  table_.insert(gate);
  table_.insert(app);
  const RaiseSession rise = rise_of(gate, "another", seconds(5));
  ASSERT_TRUE(table_.raise(gate.id, rise));
  EXPECT_FALSE(lives(gate, seconds(6))) << "the old cookie";
  const auto found = table_.find(rise.id_hash, kGate, kStart + seconds(6));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, gate.id);
  EXPECT_EQ(found->strength, policy::Strength::kMfa);
  EXPECT_EQ(found->factor_at, kStart + seconds(5));
  EXPECT_EQ(table_.current(gate.id, gate.id, kStart + seconds(6))->strength, policy::Strength::kMfa);
  EXPECT_EQ(table_.find(app.id_hash, kApp, kStart + seconds(6))->strength, policy::Strength::kPassword);
  EXPECT_EQ(table_.current(app.id, gate.id, kStart + seconds(6))->strength, policy::Strength::kPassword);
  EXPECT_EQ(table_.current(app.id, gate.id, kStart + seconds(6))->factor_at, std::nullopt);

  const RaiseSession child = rise_of(app, "child", seconds(7));
  ASSERT_TRUE(table_.raise(gate.id, child));
  EXPECT_FALSE(lives(app, seconds(8)));
  EXPECT_EQ(table_.find(child.id_hash, kApp, kStart + seconds(8))->factor_at, kStart + seconds(7));
  EXPECT_FALSE(table_.find(child.id_hash, kGate, kStart + seconds(8))) << "and it counts on its host alone";
  EXPECT_EQ(table_.size(), 2u);
  EXPECT_TRUE(table_.end(gate.id));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(SessionRiseTest, a_child_is_as_strong_as_its_own_record_says) {
  const SessionRecord gate = session_of(alice_);
  SessionRecord app = session_of(alice_, kApp, gate.id);
  table_.insert(gate);
  app.strength = policy::Strength::kMfa;
  app.factor_at = kStart;
  ASSERT_TRUE(table_.insert(app));
  EXPECT_EQ(table_.find(app.id_hash, kApp, kStart)->strength, policy::Strength::kMfa);
  EXPECT_EQ(table_.find(gate.id_hash, kGate, kStart)->strength, policy::Strength::kPassword);
}

TEST_F(SessionRiseTest, what_has_ended_is_not_raised) {
  const SessionRecord gate = session_of(alice_), app = session_of(alice_, kApp, gate.id), other = session_of(bob_);
  for (const auto& each : {gate, app, other}) table_.insert(each);
  EXPECT_FALSE(table_.raise(other.id, rise_of(app, "x", seconds(1)))) << "of another family";
  EXPECT_FALSE(table_.raise(RecordId::random(), rise_of(gate, "x", seconds(1))));
  ASSERT_TRUE(table_.end(app.id));
  EXPECT_FALSE(table_.raise(gate.id, rise_of(app, "x", seconds(1))));
  EXPECT_FALSE(table_.current(app.id, gate.id, kStart + seconds(1)));
  ASSERT_TRUE(table_.end(gate.id));
  EXPECT_FALSE(table_.raise(gate.id, rise_of(gate, "x", seconds(1))));
  EXPECT_FALSE(table_.find(sha256(as_bytes("x")), kGate, kStart + seconds(1)));
  EXPECT_FALSE(table_.current(gate.id, gate.id, kStart + seconds(1)));
  EXPECT_EQ(table_.size(), 1u);
}

}  // namespace
}  // namespace sallyport::storage
