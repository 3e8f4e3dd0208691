#include "sso/jwk_set.h"

#include <gtest/gtest.h>

#include "tests/sso/jose_signer.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

struct Counted {
  size_t kept, foreign, broken;
  friend bool operator==(const Counted&, const Counted&) = default;
  friend void PrintTo(const Counted& it, std::ostream* out) {
    *out << it.kept << " kept, " << it.foreign << " foreign, " << it.broken << " broken";
  }
};
constexpr Counted kKept{1, 0, 0}, kForeign{0, 1, 0}, kBroken{0, 0, 1};

Counted read(const json& key) {
  const JwkSet set = read_jwk_set(json{{"keys", {key}}}.dump()).value();
  return {set.keys.size(), set.foreign, set.broken};
}
json with(json key, const char* member, json value) {
  key[member] = std::move(value);
  return key;
}
json without(json key, const char* member) {
  key.erase(member);
  return key;
}

TEST(JwkSet, keys_of_the_four_algorithms) {
  json keys = json::array();
  for (const char* name : kJoseNames) keys.push_back(signer(name).jwk());
  const JwkSet set = read_jwk_set(json{{"keys", keys}, {"more", 1}}.dump()).value();
  ASSERT_EQ(set.keys.size(), 4u);
  const std::string message = "message";
  for (size_t i = 0; i < 4; ++i)
    for (size_t j = 0; j < 4; ++j) {
      const auto algorithm = jose_algorithm(kJoseNames[j]).value();
      EXPECT_EQ(to_string(algorithm), kJoseNames[j]);
      EXPECT_EQ(set.keys[i].takes(algorithm), i == j) << i << j;
      EXPECT_EQ(set.keys[i].fits(algorithm, message, signer(kJoseNames[i]).signature(message)), i == j) << i << j;
    }
  EXPECT_EQ(set.keys[2].kid(), "es");
}

TEST(JwkSet, a_key_without_alg_is_for_all_of_its_type) {
  const JwkSet set = read_jwk_set(json{{"keys", {without(signer("RS256").jwk(), "alg")}}}.dump()).value();
  ASSERT_EQ(set.keys.size(), 1u);
  EXPECT_TRUE(set.keys[0].takes(JoseAlgorithm::kRs256));
  EXPECT_TRUE(set.keys[0].takes(JoseAlgorithm::kPs256));
  EXPECT_FALSE(set.keys[0].takes(JoseAlgorithm::kEs256));
  EXPECT_FALSE(set.keys[0].takes(JoseAlgorithm::kEdDsa));
}

TEST(JwkSet, keys_for_something_else_are_passed_over) {
  const json rs = signer("RS256").jwk(), es = signer("ES256").jwk(), ed = signer("EdDSA").jwk();
  const json secret{{"kty", "oct"}, {"k", "c2VjcmV0"}, {"kid", "h"}};
  const json rows[] = {
      secret,
      with(secret, "alg", "HS256"),
      with(rs, "use", "enc"),
      with(rs, "use", 1),
      with(rs, "key_ops", {"sign"}),
      with(rs, "key_ops", "verify"),
      with(rs, "alg", "RS512"),
      with(rs, "alg", "RS1"),
      with(rs, "alg", "HS256"),
      with(rs, "alg", "none"),
      with(rs, "alg", "rs256"),
      with(rs, "alg", 256),
      with(rs, "kty", "rsa"),
      without(rs, "kty"),
      with(rs, "kty", 1),
      with(es, "crv", "P-384"),
      with(es, "crv", "secp256k1"),
      without(es, "crv"),
      with(ed, "crv", "X25519"),
      with(ed, "crv", "Ed448"),
  };
  for (const json& row : rows) EXPECT_EQ(read(row), kForeign) << row.dump();
  EXPECT_EQ(read(with(without(rs, "use"), "key_ops", {"verify"})), kKept);
}

TEST(JwkSet, broken_keys_are_passed_over_and_counted) {
  const json rs = signer("RS256").jwk(), es = signer("ES256").jwk(), ed = signer("EdDSA").jwk();
  const std::string n = rs["n"], x = es["x"];
  const JoseSigner small("RS256", "small", 1024);
  const std::string zeros(43, 'A');
  const json rows[] = {
      without(rs, "n"),
      without(rs, "e"),
      with(rs, "n", 1),
      with(rs, "n", ""),
      with(rs, "n", n + "="),
      with(rs, "n", n + " "),
      with(rs, "n", "+" + n.substr(1)),
      with(rs, "n", n.substr(0, 300)),
      with(rs, "n", "AA" + n),
      with(rs, "n", std::string(1400, 'q')),
      with(rs, "e", "Aw"),
      with(rs, "e", "AQAC"),
      with(rs, "e", "AAEAAQ"),
      small.jwk(),
      with(rs, "alg", "ES256"),
      with(rs, "alg", "EdDSA"),
      with(rs, "d", "AQAB"),
      with(rs, "kid", ""),
      with(rs, "kid", 7),
      with(rs, "kid", nullptr),
      with(rs, "kid", std::string(257, 'k')),
      without(es, "x"),
      without(es, "y"),
      with(es, "y", es["x"]),
      with(es, "x", x.substr(1)),
      with(es, "x", zeros),
      with(es, "d", zeros),
      with(es, "alg", "RS256"),
      without(ed, "x"),
      with(ed, "x", zeros),
      with(ed, "x", "AQ"),
      with(ed, "alg", "ES256"),
  };
  for (const json& row : rows) EXPECT_EQ(read(row), kBroken) << row.dump();
}

TEST(JwkSet, one_bad_key_does_not_spoil_the_others) {
  const json good = signer("ES256").jwk();
  const JwkSet set = read_jwk_set(json{{"keys", {without(good, "x"), good, {{"kty", "oct"}}}}}.dump()).value();
  EXPECT_EQ(set.keys.size(), 1u);
  EXPECT_EQ(set.broken, 1u);
  EXPECT_EQ(set.foreign, 1u);
}

TEST(JwkSet, documents_that_are_none) {
  const std::string key = signer("ES256").jwk().dump();
  struct Row {
    std::string text;
    const char* why;
  };
  std::string many = "{\"keys\":[" + key;
  for (size_t i = 0; i < kJwkSetKeysMax; ++i) many += "," + key;
  const Row rows[] = {
      {"", "key set is no JSON object, or has a member twice"},
      {"[]", "key set is no JSON object, or has a member twice"},
      {"[" + key + "]", "key set is no JSON object, or has a member twice"},
      {"<html>", "key set is no JSON object, or has a member twice"},
      {"{\"keys\":[" + key + "]", "key set is no JSON object, or has a member twice"},
      {std::string("{\"keys\":[]}\0x", 13), "key set is no JSON object, or has a member twice"},
      {std::string("{\"keys\":[]}\0", 12), "key set is no JSON object, or has a member twice"},
      {"{\"keys\":[" + key + "]}x", "key set is no JSON object, or has a member twice"},
      {"{\"keys\":[],\"keys\":[" + key + "]}", "key set is no JSON object, or has a member twice"},
      {"{\"keys\":[{\"kty\":\"EC\",\"kty\":\"RSA\"}]}", "key set is no JSON object, or has a member twice"},
      {"{\"keys\":[[[[[[[[[[1]]]]]]]]]]}", "key set is no JSON object, or has a member twice"},
      {"{\"keys\":[\"\xff\"]}", "key set is no JSON object, or has a member twice"},
      {"{}", "key set has no list of keys"},
      {"{\"keys\":{}}", "key set has no list of keys"},
      {"{\"keys\":null}", "key set has no list of keys"},
      {"{\"Keys\":[" + key + "]}", "key set has no list of keys"},
      {"{\"keys\":[1]}", "key set holds something that is no object"},
      {"{\"keys\":[" + key + ",null]}", "key set holds something that is no object"},
      {many + "]}", "key set has too many keys"},
      {"{\"keys\":[]}" + std::string(kJwkSetBytesMax, ' '), "key set is too large"},
  };
  for (const Row& row : rows) {
    const auto set = read_jwk_set(row.text);
    ASSERT_FALSE(set) << row.text.substr(0, 100);
    EXPECT_STREQ(set.error().what, row.why) << row.text.substr(0, 100);
    EXPECT_EQ(set.error().side, Side::kIdentityProvider);
  }
  EXPECT_EQ(read_jwk_set("{\"keys\":[]}")->keys.size(), 0u);
}

TEST(JwkSet, hashes_are_the_algorithms_own) {
  for (const char* name : {"RS256", "PS256", "ES256"}) EXPECT_EQ(jose_hash(*jose_algorithm(name), "a").size(), 32u);
  EXPECT_EQ(hex_encode(jose_hash(JoseAlgorithm::kEdDsa, "abc")).substr(0, 16), "ddaf35a193617aba");  // FIPS 180-4
}

}  // namespace
}  // namespace sallyport::sso
