#include "sso/totp.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::sso {
namespace {

using std::chrono::seconds;

SecretBytes secret(std::string_view text) { return *SecretBytes::copy_of(text); }
WallMicros at(int64_t unix_seconds) { return WallMicros{unix_seconds * 1'000'000}; }
std::string six(uint32_t value) {
  const std::string digits = std::to_string(value);
  return std::string(6 - digits.size(), '0') + digits;
}

constexpr std::string_view kRfcKey = "12345678901234567890";

// RFC 4226, appendix D
TEST(Totp, computes_the_values_of_rfc_4226) {
  const uint32_t expected[] = {755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489};
  for (uint64_t counter = 0; counter < std::size(expected); ++counter)
    EXPECT_EQ(hotp_value(as_bytes(kRfcKey), counter), expected[counter]) << counter;
}

// RFC 6238, appendix B, SHA-1; of its eight digits the last six.
TEST(Totp, finds_the_steps_of_rfc_6238) {
  const struct {
    int64_t time;
    const char* code;
    uint64_t step;
  } rows[] = {{59, "287082", 1},
              {1111111109, "081804", 0x23523EC},
              {1111111111, "050471", 0x23523ED},
              {1234567890, "005924", 0x273EF07},
              {2000000000, "279037", 0x3F940AA},
              {20000000000, "353130", 0x27BC86AA}};
  for (const auto& row : rows) {
    EXPECT_EQ(totp_step_of(at(row.time)), row.step);
    EXPECT_EQ(matching_totp_step(secret(kRfcKey), row.code, at(row.time)), row.step) << row.time;
  }
}

TEST(Totp, accepts_one_step_aside_and_refuses_two) {
  const SecretBytes key = *new_totp_secret();
  const WallMicros now = at(1'700'000'010);
  const uint64_t middle = totp_step_of(now);
  for (const int64_t aside : {-1, 0, 1}) {
    const uint64_t step = middle + static_cast<uint64_t>(aside);
    EXPECT_EQ(matching_totp_step(key, six(hotp_value(key.view(), step)), now), step) << aside;
  }
  const auto own = [&](const std::string& code) {
    for (uint64_t step = middle - 1; step <= middle + 1; ++step)
      if (six(hotp_value(key.view(), step)) == code) return true;
    return false;
  };
  for (const int64_t aside : {-3, -2, 2, 3}) {
    const std::string code = six(hotp_value(key.view(), middle + static_cast<uint64_t>(aside)));
    if (!own(code)) {  // once in 300,000 runs by chance
      EXPECT_EQ(matching_totp_step(key, code, now), std::nullopt) << aside;
    }
  }
}

TEST(Totp, refuses_the_code_of_another_secret) {
  EXPECT_EQ(matching_totp_step(secret("12345678901234567891"), "287082", at(59)), std::nullopt);
}

TEST(Totp, reads_a_code_with_spaces_and_nothing_else) {
  for (const char* code : {"287082", "287 082", " 287082 ", "2 8 7 0 8 2"})
    EXPECT_EQ(matching_totp_step(secret(kRfcKey), code, at(59)), 1u) << code;
  for (const char* code : {"", "28708", "2870820", "287-082", "28708x", "+287082", "-87082", "0x2870",
                           "\xd9\xa2"
                           "87082"}) {
    EXPECT_EQ(matching_totp_step(secret(kRfcKey), code, at(59)), std::nullopt) << code;
    EXPECT_FALSE(looks_like_totp_code(code)) << code;
  }
}

TEST(Totp, makes_secrets_of_160_bits_that_differ) {
  const SecretBytes one = *new_totp_secret();
  const SecretBytes other = *new_totp_secret();
  EXPECT_EQ(one.size(), 20u);
  EXPECT_FALSE(constant_time_equal(one.view(), other.view()));
}

// RFC 4648 s10, without the padding
TEST(Totp, spells_base32_as_rfc_4648_does) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "MY"},
                                                      {"fo", "MZXQ"},
                                                      {"foo", "MZXW6"},
                                                      {"foob", "MZXW6YQ"},
                                                      {"fooba", "MZXW6YTB"},
                                                      {"foobar", "MZXW6YTBOI"}};
  for (const auto& [clear, coded] : rows) EXPECT_EQ(base32_encode(as_bytes(clear))->reveal(), coded);
}

TEST(Totp, makes_an_address_that_apps_read) {
  EXPECT_EQ(totp_uri(secret(kRfcKey), "gate.example.test", "ann")->reveal(),
            "otpauth://totp/gate.example.test:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=gate.example.test"
            "&algorithm=SHA1&digits=6&period=30");
}

TEST(Totp, escapes_what_would_change_the_address) {
  EXPECT_EQ(totp_uri(secret("x"), "a b/c", "ann&secret=0:\xc3\xa4?")->reveal(),
            "otpauth://totp/a%20b%2Fc:ann%26secret%3D0%3A%C3%A4%3F?secret=PA&issuer=a%20b%2Fc"
            "&algorithm=SHA1&digits=6&period=30");
}

}  // namespace
}  // namespace sallyport::sso
