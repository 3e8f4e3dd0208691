#include "sso/token_service.h"

#include "tests/sso/gate_world.h"

namespace sallyport::sso {
namespace {

using std::chrono::days;

class TokenServiceTest : public testing::Test {
 protected:
  TokenServiceTest() {
    store_ = *storage::open_sqlite(folder_.path() + "/sallyport.db", storage::SqliteOpen::kCreate);
    tokens_ = std::make_unique<TokenService>(*store_, clock_);
  }
  NewToken wanted(const std::string& name, std::chrono::seconds life = days(30)) {
    NewToken out;
    out.user = ann_;
    out.user_name = "ann";
    out.name = name;
    out.life = life;
    return out;
  }
  TemporaryFolder folder_;
  ManualClock clock_;
  UserId ann_ = RecordId::random();
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<TokenService> tokens_;
};

TEST_F(TokenServiceTest, makes_a_token_whose_hash_alone_is_kept) {
  NewToken narrow = wanted("ci");
  narrow.scope.team = "plant";
  narrow.scope.read_only = true;
  narrow.strength = policy::Strength::kMfa;
  const auto issued = tokens_->create(narrow, "cli:0");
  ASSERT_TRUE(issued.has_value()) << issued.error().what;
  EXPECT_TRUE(looks_like_token(issued->text.reveal()));
  EXPECT_EQ(issued->text.size(), 47u);
  const auto kept = tokens_->list(ann_);
  ASSERT_EQ(kept->size(), 1u);
  EXPECT_EQ(kept->front().hash, sha256(issued->text.view()));
  EXPECT_EQ(kept->front().name, "ci");
  EXPECT_EQ(kept->front().scope.team, "plant");
  EXPECT_TRUE(kept->front().scope.read_only);
  EXPECT_EQ(kept->front().strength, policy::Strength::kMfa);
  EXPECT_EQ(kept->front().expires_at, clock_.wall() + days(30));
  store_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    EXPECT_FALSE(bytes.contains(issued->text.reveal().substr(4))) << entry.path();
  }
}

TEST_F(TokenServiceTest, a_token_always_ends) {
  EXPECT_TRUE(tokens_->create(wanted("year", days(366)), "cli:0").has_value());
  for (const auto life : {std::chrono::seconds(0), std::chrono::seconds(-1),
                          std::chrono::seconds(days(366)) + std::chrono::seconds(1), std::chrono::seconds::max()})
    EXPECT_EQ(tokens_->create(wanted("x", life), "cli:0").error().code, Code::kLimit) << life.count();
}

TEST_F(TokenServiceTest, names_are_names) {
  for (const char* name : {"a", "ci", "0", "a.b_c-d"})
    EXPECT_TRUE(tokens_->create(wanted(name), "cli:0").has_value()) << name;
  for (const std::string& name : {std::string(), std::string("-a"), std::string("A"), std::string("a b"),
                                  std::string("a/b"), std::string("<script>"), std::string(64, 'a')})
    EXPECT_EQ(tokens_->create(wanted(name), "cli:0").error().code, Code::kMalformed) << name;
}

TEST_F(TokenServiceTest, one_living_token_of_a_name) {
  EXPECT_TRUE(tokens_->create(wanted("ci", days(1)), "cli:0").has_value());
  EXPECT_EQ(tokens_->create(wanted("ci"), "cli:0").error().code, Code::kConflict);
  NewToken of_mel = wanted("ci");
  of_mel.user = RecordId::random();
  EXPECT_TRUE(tokens_->create(of_mel, "cli:0").has_value());
  clock_.advance(days(1));
  EXPECT_TRUE(tokens_->create(wanted("ci"), "cli:0").has_value());
}

TEST_F(TokenServiceTest, revokes_and_leaves_events_without_the_token) {
  const auto issued = tokens_->create(wanted("ci"), "cli:0");
  EXPECT_TRUE(tokens_->revoke(issued->record.id, "cli:0").has_value());
  EXPECT_TRUE(tokens_->list()->empty());
  EXPECT_EQ(tokens_->revoke(issued->record.id, "cli:0").error().code, Code::kNotFound);
  EXPECT_EQ(tokens_->revoke(RecordId::random(), "cli:0").error().code, Code::kNotFound);
  const auto events = store_->admin_events(0, 100);
  std::vector<std::string> actions;
  for (const auto& entry : *events) {
    actions.push_back(entry.event.action);
    EXPECT_FALSE(entry.event.detail.contains("spt_"));
  }
  EXPECT_EQ(actions, (std::vector<std::string>{"token.create", "token.revoke"}));
}

TEST_F(TokenServiceTest, tokens_are_never_the_same_twice) {
  EXPECT_NE(new_token_text()->reveal(), new_token_text()->reveal());
  for (const char* text : {"", "spt_", "spt_abc", "SPT_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    EXPECT_FALSE(looks_like_token(text)) << text;
}

}  // namespace
}  // namespace sallyport::sso
