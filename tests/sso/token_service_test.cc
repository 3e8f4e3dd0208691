#include "sso/token_service.h"

#include "tests/sso/gate_world.h"

namespace sallyport::sso {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

class TokenServiceTest : public testing::Test {
 protected:
  TokenServiceTest() {
    store_ = *storage::open_sqlite(folder_.path() + "/sallyport.db", storage::SqliteOpen::kCreate);
    tokens_ = std::make_unique<TokenService>(*store_, clock_);
  }
  NewToken wanted(const std::string& name, seconds life = days(30)) {
    return {.owner = ann_, .whose = "user ann", .name = name, .life = life, .scope = {}};
  }
  Result<IssuedToken> create(const NewToken& token, const TokenRules& rules = {}) {
    return tokens_->create(token, rules, {"cli:0", ""});
  }
  Result<IssuedToken> rotate(const RecordId& id, seconds overlap, std::optional<seconds> life = {},
                             const TokenRules& rules = {}) {
    return tokens_->rotate(
        {.id = id, .whose = "user ann", .overlap = overlap, .life = life, .strength = policy::Strength::kMfa}, rules,
        {"cli:0", ""});
  }
  storage::TokenRecord kept(const RecordId& id) {
    const auto all = tokens_->list();
    const auto found = std::ranges::find(*all, id, &storage::TokenRecord::id);
    EXPECT_NE(found, all->end());
    return *found;
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
  const auto issued = create(narrow);
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

TEST_F(TokenServiceTest, a_token_always_ends_and_not_later_than_the_platform_says) {
  EXPECT_TRUE(create(wanted("year", days(365))).has_value());
  for (const auto life : {seconds(0), seconds(-1), seconds(days(365)) + seconds(1), seconds::max()})
    EXPECT_EQ(create(wanted("x", life)).error().code, Code::kLimit) << life.count();
  const TokenRules week{.life_max = days(7)};
  EXPECT_TRUE(create(wanted("week", days(7)), week).has_value());
  EXPECT_EQ(create(wanted("x", seconds(days(7)) + seconds(1)), week).error().code, Code::kLimit);
}

TEST_F(TokenServiceTest, as_many_living_ones_as_the_platform_says) {
  const TokenRules two{.per_owner_max = 2};
  EXPECT_TRUE(create(wanted("a", days(1)), two).has_value());
  EXPECT_TRUE(create(wanted("b"), two).has_value());
  EXPECT_EQ(create(wanted("c"), two).error().code, Code::kConflict);
  NewToken of_mel = wanted("a");
  of_mel.owner = RecordId::random();
  EXPECT_TRUE(create(of_mel, two).has_value());
  clock_.advance(days(1));
  EXPECT_TRUE(create(wanted("c"), two).has_value()) << "what has expired takes no room";
  const TokenRules shorter{.life_max = hours(12), .per_owner_max = 2};
  clock_.advance(hours(12));
  EXPECT_TRUE(create(wanted("d", hours(1)), shorter).has_value()) << "nor what a lowered maximum has ended";
}

TEST_F(TokenServiceTest, names_are_plain_text) {
  for (const std::string& name : {std::string("a"), std::string("Nightly export"), std::string("a/b <c>"),
                                  std::string("käse"), std::string(100, 'a')})
    EXPECT_TRUE(create(wanted(name)).has_value()) << name;
  EXPECT_TRUE(create(wanted("a")).has_value()) << "names need not differ";
  for (const std::string& name :
       {std::string(), std::string(101, 'a'), std::string("a\nb"), std::string("a\x1b[2J"), std::string("a\x7f"),
        std::string("a\xff"), std::string("a\xe2\x80\xae"), std::string("a\0b", 3)})
    EXPECT_EQ(create(wanted(name)).error().code, Code::kMalformed) << name;
}

TEST_F(TokenServiceTest, revokes_and_leaves_events_without_the_token) {
  const auto issued = create(wanted("ci"));
  EXPECT_TRUE(tokens_->revoke({issued->record}, {"user ann"}, {"cli:0", ""}).has_value());
  EXPECT_TRUE(tokens_->list()->empty());
  const auto events = store_->admin_events(0, 100);
  std::vector<std::string> actions;
  for (const auto& entry : *events) {
    actions.push_back(entry.event.action);
    EXPECT_FALSE(entry.event.detail.contains("spt_"));
    EXPECT_EQ(entry.event.object, "token " + issued->record.id.to_string() + " of user ann");
  }
  EXPECT_EQ(actions, (std::vector<std::string>{"token.create", "token.revoke"}));
}

TEST_F(TokenServiceTest, rotation_makes_another_and_cuts_the_old_one) {
  NewToken narrow = wanted("ci", days(10));
  narrow.scope.resource = "crm";
  const auto old = create(narrow);
  clock_.advance(days(4));
  const auto next = rotate(old->record.id, hours(2));
  ASSERT_TRUE(next.has_value()) << next.error().what;
  EXPECT_NE(next->text.reveal(), old->text.reveal());
  EXPECT_EQ(kept(old->record.id).expires_at, clock_.wall() + hours(2));
  EXPECT_EQ(kept(next->record.id).expires_at, clock_.wall() + days(10)) << "as long as the old one had";
  EXPECT_EQ(next->record.name, "ci");
  EXPECT_EQ(next->record.user, ann_);
  EXPECT_EQ(next->record.scope.resource, "crm");
  EXPECT_EQ(next->record.strength, policy::Strength::kPassword) << "as the old one, though a command may more";
  const auto event = store_->admin_events(0, 100)->back().event;
  EXPECT_EQ(event.action, "token.rotate");
  EXPECT_TRUE(event.detail.contains(next->record.id.to_string())) << event.detail;
}

TEST_F(TokenServiceTest, rotation_never_lengthens) {
  const auto old = create(wanted("ci", hours(1)));
  ASSERT_TRUE(rotate(old->record.id, days(3), days(1)).has_value());
  EXPECT_EQ(kept(old->record.id).expires_at, old->record.expires_at);
  const TokenRules week{.life_max = days(7)};
  const auto year = create(wanted("year", days(365)));
  const auto next = rotate(year->record.id, seconds(0), {}, week);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->record.expires_at, clock_.wall() + days(7)) << "as far as the rules allow";
  EXPECT_EQ(kept(year->record.id).expires_at, clock_.wall());
  EXPECT_EQ(rotate(next->record.id, hours(1), days(8), week).error().code, Code::kLimit);
  EXPECT_EQ(rotate(next->record.id, hours(1), seconds(0), week).error().code, Code::kLimit);
  EXPECT_EQ(kept(next->record.id).expires_at, next->record.expires_at) << "both or neither";
}

TEST_F(TokenServiceTest, what_is_over_is_not_rotated) {
  const auto over = create(wanted("over", hours(1)));
  const auto gone = create(wanted("gone"));
  const auto aged = create(wanted("aged"));
  ASSERT_TRUE(tokens_->revoke({gone->record}, {"user ann"}, {"cli:0", ""}).has_value());
  clock_.advance(hours(1));
  EXPECT_EQ(rotate(over->record.id, hours(1)).error().code, Code::kNotFound);
  EXPECT_EQ(rotate(gone->record.id, hours(1)).error().code, Code::kNotFound);
  EXPECT_EQ(rotate(RecordId::random(), hours(1)).error().code, Code::kNotFound);
  EXPECT_EQ(rotate(aged->record.id, hours(1), {}, {.life_max = hours(1)}).error().code, Code::kNotFound);
  EXPECT_EQ(tokens_->list()->size(), 2u);
}

TEST_F(TokenServiceTest, tokens_are_never_the_same_twice) {
  EXPECT_NE(new_token_text()->reveal(), new_token_text()->reveal());
  for (const char* text : {"", "spt_", "spt_abc", "SPT_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    EXPECT_FALSE(looks_like_token(text)) << text;
}

TEST(TokenLife, has_a_number_and_a_unit) {
  const std::pair<const char*, seconds> good[] = {{"0s", seconds(0)}, {"90s", seconds(90)}, {"5m", seconds(300)},
                                                  {"12h", hours(12)}, {"30d", days(30)},    {"2w", days(14)}};
  for (const auto& [text, life] : good) EXPECT_EQ(parse_token_life(text), life) << text;
  for (const char* text : {"", "s", "30", "-1d", "+1d", "1.5h", "1 d", "1d ", "5ms", "1h30m", "1y", "w", "0x1d",
                           "99999999999999999999d", "99999999w"})
    EXPECT_FALSE(parse_token_life(text)) << text;
}

}  // namespace
}  // namespace sallyport::sso
