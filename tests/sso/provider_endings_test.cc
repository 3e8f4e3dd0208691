// Sessions that end because their provider says so, however many they are.
#include "sso/provider_endings.h"

#include "tests/sso/account_world.h"

namespace sallyport::sso {
namespace {

class ProviderEndingsTest : public AccountWorld {
 protected:
  // All sessions of ann, as the provider's.
  std::vector<storage::SessionOrigin> origins() {
    std::vector<storage::SessionOrigin> out;
    with_store([&](storage::Store& store) {
      for (const auto& session : store.sessions_of(record("ann").id, clock_.wall()).value())
        out.push_back({session.id, provider_, {}, {}, {}});
    });
    return out;
  }
  Result<size_t> end(std::vector<storage::SessionOrigin> origins, std::string_view message) {
    loop_ = std::make_unique<Loop>(clock_);
    auto ending = endings_.end(*loop_, "corp", "192.0.2.1", std::move(origins),
                               {sha256(as_bytes(message)), clock_.wall() + std::chrono::hours(1)});
    return run(ending);
  }

  const RecordId provider_ = RecordId::random();
  ProviderEndings endings_{
      {.store = *store_,
       .sessions = sessions_,
       .clock = clock_,
       .session_ended = [this](const RecordId& family) { ended_.push_back(family); },
       .in_force = [this](Loop&, storage::Generation generation) { return note_awaited(generation); }}};
};

TEST_F(ProviderEndingsTest, more_than_a_commit_takes_go_in_several) {
  const size_t many = 2 * kSessionsEndedMax + 1;
  for (size_t made = 0; made < many; made += kSessionsEndedMax)
    add_sessions("ann", std::min(kSessionsEndedMax, many - made));
  add_sessions("mel", 1);
  const auto all = origins();
  ASSERT_EQ(all.size(), many);
  const uint64_t before = count(committed());
  EXPECT_EQ(end(all, "one").value(), many);
  EXPECT_EQ(count(committed()), before + 3);
  EXPECT_EQ(awaited_, std::vector{committed()}) << "once, for the last commit";
  EXPECT_EQ(sessions_.size(), 1U) << "mel's";
  EXPECT_TRUE(origins().empty());
  std::ranges::sort(ended_);
  EXPECT_EQ(std::ranges::adjacent_find(ended_), ended_.end()) << "each is told of once";
  EXPECT_EQ(ended_.size(), many);
}

TEST_F(ProviderEndingsTest, just_as_many_as_a_commit_takes_go_in_one) {
  add_sessions("ann", kSessionsEndedMax);
  const uint64_t before = count(committed());
  EXPECT_EQ(end(origins(), "one").value(), kSessionsEndedMax);
  EXPECT_EQ(count(committed()), before + 1);
  EXPECT_EQ(sessions_.size(), 0U);
}

TEST_F(ProviderEndingsTest, a_message_counts_once_also_one_that_ends_nothing) {
  EXPECT_EQ(end({}, "one").value(), 0U);
  add_sessions("ann", 1);
  EXPECT_EQ(end(origins(), "one").error().code, Code::kConflict);
  EXPECT_EQ(sessions_.size(), 1U);
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(end(origins(), "two").value(), 1U);
  EXPECT_EQ(sessions_.size(), 0U);
}

}  // namespace
}  // namespace sallyport::sso
