#include "sso/assertion_keys.h"

#include <gtest/gtest.h>

#include "sso/jose.h"
#include "tests/sso/es256_verify.h"

namespace sallyport::sso {
namespace {

using namespace std::chrono_literals;

constexpr WallMicros kNow{1'700'000'000'123'456};

AssertionKey key(WallMicros made_at, std::optional<WallMicros> signs_from) {
  AssertionKey out{.id = RecordId::random(),
                   .made_at = made_at,
                   .signs_from = signs_from,
                   .scalar = P256Key::random_scalar().value(),
                   .point = {},
                   .kid = {}};
  out.point = P256Key::open(out.scalar)->point();
  out.kid = jwk_thumbprint(out.point);
  return out;
}

template <class... Keys>
std::vector<AssertionKey> list(Keys... keys) {
  std::vector<AssertionKey> out;
  (out.push_back(std::move(keys)), ...);
  return out;
}

std::vector<std::string> kids(const AssertionKeys& keys, WallMicros now) {
  std::vector<std::string> out;
  for (const auto& each : nlohmann::json::parse(keys.jwk_set(now)).at("keys")) out.push_back(each["kid"]);
  return out;
}

const AssertionClaims kAnn{.audience = "crm.apps.localhost",
                           .user = "ann",
                           .user_id = {},
                           .email = "ann@example.test",
                           .role = "owner",
                           .resource = "crm"};

TEST(AssertionKeys, says_who_about_what_to_whom_and_for_how_long) {
  const auto keys = AssertionKeys::make("https://gate.localhost:8443", list(key(kNow, kNow))).value();
  nlohmann::json claims = verified_claims(keys->sign(kAnn, kNow), keys->jwk_set(kNow));
  ASSERT_TRUE(claims.is_object());
  EXPECT_EQ(claims["jti"].get<std::string>().size(), 22u);
  claims.erase("jti");
  EXPECT_EQ(claims, nlohmann::json({{"iss", "https://gate.localhost:8443"},
                                    {"aud", "crm.apps.localhost"},
                                    {"sub", "ann"},
                                    {"uid", RecordId{}.to_string()},
                                    {"email", "ann@example.test"},
                                    {"role", "owner"},
                                    {"resource", "crm"},
                                    {"iat", 1'700'000'000},
                                    {"nbf", 1'700'000'000},
                                    {"exp", 1'700'000'300}}));
}

TEST(AssertionKeys, no_two_have_the_same_id_and_an_empty_address_is_left_out) {
  const auto keys = AssertionKeys::make("https://gate", list(key(kNow, kNow))).value();
  AssertionClaims claims = kAnn;
  claims.email = "";
  const auto one = verified_claims(keys->sign(claims, kNow), keys->jwk_set(kNow));
  const auto other = verified_claims(keys->sign(claims, kNow), keys->jwk_set(kNow));
  EXPECT_NE(one["jti"], other["jti"]);
  EXPECT_FALSE(one.contains("email"));
}

TEST(AssertionKeys, what_is_said_cannot_break_out_of_its_claim) {
  const auto keys = AssertionKeys::make("https://gate", list(key(kNow, kNow))).value();
  AssertionClaims claims = kAnn;
  claims.email = "a\",\"role\":\"owner\",\"x\":\"\r\n\xff@example.test";
  const std::string token = keys->sign(claims, kNow);
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."), token.npos);
  const auto said = verified_claims(token, keys->jwk_set(kNow));
  ASSERT_TRUE(said.is_object());
  EXPECT_EQ(said["role"], "owner");
  EXPECT_FALSE(said.contains("x"));
}

TEST(AssertionKeys, without_one_that_signs_there_are_none) {
  EXPECT_EQ(AssertionKeys::make("https://gate", {}).error().code, Code::kNotFound);
  EXPECT_EQ(AssertionKeys::make("https://gate", list(key(kNow, std::nullopt))).error().code, Code::kNotFound);
}

TEST(AssertionKeys, the_last_that_began_signs_and_the_others_are_published_for_their_time) {
  const auto day = [](int n) { return kNow + n * 24h; };
  auto all = list(key(day(0), day(0)), key(day(1), day(30)), key(day(30), day(60)), key(day(60), std::nullopt));
  const std::vector<std::string> kid{all[0].kid, all[1].kid, all[2].kid, all[3].kid};
  EXPECT_EQ(signing_key(all), &all[2]);
  EXPECT_EQ(reserve_key(all), &all[3]);
  EXPECT_EQ(published_until(all, all[0]), day(30) + 25h);
  EXPECT_EQ(published_until(all, all[1]), day(60) + 25h);
  EXPECT_EQ(published_until(all, all[2]), std::nullopt);
  EXPECT_EQ(published_until(all, all[3]), std::nullopt);
  std::swap(all[0], all[2]);  // their order is of no account
  const auto keys = AssertionKeys::make("https://gate", all).value();
  EXPECT_EQ(keys->kid(), kid[2]);
  using Kids = std::vector<std::string>;
  EXPECT_EQ(kids(*keys, day(60)), (Kids{kid[2], kid[1], kid[3]}));
  EXPECT_EQ(kids(*keys, day(61)), (Kids{kid[2], kid[1], kid[3]})) << "24 hours later";
  EXPECT_EQ(kids(*keys, day(60) + 25h), (Kids{kid[2], kid[3]}));
  EXPECT_EQ(keys->jwk_set(kNow).find("\"d\""), std::string::npos);
}

}  // namespace
}  // namespace sallyport::sso
