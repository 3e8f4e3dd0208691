#include "sso/provider_state.h"

#include <gtest/gtest.h>

namespace sallyport::sso {
namespace {

TEST(ProviderStateTest, says_what_is_known_of_metadata) {
  EXPECT_TRUE(saml_provider_state(std::nullopt).fine);
  EXPECT_EQ(saml_provider_state(std::nullopt).words, "its metadata was not needed yet");

  SamlBook::State known;
  EXPECT_FALSE(saml_provider_state(known).fine);
  EXPECT_EQ(saml_provider_state(known).words, "it has no metadata: nobody signs in there");

  known.document = std::make_shared<const saml::ProviderMetadata>();
  EXPECT_TRUE(saml_provider_state(known).fine);
  EXPECT_EQ(saml_provider_state(known).words, "its metadata is that of the resource");

  known.fetched_at = WallMicros{1'700'000'000'000'000};
  known.problem = Error{Code::kTimeout, Side::kIdentityProvider, "it does not answer"};
  EXPECT_FALSE(saml_provider_state(known).fine);
  EXPECT_EQ(saml_provider_state(known).words,
            "its metadata is of 2023-11-14T22:13:20Z; the last attempt to get it failed: it does not answer");
}

}  // namespace
}  // namespace sallyport::sso
