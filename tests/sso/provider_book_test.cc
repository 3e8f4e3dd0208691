// When a provider is asked for what it says of itself, and when not.
#include <semaphore>

#include "tests/sso/provider_world.h"

namespace sallyport::sso {
namespace {

using std::chrono::minutes;

class ProviderBookTest : public ProviderWorld {
 protected:
  ~ProviderBookTest() override { settle(); }
  // What is due is asked for, and has answered.
  void refresh() {
    book_.refresh(*snapshot_);
    settle();
  }
  void settle() {
    std::binary_semaphore done(0);
    ASSERT_TRUE(one_.submit([&] { done.release(); }));
    done.acquire();
  }
  OidcBook::State state() { return book_.state(provider("corp")).value(); }
  size_t asked() { return fetcher_.asked("corp.test"); }

  BlockingPool one_{"book", 1, 8};  // its jobs run in order
  OidcBook book_{{*store_, one_, fetcher_, clock_, log_}, kOidcDiscovery};
};

TEST_F(ProviderBookTest, asks_once_and_again_after_hours) {
  refresh();
  EXPECT_EQ(asked(), 1U);
  EXPECT_TRUE(state().document);
  clock_.advance(kDocumentRefreshed - minutes(1));
  refresh();
  EXPECT_EQ(asked(), 1U);
  clock_.advance(kDocumentRefreshed / 4 + minutes(2));
  refresh();
  EXPECT_EQ(asked(), 2U);
}

TEST_F(ProviderBookTest, hurries_when_what_is_known_did_not_do) {
  refresh();
  book_.hurry(provider("corp"));
  refresh();
  EXPECT_EQ(asked(), 1U) << "it was asked for just before";
  clock_.advance(kDocumentHurried);
  refresh();
  EXPECT_EQ(asked(), 1U) << "nobody has hurried since";
  book_.hurry(provider("corp"));
  refresh();
  EXPECT_EQ(asked(), 2U);
}

// Else whoever shows an unknown key has a provider that is away asked again and again.
TEST_F(ProviderBookTest, does_not_hurry_after_a_failure) {
  refresh();
  fetcher_.away("corp.test");
  clock_.advance(kDocumentHurried);
  book_.hurry(provider("corp"));
  refresh();
  EXPECT_EQ(asked(), 2U);
  EXPECT_TRUE(state().document) << "the last good one";
  EXPECT_TRUE(state().problem.has_value());
  for (int i = 0; i < 4; ++i) {
    clock_.advance(kDocumentHurried);
    book_.hurry(provider("corp"));
    refresh();
    EXPECT_EQ(asked(), 2U) << i;
  }
  fetcher_.back("corp.test");
  clock_.advance(kDocumentTriedAgain);
  refresh();
  EXPECT_EQ(asked(), 3U) << "its time has come";
  EXPECT_FALSE(state().problem.has_value());
  clock_.advance(kDocumentHurried);
  book_.hurry(provider("corp"));
  refresh();
  EXPECT_EQ(asked(), 4U) << "after a success it hurries again";
}

}  // namespace
}  // namespace sallyport::sso
