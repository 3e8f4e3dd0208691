#include "storage/admin_chain.h"

#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

class AdminChainTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    for (int i = 0; i < 10; ++i)
      ASSERT_TRUE(store_->commit({}, {{clock_.wall(), "test", "me", "object " + std::to_string(i), "", ""}}));
  }
  // "ok N" or "broken SEQ: reason", as the command prints it.
  std::string verdict() {
    const ChainVerdict out = verify_admin_chain(*store_).value();
    if (!out.broken_seq) return "ok " + std::to_string(out.entries);
    return "broken " + std::to_string(*out.broken_seq) + ": " + out.reason;
  }
};

TEST_F(AdminChainTest, an_untouched_chain_fits) {
  EXPECT_EQ(verdict(), "ok 11");  // the keyring's first event and ten
  reopen();
  EXPECT_EQ(verdict(), "ok 11");
}

TEST_F(AdminChainTest, an_event_without_a_change_moves_no_generation) {
  const Generation before = store_->generation().value();
  ASSERT_TRUE(store_->commit({}, {{clock_.wall(), "sign_in.refused", "", "user x", "10.0.0.1", ""}}));
  EXPECT_EQ(store_->generation().value(), before);
  EXPECT_EQ(verdict(), "ok 12");
}

TEST_F(AdminChainTest, every_edit_is_named_by_its_first_entry) {
  const std::pair<const char*, const char*> cases[] = {
      {"UPDATE admin_events SET detail = 'x' WHERE seq = 5", "broken 5: entry was changed"},
      {"UPDATE admin_events SET at = at + 1 WHERE seq = 5", "broken 5: entry was changed"},
      {"UPDATE admin_events SET actor = 'you' WHERE seq = 11", "broken 11: entry was changed"},
      {"UPDATE admin_events SET actor = 'metest', action = '' WHERE seq = 3", "broken 3: entry was changed"},
      {"UPDATE admin_events SET hash = zeroblob(32) WHERE seq = 4", "broken 4: entry was changed"},
      {"UPDATE admin_events SET previous = zeroblob(32) WHERE seq = 4",
       "broken 4: entry does not follow the one before"},
      {"UPDATE admin_events SET hash = x'00' WHERE seq = 4", "broken 4: entry was changed"},
      {"DELETE FROM admin_events WHERE seq = 1", "broken 1: entry is missing"},
      {"DELETE FROM admin_events WHERE seq = 6", "broken 6: entry is missing"},
      {"DELETE FROM admin_events WHERE seq > 9", "broken 10: entries are missing at the end"},
      {"DELETE FROM admin_events", "broken 1: entries are missing at the end"},
      {"UPDATE admin_events SET seq = -1 WHERE seq = 5; UPDATE admin_events SET seq = 5 WHERE seq = 6;"
       "UPDATE admin_events SET seq = 6 WHERE seq = -1",
       "broken 5: entry does not follow the one before"},
      {"UPDATE installation SET admin_head = zeroblob(32)", "broken 11: the chain ends in another entry"},
      {"UPDATE installation SET admin_seq = 0", "broken 1: there are entries behind the end of the chain"},
      {"UPDATE installation SET id = zeroblob(16)", "broken 1: entry does not follow the one before"},
  };
  for (const auto& [sql, expected] : cases) {
    const std::string copy = folder_ / "copy.db";
    std::filesystem::remove(copy);
    tamper(path_, "VACUUM INTO '" + copy + "'");
    tamper(copy, sql);
    store_ = open_sqlite(copy, SqliteOpen::kCommand).value();
    EXPECT_EQ(verdict(), expected) << sql;
    store_ = open_sqlite(path_, SqliteOpen::kCommand).value();
  }
}

TEST_F(AdminChainTest, reads_chains_longer_than_a_page) {
  std::vector<AdminEvent> events(2500, AdminEvent{clock_.wall(), "a", "b", "c", "d", "e"});
  ASSERT_TRUE(store_->commit({}, events));
  EXPECT_EQ(verdict(), "ok 2511");
}

TEST_F(AdminChainTest, a_failed_change_leaves_no_event) {
  ASSERT_FALSE(store_->commit({.changes = {DeleteResource{RecordId::random()}}, .expected = std::nullopt},
                              {{clock_.wall(), "resource.delete", "me", "x", "", ""}}));
  EXPECT_EQ(verdict(), "ok 11");
}

}  // namespace
}  // namespace sallyport::storage
