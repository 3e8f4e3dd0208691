#include "proxy/stations/assertions.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sso/jose.h"
#include "tests/sso/es256_verify.h"

namespace sallyport::proxy {
namespace {

using namespace std::chrono_literals;

constexpr WallMicros kNow{1'700'000'000'000'000};
constexpr const char* kHost = "crm.apps.localhost";

std::shared_ptr<const sso::AssertionKeys> new_keys() {
  std::vector<sso::AssertionKey> keys;
  keys.push_back({.id = RecordId::random(),
                  .made_at = kNow,
                  .signs_from = kNow,
                  .scalar = sso::P256Key::random_scalar().value(),
                  .point = {},
                  .kid = {}});
  keys.back().point = sso::P256Key::open(keys.back().scalar)->point();
  keys.back().kid = sso::jwk_thumbprint(keys.back().point);
  return sso::AssertionKeys::make("https://gate.localhost", keys).value();
}

struct AssertionsTest : testing::Test {
  AssertionsTest() {
    ann.id = RecordId::random();
    ann.name = "ann";
    ann.email = "ann@example.test";
    ann.version = 7;
    crm.id = RecordId::random();
    crm.name = "crm";
    crm.version = 9;
  }
  std::string line(WallMicros now = kNow, const char* host = kHost, policy::Role role = policy::Role::kMember) {
    return std::string(assertions.line(ann, crm, role, host, now));
  }
  nlohmann::json claims(std::string_view line) const {
    constexpr std::string_view kName = "X-Sallyport-Jwt-Assertion: ";
    if (!line.starts_with(kName) || !line.ends_with("\r\n")) return nullptr;
    line.remove_prefix(kName.size());
    line.remove_suffix(2);
    return sso::verified_claims(line, assertions.keys()->jwk_set(kNow));
  }

  policy::CompiledUser ann;
  policy::CompiledResource crm;
  Assertions assertions{new_keys()};
};

TEST_F(AssertionsTest, a_line_that_verifies) {
  const auto said = claims(line());
  ASSERT_TRUE(said.is_object());
  EXPECT_EQ(said["aud"], kHost);
  EXPECT_EQ(said["sub"], "ann");
  EXPECT_EQ(said["uid"], ann.id.to_string());
  EXPECT_EQ(said["role"], "member");
  EXPECT_EQ(said["resource"], "crm");
}

TEST_F(AssertionsTest, the_same_is_said_again_for_two_minutes) {
  const std::string first = line();
  EXPECT_EQ(line(kNow + 2min - 1us), first);
  const std::string second = line(kNow + 2min);
  EXPECT_NE(second, first);
  EXPECT_EQ(claims(second)["iat"], claims(first)["iat"].get<int64_t>() + 120);
  EXPECT_EQ(line(kNow + 3min), second);
  EXPECT_EQ(assertions.size(), 1u) << "the new one took the old one's place";
}

TEST_F(AssertionsTest, a_clock_that_is_set_back_makes_a_new_one) {
  const std::string first = line();
  EXPECT_NE(line(kNow - 1us), first);
}

TEST_F(AssertionsTest, whatever_it_says_makes_it_another_one) {
  const std::string first = line();
  EXPECT_NE(line(kNow, kHost, policy::Role::kOwner), first);
  EXPECT_EQ(line(), first);
  ann.version = 8;
  ann.email = "ann@elsewhere.test";
  EXPECT_EQ(claims(line())["email"], "ann@elsewhere.test");
  crm.version = 10;
  crm.name = "erp";
  EXPECT_EQ(claims(line())["resource"], "erp");
  EXPECT_EQ(claims(line(kNow, "erp.apps.localhost"))["aud"], "erp.apps.localhost");
  EXPECT_EQ(claims(line(kNow, kHost))["aud"], kHost) << "never another host's";
  ann.id = RecordId::random();
  ann.name = "mel";
  EXPECT_EQ(claims(line())["sub"], "mel");
}

TEST_F(AssertionsTest, another_key_signs_everything_anew) {
  const std::string first = line();
  assertions.adopt(new_keys());
  EXPECT_EQ(assertions.size(), 0u);
  const std::string second = line();
  EXPECT_NE(second, first);
  EXPECT_TRUE(claims(second).is_object());
  EXPECT_TRUE(claims(first).is_null());
}

TEST_F(AssertionsTest, keeps_a_bounded_number_and_forgets_the_longest_signed_first) {
  const RecordId me = ann.id;
  const std::string mine = line();
  for (size_t i = 1; i < Assertions::kEntriesMax; ++i) {
    ann.id = RecordId::random();
    line();
  }
  EXPECT_EQ(assertions.size(), Assertions::kEntriesMax);
  ann.id = me;
  EXPECT_EQ(line(), mine) << "all of them fit";
  ann.id = RecordId::random();
  line();
  EXPECT_EQ(assertions.size(), Assertions::kEntriesMax);
  ann.id = me;
  EXPECT_NE(line(), mine) << "it was the oldest";
  EXPECT_EQ(assertions.size(), Assertions::kEntriesMax);
}

}  // namespace
}  // namespace sallyport::proxy
