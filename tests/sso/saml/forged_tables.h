// FORGED_SUITE(Name, table): one test per row of a table of forged responses, named as the row.
#pragma once

#include "tests/sso/saml/response_world.h"

namespace sallyport::sso::saml {
const std::vector<Forged>& wrapped_responses();
const std::vector<Forged>& forged_signatures();
const std::vector<Forged>& hostile_xml();
const std::vector<Forged>& foreign_claims();
const std::vector<Forged>& foreign_encryption();
}  // namespace sallyport::sso::saml

#define FORGED_SUITE(suite, table)                                                 \
  class suite : public testing::TestWithParam<size_t> {};                          \
  TEST_P(suite, is_refused) {                                                      \
    const Forged& each = table()[GetParam()];                                      \
    EXPECT_EQ(refusal(each), each.reason);                                         \
  }                                                                                \
  INSTANTIATE_TEST_SUITE_P(Saml, suite, testing::Range(size_t{0}, table().size()), \
                           [](const auto& info) { return forged_name(table()[info.param]); })
