// Tokens in the store: an end that only comes nearer, and the last use with its address.
#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

using std::chrono::hours;

class TokenStoreTest : public StoreTest {
 protected:
  TokenRecord put() {
    TokenRecord token;
    token.id = RecordId::random();
    token.hash = sha256(token.id.view());
    token.user = RecordId::random();
    token.name = "t";
    token.created_at = clock_.now;
    token.expires_at = clock_.now + hours(10);
    EXPECT_TRUE(commit(PutToken{token}));
    return token;
  }
  Result<Generation> commit(Change change) { return store_->commit({{std::move(change)}, std::nullopt}, {}); }
  TokenRecord kept() { return store_->tokens()->front(); }
};

TEST_F(TokenStoreTest, a_cut_brings_the_end_nearer_and_never_away) {
  const TokenRecord token = put();
  const Generation before = *store_->generation();
  ASSERT_TRUE(commit(CutToken{token.id, clock_.now + hours(2)}));
  EXPECT_EQ(kept().expires_at, clock_.now + hours(2));
  ASSERT_TRUE(commit(CutToken{token.id, clock_.now + hours(5)}));
  EXPECT_EQ(kept().expires_at, clock_.now + hours(2));
  const auto news = store_->revocations_since(before);
  ASSERT_EQ(news->new_tokens.size(), 1u) << "others hear of it";
  EXPECT_EQ(news->new_tokens[0].expires_at, clock_.now + hours(2));
}

TEST_F(TokenStoreTest, what_is_gone_is_not_cut_and_nothing_else_happens) {
  const TokenRecord token = put();
  TokenRecord other = token;
  other.id = RecordId::random();
  other.hash = sha256(other.id.view());
  ASSERT_TRUE(commit(RevokeToken{token.id}));
  ChangeSet both{{CutToken{token.id, clock_.now}, PutToken{other}}, std::nullopt};
  EXPECT_EQ(store_->commit(both, {}).error().code, Code::kConflict);
  EXPECT_TRUE(store_->tokens()->empty());
}

TEST_F(TokenStoreTest, the_last_use_and_where_from) {
  const TokenRecord token = put();
  EXPECT_EQ(kept().last_used_from, "");
  ASSERT_TRUE(commit(TouchToken{token.id, clock_.now + hours(1), "192.0.2.7"}));
  ASSERT_TRUE(commit(TouchToken{token.id, clock_.now, "192.0.2.8"}));
  EXPECT_EQ(kept().last_used_at, clock_.now + hours(1));
  EXPECT_EQ(kept().last_used_from, "192.0.2.7") << "an older use says nothing";
}

}  // namespace
}  // namespace sallyport::storage
