// What belongs to sign-ins at identity providers: what counts once, where sessions came from, attempts, documents.
#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

using std::chrono::hours;

class SignInElsewhereTest : public StoreTest {
 protected:
  Result<Generation> commit(std::vector<Change> changes) {
    return store_->commit({.changes = std::move(changes), .expected = {}}, {});
  }
  SessionRecord session(const UserId& user) {
    SessionRecord out;
    out.id = out.family = RecordId::random();
    out.id_hash = sha256(out.id.view());
    out.user = user;
    out.host = "gate.localhost";
    out.created_at = out.last_seen_at = clock_.now;
    out.absolute_end = clock_.now + hours(24);
    out.idle = hours(1);
    return out;
  }
  static Sha256 hash(std::string_view text) { return sha256(as_bytes(text)); }
  // A session of this subject, with the provider's own name for it.
  RecordId begin(std::string_view subject, std::optional<std::string_view> index) {
    const SessionRecord one = session(RecordId::random());
    SessionOrigin origin{one.id, provider_, hash(subject), {}, Bytes(3)};
    if (index) origin.index_hash = hash(*index);
    EXPECT_TRUE(commit({PutSession{one}, PutSessionOrigin{origin}}));
    return one.id;
  }
  std::vector<RecordId> found(std::string_view subject, const std::vector<Sha256>& indexes) {
    std::vector<RecordId> out;
    for (const SessionOrigin& origin : store_->session_origins(provider_, hash(subject), indexes).value())
      out.push_back(origin.session);
    std::ranges::sort(out);
    return out;
  }
  const RecordId provider_ = RecordId::random();
};

TEST_F(SignInElsewhereTest, what_counts_once_counts_once_until_it_is_forgotten) {
  const WallMicros until = clock_.now + hours(1);
  ASSERT_TRUE(commit({UseOnce{hash("a"), until}}));
  const auto again = commit({UseOnce{hash("a"), until}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kConflict);
  EXPECT_TRUE(commit({UseOnce{hash("b"), until}})) << "another one";
  ASSERT_TRUE(store_->sweep(until - hours(1)));
  EXPECT_FALSE(commit({UseOnce{hash("a"), until}})) << "still remembered";
  ASSERT_TRUE(store_->sweep(until));
  EXPECT_TRUE(commit({UseOnce{hash("a"), until}}));
}

TEST_F(SignInElsewhereTest, what_comes_with_a_second_use_is_not_written) {
  ASSERT_TRUE(commit({UseOnce{hash("a"), clock_.now + hours(1)}}));
  const SessionRecord one = session(RecordId::random());
  EXPECT_FALSE(commit({PutSession{one}, UseOnce{hash("a"), clock_.now + hours(1)}}));
  EXPECT_TRUE(store_->sessions(clock_.now).value().empty());
}

TEST_F(SignInElsewhereTest, sessions_are_found_by_subject_and_index) {
  const RecordId first = begin("alice", "one");
  const RecordId second = begin("alice", "two");
  const RecordId third = begin("alice", std::nullopt);
  const RecordId other = begin("bob", "one");
  std::vector<RecordId> all{first, second, third};
  std::ranges::sort(all);
  EXPECT_EQ(found("alice", {}), all);
  // One whose provider gave it no name may be the one that is meant.
  EXPECT_EQ(found("alice", {hash("one")}), (std::vector{std::min(first, third), std::max(first, third)}));
  EXPECT_EQ(found("alice", {hash("two"), hash("three")}),
            (std::vector{std::min(second, third), std::max(second, third)}));
  EXPECT_TRUE(found("carol", {}).empty());
  EXPECT_EQ(store_->session_origins_of_index(provider_, hash("one")).value().size(), 2u);
  EXPECT_TRUE(store_->session_origins_of_index(RecordId::random(), hash("one")).value().empty());
  EXPECT_EQ(store_->session_origin(other).value()->subject_hash, hash("bob"));
  EXPECT_FALSE(store_->session_origin(RecordId::random()).value());
}

TEST_F(SignInElsewhereTest, an_origin_goes_with_its_session_and_needs_one) {
  const RecordId gone = begin("alice", "one");
  ASSERT_TRUE(commit({EndSession{gone}}));
  EXPECT_FALSE(store_->session_origin(gone).value());
  EXPECT_FALSE(commit({PutSessionOrigin{{RecordId::random(), provider_, hash("alice"), {}, Bytes(3)}}}));
}

TEST_F(SignInElsewhereTest, the_last_attempts_of_each_provider_are_kept) {
  const auto put = [&](const std::string& provider, int number) {
    ASSERT_TRUE(
        commit({PutSignInAttempt{{provider, clock_.now, std::to_string(number), "refused", "", "", "why", "[]"}}}));
  };
  put("other", 1);
  for (int i = 1; i <= 103; ++i) put("corp", i);
  const auto all = store_->sign_in_attempts("corp", 1000).value();
  ASSERT_EQ(all.size(), kAttemptsKept);
  EXPECT_EQ(all.front().reference, "103") << "the newest first";
  EXPECT_EQ(all.back().reference, "4");
  EXPECT_EQ(all.front().reason, "why");
  EXPECT_EQ(store_->sign_in_attempts("corp", 2).value().size(), 2u);
  EXPECT_EQ(store_->sign_in_attempts("other", 10).value().size(), 1u);
}

TEST_F(SignInElsewhereTest, a_providers_document_is_its_last) {
  EXPECT_FALSE(store_->provider_document(provider_, "metadata").value());
  ASSERT_TRUE(commit({PutProviderDocument{{provider_, "metadata", "https://a", "one", clock_.now}}}));
  ASSERT_TRUE(commit({PutProviderDocument{{provider_, "metadata", "https://b", "two", clock_.now + hours(1)}}}));
  const auto document = store_->provider_document(provider_, "metadata").value();
  ASSERT_TRUE(document);
  EXPECT_EQ(document->source, "https://b");
  EXPECT_EQ(document->body, "two");
  EXPECT_EQ(document->fetched_at, clock_.now + hours(1));
  EXPECT_FALSE(store_->provider_document(RecordId::random(), "metadata").value());
}

}  // namespace
}  // namespace sallyport::storage
