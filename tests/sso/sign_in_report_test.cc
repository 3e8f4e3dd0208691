#include "sso/sign_in_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace sallyport::sso {
namespace {

constexpr Error kWrong{Code::kDenied, Side::kIdentityProvider, "the audience is another"};

SignInReport report() {
  Checks checks;
  (void)checks.require(true, "issuer", "https://idp.example.test", "https://idp.example.test", kWrong);
  (void)checks.require(false, "audience", "https://gate.example.test", "https://evil.test \x01\xff", kWrong);
  return {.at = WallMicros{1'700'000'000'000'000},
          .reference = "4KX2-9QTD",
          .outcome = ReportOutcome::kRefused,
          .user = "",
          .client = "192.0.2.1",
          .what = "the audience is another",
          .checks = checks.list()};
}

TEST(SignInReportTest, a_report_reads_back_as_it_was) {
  const storage::SignInAttempt attempt = to_attempt("corp", report());
  EXPECT_EQ(attempt.provider, "corp");
  EXPECT_EQ(attempt.outcome, "refused");
  EXPECT_EQ(attempt.reason, "the audience is another");
  const auto checks = read_checks(attempt.checks);
  ASSERT_TRUE(checks);
  ASSERT_EQ(checks->size(), 2U);
  EXPECT_EQ((*checks)[0].name, "issuer");
  EXPECT_TRUE((*checks)[0].passed);
  EXPECT_EQ((*checks)[1].found, "https://evil.test ??");
  EXPECT_FALSE((*checks)[1].passed);
}

TEST(SignInReportTest, shows_an_attempt_as_json) {
  EXPECT_EQ(
      attempt_json(to_attempt("corp", report())).dump(),
      R"({"reference":"4KX2-9QTD","at":"2023-11-14T22:13:20.000000Z","provider":"corp","outcome":"refused",)"
      R"("user":null,"client":"192.0.2.1","reason":"the audience is another","checks":[)"
      R"({"name":"issuer","expected":"https://idp.example.test","found":"https://idp.example.test","passed":true},)"
      R"({"name":"audience","expected":"https://gate.example.test","found":"https://evil.test ??","passed":false}]})");
}

TEST(SignInReportTest, checks_that_do_not_read_are_told) {
  for (const char* text : {"", "{}", "[1]", "[{}]", R"([{"name":"a","expected":"b","found":"c"}])",
                           R"([{"name":"a","expected":"b","found":1,"passed":true}])",
                           R"([{"name":"a","expected":"b","found":"c","passed":"yes"}])", "[{]"})
    EXPECT_FALSE(read_checks(text)) << text;
  EXPECT_TRUE(read_checks("[]"));
  storage::SignInAttempt attempt = to_attempt("corp", report());
  attempt.checks = "nonsense";
  EXPECT_TRUE(attempt_json(attempt)["checks"].is_null());
}

TEST(SignInReportTest, of_too_many_checks_the_last_are_kept) {
  SignInReport many = report();
  many.checks.clear();
  for (size_t i = 0; i < kReportChecksMax + 7; ++i)
    many.checks.push_back({"check", "expected", std::to_string(i), i + 1 < kReportChecksMax + 7});
  auto kept = read_checks(to_attempt("corp", many).checks);
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), kReportChecksMax);
  EXPECT_EQ(kept->front().found, "7");
  EXPECT_FALSE(kept->back().passed);

  for (Check& check : many.checks) check.expected = check.found = std::string(5000, '"');
  const std::string text = to_attempt("corp", many).checks;
  EXPECT_LE(text.size(), kReportChecksBytesMax);
  kept = read_checks(text);
  ASSERT_TRUE(kept);
  EXPECT_GT(kept->size(), 10U);
  EXPECT_FALSE(kept->back().passed);
}

TEST(SignInReportTest, references_are_random_and_unambiguous) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string one = new_reference();
    ASSERT_EQ(one.size(), 9U);
    EXPECT_EQ(one[4], '-');
    EXPECT_EQ(one.find_first_of("ILOU"), one.npos);
    EXPECT_EQ(parse_reference(one), one);
    seen.insert(one);
  }
  EXPECT_GT(seen.size(), 990U);
}

TEST(SignInReportTest, a_reference_is_read_as_people_type_it) {
  for (const char* text : {"4KX2-91T0", "4kx2-91t0", "4kx291t0", "4KX2 9lto", " 4kx2-9itO "})
    EXPECT_EQ(parse_reference(text), "4KX2-91T0") << text;
  for (const char* text : {"", "4KX2-91T", "4KX2-91T00", "4KX2-91TU", "4KX2-91T!", "4KX2_91T0", "----"})
    EXPECT_FALSE(parse_reference(text)) << text;
}

}  // namespace
}  // namespace sallyport::sso
