#include "sso/jose_verify.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/sso/jose_signer.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

const std::string kPayload = R"({"sub":"alice"})";

JwkSet set_of(std::initializer_list<json> keys) {
  return read_jwk_set(json{{"keys", std::vector<json>(keys)}}.dump()).value();
}
const JwkSet& all_keys() {
  static const JwkSet set =
      set_of({signer("RS256").jwk(), signer("PS256").jwk(), signer("ES256").jwk(), signer("EdDSA").jwk()});
  return set;
}
std::string why(std::string_view token, const JwkSet& keys = all_keys()) {
  Checks checks;
  const auto verified = verify_jws(token, keys, checks);
  if (verified) return "taken: " + verified->payload;
  EXPECT_FALSE(checks.list().empty());
  if (!checks.list().empty()) EXPECT_FALSE(checks.list().back().passed) << "the last check is the one that failed";
  EXPECT_EQ(verified.error().side, Side::kIdentityProvider);
  return verified.error().what;
}
std::string coded(std::string_view text) { return base64url_encode(as_bytes(text)); }
json without(json header, const char* member) {
  header.erase(member);
  return header;
}

TEST(verify_jws, each_algorithm_with_its_key) {
  for (const char* name : kJoseNames) {
    Checks checks;
    const auto verified = verify_jws(signer(name).token(signer(name).header().dump(), kPayload), all_keys(), checks);
    ASSERT_TRUE(verified) << name << ": " << verified.error().what;
    EXPECT_EQ(verified->payload, kPayload);
    EXPECT_EQ(to_string(verified->header.algorithm), name);
    EXPECT_EQ(verified->header.kid, signer(name).kid());
    EXPECT_EQ(verified->header.typ, "JWT");
  }
}

TEST(verify_jws, without_a_kid_the_only_key_that_takes_it) {
  for (const char* name : kJoseNames)
    EXPECT_EQ(why(signer(name).token(json{{"alg", name}}.dump(), kPayload)), "taken: " + kPayload) << name;
  // RSA keys that do not say what they are for: two fit.
  const JwkSet open = set_of({without(signer("RS256").jwk(), "alg"), without(signer("PS256").jwk(), "alg")});
  EXPECT_EQ(why(signer("RS256").token(R"({"alg":"RS256"})", kPayload), open),
            "token is of none of the provider's keys");
  EXPECT_EQ(why(signer("RS256").token(signer("RS256").header().dump(), kPayload), open), "taken: " + kPayload);
}

TEST(verify_jws, members_that_name_keys_are_not_looked_at) {
  json header = signer("ES256").header();
  const JoseSigner attacker("ES256", "es");
  header.update({{"jku", "https://attacker.example.test/"},
                 {"jwk", attacker.jwk()},
                 {"x5u", "https://attacker.example.test/"},
                 {"x5c", {"AAAA"}},
                 {"x5t", "AAAA"}});
  EXPECT_EQ(why(signer("ES256").token(header.dump(), kPayload)), "taken: " + kPayload);
  EXPECT_EQ(why(attacker.token(header.dump(), kPayload)), "token's signature does not fit");
}

// Each is a token, and the reason for which it is refused.
struct Broken {
  const char* name;
  const char* why;
  std::function<std::string()> token;
};

constexpr char kNone[] = "token is of none of the provider's keys";
constexpr char kAlgorithm[] = "token's algorithm is not one that is taken";
constexpr char kSignature[] = "token's signature does not fit";
constexpr char kHeader[] = "token's header is no JSON object, or has a member twice";
constexpr char kCoding[] = "token is no exact base64url";
constexpr char kParts[] = "token has not three parts";
constexpr char kCritical[] = "token's header has critical members";
constexpr char kMember[] = "token's header has a member of another type";

std::string good(const char* name = "RS256") { return signer(name).token(signer(name).header().dump(), kPayload); }
std::string input(const json& header) { return coded(header.dump()) + "." + coded(kPayload); }
auto header(std::string text, const char* by = "RS256") {
  return [text, by] { return signer(by).token(text, kPayload); };
}
auto changed(const char* member, json value, const char* by = "RS256") {
  return [=] {
    json header = signer(by).header();
    header[member] = value;
    return signer(by).token(header.dump(), kPayload);
  };
}
std::string part(const std::string& token, int index) {
  size_t begin = 0;
  for (int i = 0; i < index; ++i) begin = token.find('.', begin) + 1;
  return token.substr(begin, token.find('.', begin) - begin);
}
std::string with_signature(const char* name, const std::function<Bytes(Bytes)>& change) {
  const std::string signed_text = input(signer(name).header());
  return signed_text + "." + base64url_encode(change(signer(name).signature(signed_text)));
}
// The last character of a part holds bits that belong to no byte: another one that decodes to the same.
std::string loose_bits(std::string text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  text.back() = kDigits[kDigits.find(text.back()) + 1];
  return text;
}

const std::vector<Broken>& broken_tokens() {
  static const std::vector<Broken> all = {
      // algorithms
      {"none", kAlgorithm, [] { return input({{"alg", "none"}}) + "."; }},
      {"none_with_signature", kAlgorithm, changed("alg", "none")},
      {"None", kAlgorithm, changed("alg", "None")},
      {"nOnE", kAlgorithm, changed("alg", "nOnE")},
      {"empty_alg", kAlgorithm, changed("alg", "")},
      {"no_alg", kAlgorithm, header(R"({"kid":"rs"})")},
      {"alg_is_a_number", kAlgorithm, changed("alg", 256)},
      {"alg_is_a_list", kAlgorithm, changed("alg", json{"RS256"})},
      {"hmac_with_the_rsa_key", kAlgorithm,
       [] { return signer("RS256").hmac_with_public_key(input({{"alg", "HS256"}, {"kid", "rs"}})); }},
      {"hmac_with_the_ec_key", kAlgorithm,
       [] { return signer("ES256").hmac_with_public_key(input({{"alg", "HS256"}, {"kid", "es"}})); }},
      {"hmac_that_says_rs256", kSignature,
       [] { return signer("RS256").hmac_with_public_key(input(signer("RS256").header())); }},
      {"hs512", kAlgorithm, changed("alg", "HS512")},
      {"rs1", kAlgorithm, changed("alg", "RS1")},
      {"rs384", kAlgorithm, changed("alg", "RS384")},
      {"es384", kAlgorithm, changed("alg", "ES384")},
      {"es256k", kAlgorithm, changed("alg", "ES256K")},
      {"lower_case", kAlgorithm, changed("alg", "rs256")},
      {"with_a_blank", kAlgorithm, changed("alg", "RS256 ")},
      {"with_a_nul", kAlgorithm, header(std::string(R"({"alg":"RS256\u0000","kid":"rs"})"))},
      // keys
      {"ps256_by_a_key_for_rs256", kNone, changed("alg", "PS256")},
      {"es256_by_an_rsa_key", kNone, changed("alg", "ES256")},
      {"eddsa_by_an_ec_key", kNone, changed("alg", "EdDSA", "ES256")},
      {"rs256_by_an_ec_key", kNone, changed("alg", "RS256", "ES256")},
      {"unknown_kid", kNone, changed("kid", "rs2")},
      {"another_keys_kid", kNone, changed("kid", "es")},
      {"kid_in_upper_case", kNone, changed("kid", "RS")},
      {"kid_is_a_path", kNone, changed("kid", "../../../../dev/null")},
      {"kid_is_a_query", kNone, changed("kid", "rs' OR '1'='1")},
      {"kid_is_a_url", kNone, changed("kid", "https://attacker.example.test/jwks")},
      {"kid_is_a_number", kMember, changed("kid", 1)},
      {"kid_is_a_list", kMember, changed("kid", json{"rs"})},
      {"kid_is_null", kMember, changed("kid", nullptr)},
      {"kid_is_long", kMember, changed("kid", std::string(257, 'k'))},
      {"typ_is_a_number", kMember, changed("typ", 1)},
      {"attackers_key", kSignature, [] { return JoseSigner("ES256", "es").token(json{{"sub", "alice"}}); }},
      {"attackers_rsa_key", kSignature, [] { return JoseSigner("RS256", "rs").token(json{{"sub", "alice"}}); }},
      {"attackers_ed25519_key", kSignature, [] { return JoseSigner("EdDSA", "ed").token(json{{"sub", "alice"}}); }},
      // what is critical
      {"crit", kCritical, changed("crit", json{"exp"})},
      {"crit_empty", kCritical, changed("crit", json::array())},
      {"crit_b64", kCritical, header(R"({"alg":"RS256","kid":"rs","b64":false,"crit":["b64"]})")},
      {"b64_alone", kCritical, changed("b64", false)},
      // the header's JSON
      {"alg_twice", kHeader, header(R"({"alg":"none","alg":"RS256","kid":"rs"})")},
      {"kid_twice", kHeader, header(R"({"alg":"RS256","kid":"rs","kid":"es"})")},
      {"alg_twice_by_escape", kHeader, header(R"({"alg":"RS256","\u0061lg":"none","kid":"rs"})")},
      {"header_is_a_list", kHeader, header(R"(["alg","RS256"])")},
      {"header_is_text", kHeader, header(R"("RS256")")},
      {"header_is_nothing", kHeader, header(" ")},
      {"header_is_cut", kHeader, header(R"({"alg":"RS256")")},
      {"bytes_behind_the_header", kHeader, header(R"({"alg":"RS256","kid":"rs"}{})")},
      {"bytes_behind_a_nul", kHeader, header(std::string("{\"alg\":\"RS256\",\"kid\":\"rs\"}\0{}", 29))},
      {"comment_in_the_header", kHeader, header(R"({"alg":"RS256"/**/,"kid":"rs"})")},
      {"single_quotes", kHeader, header("{'alg':'RS256'}")},
      {"header_in_utf16", kHeader, header(std::string("{\0\"\0a\0l\0g\0\"\0", 12))},
      {"header_is_deep", kHeader, header(R"({"alg":"RS256","a":[[[[[[[[[[]]]]]]]]]]})")},
      {"header_is_large", "token's header is too large",
       [] { return header(R"({"alg":"RS256","kid":"rs","x":")" + std::string(4000, 'x') + "\"}")(); }},
      // parts
      {"nothing", kParts, [] { return std::string(); }},
      {"one_part", kParts, [] { return part(good(), 0); }},
      {"two_parts", kParts, [] { return part(good(), 0) + "." + part(good(), 1); }},
      {"four_parts", kParts, [] { return good() + "."; }},
      {"five_parts_as_jwe", kParts, [] { return good() + ".AA.AA"; }},
      {"dots", "token has an empty part", [] { return std::string(".."); }},
      {"no_header", "token has an empty part", [] { return "." + part(good(), 1) + "." + part(good(), 2); }},
      {"no_payload", "token has an empty part", [] { return signer("RS256").sign(part(good(), 0) + "."); }},
      {"no_signature", kSignature, [] { return part(good(), 0) + "." + part(good(), 1) + "."; }},
      {"huge", "token is too large",
       [] { return signer("RS256").token(signer("RS256").header().dump(), std::string(60000, 'x')); }},
      // coding
      {"blank_in_front", kCoding, [] { return " " + good(); }},
      {"line_end_behind", kCoding, [] { return good() + "\n"; }},
      {"blank_in_the_signature", kCoding,
       [] { return part(good(), 0) + "." + part(good(), 1) + ". " + part(good(), 2); }},
      {"padded_header", kCoding,
       [] { return signer("RS256").sign(coded(R"({"alg":"RS256"})") + "=." + coded(kPayload)); }},
      {"padded_payload", kCoding,
       [] { return signer("RS256").sign(part(good(), 0) + "." + coded(kPayload + " ") + "="); }},
      {"padded_signature", kCoding, [] { return good("ES256") + "=="; }},
      {"standard_base64", kCoding,
       [] { return part(good("ES256"), 0) + "." + part(good("ES256"), 1) + "." + std::string(86, '+'); }},
      {"loose_bits_in_the_payload", kCoding,
       [] { return signer("RS256").sign(part(good(), 0) + "." + loose_bits(coded(kPayload + " "))); }},
      {"loose_bits_in_the_signature", kCoding, [] { return loose_bits(good("ES256")); }},
      {"a_length_that_is_none", kCoding, [] { return part(good(), 0) + "." + part(good(), 1) + ".AAAAA"; }},
      {"url_coded", kCoding, [] { return "%65" + good().substr(1); }},
      // signatures
      {"flipped_first_byte", kSignature,
       [] { return with_signature("RS256", [](Bytes s) { return s[0] ^= std::byte{1}, s; }); }},
      {"flipped_last_byte", kSignature,
       [] { return with_signature("PS256", [](Bytes s) { return s.back() ^= std::byte{1}, s; }); }},
      {"cut_rsa", kSignature, [] { return with_signature("RS256", [](Bytes s) { return s.pop_back(), s; }); }},
      {"long_rsa", kSignature,
       [] { return with_signature("RS256", [](Bytes s) { return s.insert(s.begin(), std::byte{0}), s; }); }},
      {"zero_rsa", kSignature, [] { return with_signature("RS256", [](Bytes s) { return Bytes(s.size()); }); }},
      {"der_in_place_of_r_and_s", kSignature,
       [] { return with_signature("ES256", [](Bytes s) { return JoseSigner::der(s); }); }},
      {"zero_ecdsa", kSignature, [] { return with_signature("ES256", [](Bytes) { return Bytes(64); }); }},
      {"cut_ecdsa", kSignature, [] { return with_signature("ES256", [](Bytes s) { return s.resize(63), s; }); }},
      {"long_ecdsa", kSignature, [] { return with_signature("ES256", [](Bytes s) { return s.resize(65), s; }); }},
      {"r_as_s", kSignature,
       [] { return with_signature("ES256", [](Bytes s) { return std::copy_n(s.begin(), 32, s.begin() + 32), s; }); }},
      {"zero_eddsa", kSignature, [] { return with_signature("EdDSA", [](Bytes) { return Bytes(64); }); }},
      {"cut_eddsa", kSignature, [] { return with_signature("EdDSA", [](Bytes s) { return s.resize(32), s; }); }},
      {"pss_with_another_salt", kSignature,
       [] {
         // The same key: only the length of the salt differs, which RFC 7518 s3.5 fixes.
         JoseSigner& odd = const_cast<JoseSigner&>(signer("PS256"));
         odd.salt_bytes = 0;
         const std::string out = odd.token(odd.header().dump(), kPayload);
         odd.salt_bytes = 32;
         return out;
       }},
      {"another_payload", kSignature,
       [] { return part(good(), 0) + "." + coded(R"({"sub":"admin"})") + "." + part(good(), 2); }},
      {"another_header", kSignature,
       [] { return coded(R"({"alg":"RS256","kid":"rs"})") + "." + part(good(), 1) + "." + part(good(), 2); }},
  };
  return all;
}

TEST(verify_jws, broken_tokens_are_refused_each_for_its_reason) {
  ASSERT_GE(broken_tokens().size(), 60u);
  for (const Broken& each : broken_tokens()) EXPECT_EQ(why(each.token()), each.why) << each.name;
}

TEST(verify_jws, nothing_fits_a_set_without_keys) {
  for (const char* name : kJoseNames) EXPECT_EQ(why(good(name), JwkSet{}), kNone);
}

TEST(verify_jws, cut_anywhere_it_is_refused) {
  const std::string token = good("ES256");
  for (size_t i = 0; i < token.size(); ++i) EXPECT_FALSE(why(token.substr(0, i)).starts_with("taken")) << i;
}

TEST(verify_jws, two_keys_with_one_kid_are_none) {
  const JoseSigner twin("ES256", "es");
  const JwkSet set = set_of({signer("ES256").jwk(), twin.jwk()});
  EXPECT_EQ(why(good("ES256"), set), kNone);
}

TEST(verify_jws, the_header_alone_tells_which_key_is_wanted) {
  const JwsHeader header = read_jws_header(JoseSigner("EdDSA", "new").token(json{{"a", 1}})).value();
  EXPECT_EQ(header.kid, "new");
  EXPECT_EQ(header.algorithm, JoseAlgorithm::kEdDsa);
  EXPECT_EQ(find_jwk(all_keys(), header), nullptr);
}

}  // namespace
}  // namespace sallyport::sso
