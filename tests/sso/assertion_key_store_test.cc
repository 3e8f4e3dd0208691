#include "sso/assertion_key_store.h"

#include "sso/jose.h"
#include "tests/sso/es256_verify.h"
#include "tests/storage/store_fixture.h"

namespace sallyport::sso {
namespace {

using namespace std::chrono_literals;
using storage::NamedKeyRecord;

class AssertionKeyStoreTest : public storage::StoreTest {
 protected:
  RolledOver roll(RollOver when = RollOver::kWhenDue) {
    const auto done = roll_over(*store_, *keyring_, clock_.now, when, "test");
    EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().what);
    return done.value_or(RolledOver{});
  }
  std::vector<NamedKeyRecord> records() { return store_->named_keys(kAssertionKeyPurpose).value(); }
  OpenedKeys opened() { return open_assertion_keys(*keyring_, records()); }
  std::shared_ptr<const AssertionKeys> keys() { return AssertionKeys::make("https://gate", opened().keys).value(); }
  std::vector<std::string> published() {
    std::vector<std::string> out;
    for (const auto& key : nlohmann::json::parse(keys()->jwk_set(clock_.now))["keys"]) out.push_back(key["kid"]);
    return out;
  }
  void pass(std::chrono::microseconds time) { clock_.now = clock_.now + time; }
  using Kids = std::vector<std::string>;
};

TEST_F(AssertionKeyStoreTest, the_first_start_makes_one_that_signs_and_one_in_reserve) {
  const RolledOver first = roll();
  EXPECT_TRUE(first.changed);
  EXPECT_EQ(published(), (Kids{first.signs, first.next}));
  EXPECT_NE(first.signs, first.next);
  EXPECT_EQ(store_->admin_events(0, 100)->back().event.action, "key.create");
  const RolledOver again = roll();
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.signs, first.signs);
  EXPECT_EQ(again.next, first.next);
  reopen();
  EXPECT_EQ(published(), (Kids{first.signs, first.next})) << "after a restart";
}

TEST_F(AssertionKeyStoreTest, after_thirty_days_the_one_in_reserve_signs_and_the_old_one_is_published_on) {
  const RolledOver first = roll();
  AssertionClaims claims;
  claims.user = "ann";
  const std::string token = keys()->sign(claims, clock_.now);
  pass(30 * 24h - 1us);
  EXPECT_FALSE(roll().changed);
  pass(1us);
  const RolledOver second = roll();
  EXPECT_TRUE(second.changed);
  EXPECT_EQ(second.signs, first.next);
  EXPECT_EQ(second.published_for, 30 * 24h) << "published long before it signed";
  EXPECT_EQ(keys()->kid(), first.next);
  EXPECT_EQ(published(), (Kids{second.signs, first.signs, second.next}));
  EXPECT_EQ(verified_claims(token, keys()->jwk_set(clock_.now))["sub"], "ann") << "what the old one signed verifies";
  EXPECT_EQ(store_->admin_events(0, 100)->back().event.action, "key.rotate");
  pass(24h);
  EXPECT_EQ(published(), (Kids{second.signs, first.signs, second.next}));
  pass(1h);
  EXPECT_EQ(published(), (Kids{second.signs, second.next}));
  EXPECT_EQ(records().size(), 3u) << "kept in the store";
  EXPECT_TRUE(records()[0].retired);
}

TEST_F(AssertionKeyStoreTest, by_itself_no_key_signs_before_it_was_published_for_ten_minutes) {
  roll();
  pass(30 * 24h);
  // The one in reserve is lost: a new one is made, and waits.
  storage::tamper(path_,
                  "UPDATE named_keys SET sealed = zeroblob(73) WHERE purpose = 'jwt-signing' AND rowid ="
                  " (SELECT max(rowid) FROM named_keys)");
  const RolledOver made = roll();
  EXPECT_TRUE(made.changed);
  const std::string old = made.signs;
  pass(10min - 1us);
  EXPECT_FALSE(roll().changed);
  pass(1us);
  const RolledOver rolled = roll();
  EXPECT_TRUE(rolled.changed);
  EXPECT_NE(rolled.signs, old);
  EXPECT_EQ(rolled.signs, made.next);
}

TEST_F(AssertionKeyStoreTest, by_hand_it_is_at_once_and_says_how_well_known_the_key_is) {
  const RolledOver first = roll();
  pass(1min);
  const RolledOver second = roll(RollOver::kNow);
  EXPECT_EQ(second.signs, first.next);
  EXPECT_EQ(second.published_for, 1min);
  const RolledOver third = roll(RollOver::kNow);  // in the same microsecond
  EXPECT_EQ(third.signs, second.next);
  EXPECT_EQ(keys()->kid(), third.signs);
  EXPECT_EQ(published().size(), 4u);
}

TEST_F(AssertionKeyStoreTest, a_clock_set_back_keeps_the_order) {
  roll();
  const RolledOver second = roll(RollOver::kNow);
  pass(-24h);
  const RolledOver third = roll(RollOver::kNow);
  EXPECT_EQ(third.signs, second.next);
  EXPECT_EQ(keys()->kid(), third.signs);
}

TEST_F(AssertionKeyStoreTest, by_hand_before_the_first_start_makes_the_first_keys) {
  const RolledOver first = roll(RollOver::kNow);
  EXPECT_EQ(published(), (Kids{first.signs, first.next}));
  EXPECT_FALSE(roll().changed);
}

TEST_F(AssertionKeyStoreTest, the_published_set_is_bounded) {
  roll();
  Error last{};
  for (size_t i = 0; i < 2 * kPublishedKeysMax; ++i) {
    const auto done = roll_over(*store_, *keyring_, clock_.now, RollOver::kNow, "test");
    if (!done) last = done.error();
  }
  EXPECT_EQ(last.code, Code::kLimit);
  EXPECT_EQ(published().size(), kPublishedKeysMax);
  pass(25h + 1s);
  EXPECT_EQ(published().size(), 2u);
  EXPECT_TRUE(roll(RollOver::kNow).changed);
}

TEST_F(AssertionKeyStoreTest, more_keys_than_are_opened_leave_the_right_ones) {
  roll();
  for (size_t i = 0; i < kOpenedKeysMax + 8; ++i) {
    pass(25h);
    roll(RollOver::kNow);
  }
  EXPECT_EQ(records().size(), kOpenedKeysMax + 10);
  EXPECT_EQ(opened().keys.size(), kOpenedKeysMax);
  EXPECT_EQ(published().size(), 3u);
}

// --- somebody edits the file

TEST_F(AssertionKeyStoreTest, a_key_that_was_slipped_in_is_never_published) {
  roll();
  const auto before = published();
  storage::tamper(path_,
                  "INSERT INTO named_keys SELECT randomblob(16), purpose, sealed, randomblob(64),"
                  " created_at + 1, 0 FROM named_keys WHERE purpose = 'jwt-signing'");
  EXPECT_EQ(published(), before);
  EXPECT_EQ(opened().refused.size(), 2u);
  storage::tamper(path_,
                  "UPDATE named_keys SET public_key = randomblob(64), retired = 1 - retired,"
                  " created_at = created_at + 5 WHERE purpose = 'jwt-signing'");
  EXPECT_EQ(published(), before) << "what stands beside the sealed text decides nothing";
}

TEST_F(AssertionKeyStoreTest, a_key_of_another_purpose_or_row_does_not_open) {
  roll();
  storage::tamper(path_,
                  "UPDATE named_keys SET sealed = (SELECT sealed FROM named_keys WHERE purpose = 'row-mac')"
                  " WHERE purpose = 'jwt-signing'");
  EXPECT_TRUE(opened().keys.empty());
  EXPECT_EQ(opened().refused.size(), 2u);
}

TEST_F(AssertionKeyStoreTest, no_two_keys_change_places) {
  const RolledOver first = roll();
  storage::tamper(path_,
                  "CREATE TEMP TABLE was AS SELECT id, sealed FROM named_keys WHERE purpose = 'jwt-signing';"
                  "UPDATE named_keys SET sealed = (SELECT was.sealed FROM was WHERE was.id <> named_keys.id)"
                  " WHERE purpose = 'jwt-signing'");
  EXPECT_TRUE(opened().keys.empty());
  const RolledOver mended = roll();
  EXPECT_TRUE(mended.changed) << "a gateway without a key makes one";
  EXPECT_NE(mended.signs, first.signs);
  EXPECT_EQ(published(), (Kids{mended.signs, mended.next}));
}

TEST_F(AssertionKeyStoreTest, a_key_that_opens_and_is_none_is_refused) {
  const auto put = [&](std::string_view clear) {
    auto record = keyring_->seal_named_key(kAssertionKeyPurpose, as_bytes(clear), {}, clock_.now).value();
    ASSERT_TRUE(store_->commit({.changes = {storage::PutNamedKey{record}}, .expected = std::nullopt}, {}));
  };
  put("short");
  put(std::string(40, '\0'));    // zero is no private half
  put(std::string(40, '\xff'));  // nor what is not below the order
  put(std::string(41, '\1'));
  EXPECT_TRUE(opened().keys.empty());
  EXPECT_EQ(opened().refused.size(), 4u);
}

TEST_F(AssertionKeyStoreTest, the_private_half_is_sealed) {
  roll();
  for (const NamedKeyRecord& record : records()) {
    const SecretBytes clear = keyring_->open_named_key(record).value();
    EXPECT_EQ(as_text(record.sealed).find(clear.reveal().substr(0, kP256ScalarBytes)), std::string_view::npos);
    EXPECT_EQ(as_text(record.public_key).find(clear.reveal().substr(0, kP256ScalarBytes)), std::string_view::npos);
    EXPECT_EQ(record.public_key.size(), 64u);
  }
  for (const auto& entry : *store_->admin_events(0, 100))
    EXPECT_EQ(entry.event.detail.find("private"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::sso
