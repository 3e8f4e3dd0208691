// When a provider is asked for its keys, and when not.
#include <thread>

#include "tests/sso/oidc/oidc_world.h"

namespace sallyport::sso::oidc {
namespace {

struct KeysWorld : OidcWorld {
  // Does the set that is used have the key?
  bool knows(const std::string& kid, const std::string& provider = "corp") {
    JwsHeader wanted;
    wanted.algorithm = JoseAlgorithm::kRs256;
    wanted.kid = kid;
    Checks checks;
    const auto set = keys.keys_for(*this, provider, client.provider.network, client.document.jwks_uri, wanted, checks);
    if (!set) error = set.error().what;
    return set && find_jwk(**set, wanted) != nullptr;
  }
  void away() {
    pages["/jwks"] = [](const FetchRequest&) { return answers(500, ""); };
  }
  void back() {
    pages["/jwks"] = [this](const FetchRequest&) {
      FetchReply out = answers(200, jwks);
      out.cache_control = cache_control;
      return out;
    };
  }
  int times() { return asked["/jwks"]; }
  std::string cache_control;
  std::string error;
};

TEST(ProviderKeys, are_fetched_once_and_kept_for_an_hour) {
  KeysWorld world;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(world.knows("rs"));
  world.clock.passed = 59min;
  EXPECT_TRUE(world.knows("rs"));
  EXPECT_EQ(world.times(), 1);
  world.clock.passed = 61min;
  EXPECT_TRUE(world.knows("rs"));
  EXPECT_EQ(world.times(), 2);
}

TEST(ProviderKeys, an_unknown_kid_asks_again_at_most_once_in_60_s) {
  KeysWorld world;
  ASSERT_TRUE(world.knows("rs"));
  world.jwks = JoseSigner("RS256", "rs-2").jwks();
  EXPECT_TRUE(world.knows("rs-2")) << "it changed its keys";
  EXPECT_EQ(world.times(), 2);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(world.knows("made up"));
  EXPECT_EQ(world.times(), 2);
  EXPECT_TRUE(world.knows("rs-2")) << "who is known does not wait";
  world.clock.passed = 61s;
  EXPECT_FALSE(world.knows("made up"));
  EXPECT_FALSE(world.knows("made up"));
  EXPECT_EQ(world.times(), 3);
}

TEST(ProviderKeys, a_key_that_is_gone_counts_no_longer) {
  KeysWorld world;
  ASSERT_TRUE(world.knows("rs"));
  world.jwks = JoseSigner("RS256", "rs-2").jwks();
  ASSERT_TRUE(world.knows("rs-2"));
  EXPECT_FALSE(world.knows("rs"));
}

TEST(ProviderKeys, a_provider_that_is_away_keeps_its_keys_for_a_day) {
  KeysWorld world;
  ASSERT_TRUE(world.knows("rs"));
  world.away();
  world.clock.passed = 2h;
  EXPECT_TRUE(world.knows("rs"));
  EXPECT_TRUE(world.knows("rs"));
  EXPECT_EQ(world.times(), 2) << "it is left in peace for a moment";
  world.clock.passed = 24h + 1s;
  EXPECT_FALSE(world.knows("rs"));
  EXPECT_EQ(world.error, "provider did not answer 200");
  EXPECT_FALSE(world.knows("rs"));
  EXPECT_EQ(world.error, "provider's keys could not be had a moment ago");
  world.back();
  world.clock.passed += kKeysFailurePause;
  EXPECT_TRUE(world.knows("rs"));
}

TEST(ProviderKeys, are_of_one_provider_and_of_where_it_was_when_they_came) {
  KeysWorld world;
  ASSERT_TRUE(world.knows("rs"));
  ASSERT_TRUE(world.knows("rs", "another"));
  EXPECT_EQ(world.times(), 2);
  world.client.document.jwks_uri = http::parse_url("https://op.example.test/other").value();
  world.pages["/other"] = [](const FetchRequest&) { return answers(200, JoseSigner("RS256", "x").jwks()); };
  EXPECT_FALSE(world.knows("rs")) << "the resource was changed";
  EXPECT_TRUE(world.knows("x"));
  world.client.provider.network.networks = {Cidr::parse("10.0.0.0/8").value()};
  const int before = world.asked["/other"];
  (void)world.knows("x");
  EXPECT_EQ(world.asked["/other"], before + 1);
}

TEST(ProviderKeys, a_set_without_usable_keys_is_told) {
  KeysWorld world;
  world.jwks = R"({"keys":[{"kty":"oct","k":"AA"}]})";
  EXPECT_FALSE(world.knows("rs"));
  EXPECT_EQ(world.error, "provider has no key that is taken");
  world.clock.passed = 1min;
  world.jwks = "<html>";
  EXPECT_FALSE(world.knows("rs"));
  EXPECT_EQ(world.error, "key set is no JSON object, or has a member twice");
}

TEST(ProviderKeys, many_threads_ask_once) {
  KeysWorld world;
  std::vector<std::jthread> threads;
  std::atomic<int> known = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      JwsHeader wanted;
      wanted.kid = "rs";
      Checks checks;
      const auto set = world.keys.keys_for(world, "corp", world.client.provider.network, world.client.document.jwks_uri,
                                           wanted, checks);
      if (set && find_jwk(**set, wanted) != nullptr) ++known;
    });
  threads.clear();
  EXPECT_EQ(known, 8);
  EXPECT_EQ(world.times(), 1);
}

TEST(ProviderKeys, cache_control_within_bounds) {
  struct Row {
    const char* text;
    std::chrono::seconds age;
  };
  for (const auto& [text, age] : std::initializer_list<Row>{{"", 1h},
                                                            {"max-age=600", 10min},
                                                            {"public, max-age=7200, must-revalidate", 2h},
                                                            {"Max-Age=600", 10min},
                                                            {"max-age=0", 5min},
                                                            {"max-age=86401", 24h},
                                                            {"max-age=99999999999999999999999999", 24h},
                                                            {"max-age=18446744073709551615", 24h},
                                                            {"max-age=-1", 1h},
                                                            {"max-age=\"600\"", 1h},
                                                            {"max-age=", 1h},
                                                            {"max-age", 1h},
                                                            {"s-maxage=600", 1h},
                                                            {"no-store, max-age=600", 5min},
                                                            {"no-cache", 5min},
                                                            {",,,=,", 1h}})
    EXPECT_EQ(keys_age(text), age) << text;
}

TEST(oidc_sign_in, goes_on_when_the_provider_changes_its_keys) {
  OidcWorld world;
  ASSERT_EQ(world.why(), "taken: 248289761001");
  const JoseSigner next("ES256", "next");
  world.jwks = next.jwks();
  world.token_answer["id_token"] = next.token(world.claims);
  EXPECT_EQ(world.why_as_it_is(), "taken: 248289761001");
  EXPECT_EQ(world.why(), "token is of none of the provider's keys") << "the old key's";
  EXPECT_EQ(world.asked["/jwks"], 2);
}

}  // namespace
}  // namespace sallyport::sso::oidc
