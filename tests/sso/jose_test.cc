#include "sso/jose.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "tests/sso/es256_verify.h"

namespace sallyport::sso {
namespace {

SecretBytes scalar(std::string_view coded) { return SecretBytes::copy_of(*base64url_decode(coded)).value(); }
SecretBytes scalar_of_hex(std::string_view hex) { return SecretBytes::copy_of(*hex_decode(hex)).value(); }

// RFC 7515 A.3
constexpr const char* kD = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
constexpr const char* kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr const char* kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr const char* kHeader = "eyJhbGciOiJFUzI1NiJ9";
constexpr const char* kPayload = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
constexpr const char* kSigned =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
constexpr const char* kSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

TEST(P256, computes_the_public_half_of_the_rfcs_key) {
  const P256Key key = P256Key::open(scalar(kD)).value();
  EXPECT_EQ(base64url_encode(key.point().x), kX);
  EXPECT_EQ(base64url_encode(key.point().y), kY);
}

TEST(P256, refuses_scalars_out_of_range_and_of_another_length) {
  const std::string order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  const auto error_of = [](const std::string& hex) {
    const auto key = P256Key::open(scalar_of_hex(hex));
    return key ? std::string("taken") : std::string(key.error().what);
  };
  EXPECT_EQ(error_of(order), "a private P-256 key is out of range");
  EXPECT_EQ(error_of(std::string(64, 'f')), "a private P-256 key is out of range");
  EXPECT_EQ(error_of(std::string(64, '0')), "a private P-256 key is out of range");
  EXPECT_EQ(error_of(order.substr(0, 62) + "50"), "taken") << "the last below the order";
  EXPECT_EQ(error_of(std::string(62, '0') + "01"), "taken") << "the first";
  EXPECT_EQ(error_of(std::string(62, '0')), "a private P-256 key has 32 bytes");
  EXPECT_EQ(error_of(std::string(66, '1')), "a private P-256 key has 32 bytes");
}

TEST(P256, new_keys_differ_and_signatures_fit_their_own_key_alone) {
  const P256Key one = P256Key::open(P256Key::random_scalar().value()).value();
  const P256Key other = P256Key::open(P256Key::random_scalar().value()).value();
  EXPECT_NE(one.point(), other.point());
  for (int i = 0; i < 300; ++i) {  // one in 256 numbers is shorter than 32 bytes: it is padded
    const std::string message = "message " + std::to_string(i);
    const P256Signature signature = one.sign(message);
    ASSERT_TRUE(es256_fits(one.point().x, one.point().y, message, signature)) << i;
    ASSERT_FALSE(es256_fits(other.point().x, other.point().y, message, signature)) << i;
  }
}

TEST(P256, one_key_signs_on_several_threads_at_once) {
  const P256Key key = P256Key::open(P256Key::random_scalar().value()).value();
  std::array<P256Signature, 400> made;
  std::vector<std::thread> threads;
  for (size_t part = 0; part < 4; ++part)
    threads.emplace_back([&key, slice = std::span(made).subspan(100 * part, 100)] {
      for (P256Signature& signature : slice) signature = key.sign("message");
    });
  for (std::thread& thread : threads) thread.join();
  for (const P256Signature& signature : made)
    ASSERT_TRUE(es256_fits(key.point().x, key.point().y, "message", signature));
}

TEST(Jose, the_rfcs_token_is_what_is_signed_here) {
  const P256Key key = P256Key::open(scalar(kD)).value();
  const std::string token = sign_compact(key, kHeader, kPayload);
  const size_t dot = token.rfind('.');
  EXPECT_EQ(token.substr(0, dot), kSigned);
  const auto signature = base64url_decode(token.substr(dot + 1));
  ASSERT_TRUE(signature);
  EXPECT_TRUE(es256_fits(key.point().x, key.point().y, kSigned, *signature));
  // And our idea of verifying is the RFC's.
  EXPECT_TRUE(es256_fits(key.point().x, key.point().y, kSigned, *base64url_decode(kSignature)));
}

TEST(Jose, any_bit_that_is_changed_makes_it_no_token) {
  const P256Key key = P256Key::open(P256Key::random_scalar().value()).value();
  const std::string kid = jwk_thumbprint(key.point());
  const std::string token = sign_compact(key, es256_header(kid), R"({"sub":"ann"})");
  const std::string set = R"({"keys":[)" + public_jwk(key.point(), kid) + "]}";
  ASSERT_EQ(verified_claims(token, set)["sub"], "ann");
  for (size_t at = 0; at < token.size(); ++at) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(verified_claims(changed, set).is_null()) << at;
  }
  EXPECT_TRUE(verified_claims(token.substr(0, token.rfind('.') + 1), set).is_null()) << "no signature";
}

TEST(Jose, thumbprint_of_a_known_key) {  // the key and its jkt in RFC 9449 s4.1 and s6.1, computed as RFC 7638 says
  P256Point point;
  const auto put = [](std::array<std::byte, 32>& to, std::string_view coded) {
    std::ranges::copy(*base64url_decode(coded), to.begin());
  };
  put(point.x, "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs");
  put(point.y, "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA");
  EXPECT_EQ(jwk_thumbprint(point), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

TEST(Jose, a_jwk_has_the_public_half_alone) {
  const P256Key key = P256Key::open(scalar(kD)).value();
  const auto jwk = nlohmann::json::parse(public_jwk(key.point(), "k1"));
  EXPECT_EQ(
      jwk,
      nlohmann::json(
          {{"kty", "EC"}, {"crv", "P-256"}, {"x", kX}, {"y", kY}, {"use", "sig"}, {"alg", "ES256"}, {"kid", "k1"}}));
  EXPECT_EQ(as_text(*base64url_decode(es256_header("k1"))), R"({"alg":"ES256","typ":"JWT","kid":"k1"})");
}

}  // namespace
}  // namespace sallyport::sso
