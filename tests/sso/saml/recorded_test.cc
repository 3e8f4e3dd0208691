// What SimpleSAMLphp 1.19.7 really sent in answer to a signed request of ours, and its metadata.
#include <fstream>
#include <iterator>

#include "sso/saml/provider_metadata.h"
#include "tests/sso/saml/response_world.h"

namespace sallyport::sso::saml {
namespace {

std::string recorded(const std::string& name) {
  std::ifstream file(std::string(TEST_DATA) + "/saml/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(RecordedResponse, of_simplesamlphp_is_taken_and_not_when_it_was_changed) {
  const WallMicros then = parse_instant("2026-11-26T06:04:32Z").value();
  const auto metadata = read_provider_metadata(recorded("simplesamlphp_metadata.xml"), "", {}, then);
  ASSERT_TRUE(metadata) << metadata.error().what;
  EXPECT_EQ(metadata->sso_redirect->location, "https://localhost:18643/simplesaml/saml2/idp/SSOService.php");
  EXPECT_TRUE(metadata->slo_redirect && metadata->slo_post && metadata->sso_post);
  ResponseRules by = rules();
  by.provider = metadata->entity_id;
  by.provider_keys = metadata->signing_keys;
  by.in_response_to = "_recorded0123456789abcdef";

  const std::string xml = recorded("simplesamlphp_response.xml");
  const auto verdict = judged(xml, by, then);
  ASSERT_EQ(outcome(verdict), "ok");
  EXPECT_EQ(verdict.claims->name_id.format, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
  EXPECT_EQ(verdict.claims->name_id.sp_name_qualifier, forge::kSp);
  EXPECT_EQ(verdict.claims->values_of("mail"), std::vector<std::string>{"alice@example.test"});
  EXPECT_EQ(verdict.claims->values_of("groups"), (std::vector<std::string>{"admins", "staff"}));

  EXPECT_EQ(outcome(judged(forge::replaced(xml, "alice@", "admin@"), by, then)),
            "signature's digest is not that of what it signs");
  EXPECT_EQ(outcome(judged(xml, by, then + std::chrono::minutes(7))), "message is not valid any more");
  by.provider_keys = {forge::rsa_key().verify_key()};
  EXPECT_EQ(outcome(judged(xml, by, then)), "signature is of none of the provider's keys");
}

}  // namespace
}  // namespace sallyport::sso::saml
