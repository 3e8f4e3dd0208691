// `rate_limits` in documents: what they mean, and every mistake with its words.
#include "tests/policy/refuse_rows.h"

namespace sallyport::policy {
namespace {

std::vector<RateLimit> limits_of(const nlohmann::json& document) {
  const auto resource = read_resource(document);
  EXPECT_TRUE(resource) << mistakes_of(document);
  if (!resource) return {};
  const auto* const platform = std::get_if<Platform>(&resource->body);
  return platform ? platform->rate_limits : std::get<Protected>(resource->body).rate_limits;
}

TEST(RateLimitsDocument, of_platform_datasource_and_instance) {
  for (const char* kind : {"platform", "datasource", "instance"}) {
    EXPECT_EQ(limits_of(document_of(kind)), std::vector<RateLimit>()) << kind;
    EXPECT_EQ(limits_of(patched(document_of(kind), R"({"rate_limits": null})")), std::vector<RateLimit>()) << kind;
    const auto limits = limits_of(patched(document_of(kind), R"({"rate_limits": [
        {"by": "all", "requests": 1, "per": "1s"}, {"by": "address", "requests": 100, "per": "1500ms", "burst": 200},
        {"by": "user", "requests": 1000000, "per": "1h", "burst": 1}, {"by": "token", "requests": 60, "per": "1m"},
        {"by": "token", "requests": 60, "per": "1m", "burst": 5}]})"));
    const std::vector<RateLimit> expected{{RateBy::kAll, 1, std::chrono::seconds(1), 1},
                                          {RateBy::kAddress, 100, std::chrono::milliseconds(1500), 200},
                                          {RateBy::kUser, 1'000'000, std::chrono::hours(1), 1},
                                          {RateBy::kToken, 60, std::chrono::minutes(1), 60},
                                          {RateBy::kToken, 60, std::chrono::minutes(1), 5}};
    EXPECT_EQ(limits, expected) << kind;
  }
}

TEST(RateLimitsDocument, mistakes) {
  const RefuseRow rows[] = {
      {"team", R"({"rate_limits": []})", "rate_limits: unknown key; known here: kind, name, networks, mfa or members"},
      {"user", R"({"rate_limits": []})",
       "rate_limits: unknown key; known here: kind, name, email, password, admin, suspended, change_password, "
       "password_set, mfa, certificates or identities"},
      {"platform", R"({"rate_limits": {}})", "rate_limits: must be a list"},
      {"platform", R"({"rate_limits": [{}]})",
       "rate_limits[0].by: is missing; expected all, address, user or token\n"
       "rate_limits[0].per: is missing; expected a duration like 1s, 10m or 1h\n"
       "rate_limits[0].requests: is missing; expected a whole number from 1 to 1000000"},
      {"datasource", R"({"rate_limits": [{"by": "ip", "requests": 1, "per": "1s"}]})",
       "rate_limits[0].by: must be all, address, user or token, not `ip`"},
      {"datasource", R"({"rate_limits": [{"by": "all", "requests": 0, "per": "1s", "burst": 1000001}]})",
       "rate_limits[0].burst: must be a whole number from 1 to 1000000\n"
       "rate_limits[0].requests: must be a whole number from 1 to 1000000"},
      {"datasource", R"({"rate_limits": [{"by": "all", "requests": 1.5, "per": "1s"}]})",
       "rate_limits[0].requests: must be a whole number from 1 to 1000000"},
      {"datasource", R"({"rate_limits": [{"by": "all", "requests": 1, "per": "999ms"}]})",
       "rate_limits[0].per: must be between 1s and 1h"},
      {"datasource", R"({"rate_limits": [{"by": "all", "requests": 1, "per": "3601s"}]})",
       "rate_limits[0].per: must be between 1s and 1h"},
      {"instance", R"({"rate_limits": [{"by": "all", "requests": 1, "per": "1s", "paths": ["/"]}]})",
       "rate_limits[0].paths: unknown key; known here: by, requests, per or burst"},
      {"instance",
       R"({"rate_limits": [{"by": "all", "requests": 9, "per": "60s"}, {"by": "user", "requests": 9, "per": "60s"},
                                       {"by": "all", "requests": 9, "per": "1m", "burst": 9}]})",
       "rate_limits[2]: the same limit stands above already"},
  };
  expect_rows(rows);
  nlohmann::json many = datasource_document();
  for (int i = 1; i <= 17; ++i) many["rate_limits"].push_back({{"by", "all"}, {"requests", i}, {"per", "1s"}});
  EXPECT_EQ(mistakes_of(many), "rate_limits: must not have more than 16 entries");
}

}  // namespace
}  // namespace sallyport::policy
