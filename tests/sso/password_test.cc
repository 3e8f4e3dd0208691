#include "sso/password.h"

#include <gtest/gtest.h>

namespace sallyport::sso {
namespace {

constexpr Argon2Cost kCheap{64, 1, 1};

SecretBytes secret(std::string_view text) { return *SecretBytes::copy_of(text); }

TEST(Password, hashes_to_phc_text_that_verifies) {
  const auto phc = hash_password(secret("lantern-orbit-velvet-73"), kCheap);
  ASSERT_TRUE(phc.has_value());
  EXPECT_TRUE(phc->reveal().starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << phc->reveal();
  EXPECT_EQ(verify_password(*phc, secret("lantern-orbit-velvet-73")), true);
  EXPECT_EQ(verify_password(*phc, secret("lantern-orbit-velvet-74")), false);
}

TEST(Password, salts_every_hash) {
  const auto one = hash_password(secret("lantern-orbit"), kCheap);
  const auto other = hash_password(secret("lantern-orbit"), kCheap);
  EXPECT_NE(one->reveal(), other->reveal());
}

TEST(Password, costs_64_mib_3_passes_1_lane_when_nothing_is_said) {
  const auto phc = hash_password(secret("lantern-orbit-velvet-73"));
  EXPECT_TRUE(phc->reveal().starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
}

TEST(Password, verifies_another_implementations_text) {
  // argon2 CLI 20171227: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 4 -l 24 -e
  const auto phc = secret("$argon2id$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$aQ3tEg5t2sRNKuMzNSkLTIUy3W2ZRWf0");
  EXPECT_TRUE(verify_password(phc, secret("password")).has_value());
}

TEST(Password, nobody_costs_what_a_user_costs_and_fits_nothing) {
  const auto somebody = hash_password(secret("x"));
  const std::string_view mine = somebody->reveal().substr(0, somebody->reveal().find("p=1"));
  EXPECT_TRUE(nobody_phc().starts_with(mine));
  EXPECT_EQ(nobody_phc().size(), somebody->reveal().size());
  EXPECT_EQ(verify_password(secret(nobody_phc()), secret("password")), false);
}

TEST(Password, refuses_too_long_a_value_before_it_hashes) {
  const auto phc = hash_password(secret("x"), kCheap);
  std::string euros;  // 3 bytes each
  for (int i = 0; i < 128; ++i) euros += "\u20ac";
  EXPECT_EQ(verify_password(*phc, secret(std::string(128, 'a'))), false);
  EXPECT_EQ(verify_password(*phc, secret(euros)), false);
  for (const std::string& text : {std::string(129, 'a'), euros + "a", std::string(60000, 'a'), std::string()}) {
    const auto verdict = verify_password(*phc, secret(text));
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().code, Code::kLimit);
    EXPECT_EQ(hash_password(secret(text), kCheap).error().code, Code::kLimit);
  }
  EXPECT_FALSE(password_length_possible(std::string(1 << 20, 'a')));
}

TEST(Password, refuses_what_is_no_phc_text) {
  for (const char* text :
       {"", "x", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$aQ3tEg5t2sRNKuMz", "$argon2id$", "{SSHA}abc"}) {
    const auto verdict = verify_password(secret(text), secret("password"));
    ASSERT_FALSE(verdict.has_value()) << text;
    EXPECT_EQ(verdict.error().code, Code::kMalformed) << text;
  }
}

struct Rule {
  const char* password;
  const char* mistake;  // part of it; null: good
};

TEST(Password, rules_for_a_new_one) {
  const std::string long_one(129, 'q');
  const Rule table[] = {
      {"lantern-orbit-velvet-73", nullptr},
      {"correct horse battery staple", nullptr},
      {"short7!", "fewer than 8"},
      {"\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac", "fewer than 8"},
      {"password", "easy to guess"},
      {"password123", "easy to guess"},
      {"aaaaaaaaaaaaaaaa", "easy to guess"},
      {"qwertyuiop", "easy to guess"},
      {"winifred-plantagenet", "user's name"},
      {"Winifred-Plantagenet", "user's name"},
      {"winnie@plants.example.test", "e-mail"},
      {"WINNIE@plants.example.test", "e-mail"},
      {"", "fewer than 8"},
      {long_one.c_str(), "more than 128"},
  };
  for (const auto& [password, mistake] : table) {
    const auto found = password_mistake(secret(password), {8, 3}, "winifred-plantagenet", "winnie@plants.example.test");
    if (mistake == nullptr) {
      EXPECT_EQ(found, std::nullopt) << password;
    } else {
      ASSERT_TRUE(found.has_value()) << password;
      EXPECT_TRUE(found->contains(mistake)) << password << ": " << *found;
      EXPECT_FALSE(*password != '\0' && std::string_view(password) != "password" && found->contains(password))
          << "the message shows the password";
    }
  }
}

TEST(Password, rules_are_the_platforms) {
  EXPECT_EQ(password_mistake(secret("password"), {8, 0}, "ann", ""), std::nullopt);
  EXPECT_TRUE(password_mistake(secret("lantern-orbit-velvet-73"), {24, 3}, "ann", "").has_value());
}

TEST(Password, refuses_the_last_one) {
  const auto last = hash_password(secret("lantern-orbit-velvet-73"), kCheap);
  EXPECT_TRUE(password_mistake(secret("lantern-orbit-velvet-73"), {8, 3}, "ann", "", &*last)->contains("already"));
  EXPECT_EQ(password_mistake(secret("lantern-orbit-velvet-74"), {8, 3}, "ann", "", &*last), std::nullopt);
}

TEST(Password, refuses_a_nul_that_would_hide_the_rest) {
  EXPECT_TRUE(
      password_mistake(secret(std::string("lantern-orbit\0velvet-73", 23)), {8, 3}, "ann", "")->contains("NUL"));
}

TEST(Password, scores_the_longest_value_quickly) {
  std::string text;
  for (int i = 0; i < 128; ++i) text += static_cast<char>('a' + i * 7 % 26);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(password_mistake(secret(text), {8, 3}, "ann", "ann@example.test"), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
}

}  // namespace
}  // namespace sallyport::sso
