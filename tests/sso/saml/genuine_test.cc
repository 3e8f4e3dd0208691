// Genuine responses, in the variants that providers really send: each is taken, and its claims are what was said.
#include <array>
#include <functional>
#include <thread>

#include "tests/sso/saml/response_world.h"

namespace sallyport::sso::saml {
namespace {

using namespace forge;

const std::string kMore = "http://www.w3.org/2001/04/xmldsig-more#";

struct Genuine {
  const char* name;
  std::function<std::string(ResponseRules&)> make;
};

Sign with(const Key& key, std::string_view algorithm, std::string_view digest) {
  Sign out;
  out.key = &key;
  out.algorithm = kMore + std::string(algorithm);
  out.digest = digest;
  return out;
}

std::string encrypted_inside(const Encrypt& how, bool sign_assertion, bool sign_response) {
  const Story story;
  std::string assertion = assertion_of(story);
  if (sign_assertion) assertion = signed_text(assertion, story.assertion_id);
  const std::string response = response_of(story, encrypted(assertion, how));
  return sign_response ? signed_text(response, story.response_id) : response;
}

Encrypt cipher(std::string uri) {
  Encrypt out;
  out.cipher = std::move(uri);
  return out;
}

std::string name_encrypted(const Encrypt& how) {
  Encrypt inside = how;
  inside.holder = "EncryptedID";
  Story story;
  story.name_id = encrypted(
      "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" "
      "Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">alice@example.test</saml:NameID>",
      inside);
  return assertion_signed(story);
}

std::string all_replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

const std::vector<Genuine>& genuine() {
  static const std::vector<Genuine> all = {
      {"assertion_signed", [](ResponseRules&) { return assertion_signed(); }},
      {"response_signed", [](ResponseRules&) { return response_signed(); }},
      {"both_signed", [](ResponseRules&) { return both_signed(); }},
      {"with_a_declaration",
       [](ResponseRules&) { return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + assertion_signed(); }},
      {"with_a_declaration_in_single_quotes",
       [](ResponseRules&) { return "<?xml version='1.0' encoding='utf-8' standalone='no' ?>" + assertion_signed(); }},
      {"with_the_key_in_key_info",
       [](ResponseRules&) {
         Sign how;
         how.key_info = x509_key_info(rsa_key());
         return both_signed({}, how);
       }},
      {"rsa_sha384", [](ResponseRules&) { return both_signed({}, with(rsa_key(), "rsa-sha384", kMore + "sha384")); }},
      {"rsa_sha512",
       [](ResponseRules&) {
         return both_signed({}, with(rsa_key(), "rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512"));
       }},
      {"ecdsa_p256",
       [](ResponseRules& rules) {
         rules.provider_keys = {ec_key().verify_key()};
         return both_signed({}, with(ec_key(), "ecdsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"));
       }},
      {"ecdsa_p384",
       [](ResponseRules& rules) {
         rules.provider_keys = {ec_key("P-384").verify_key()};
         return both_signed({}, with(ec_key("P-384"), "ecdsa-sha384", kMore + "sha384"));
       }},
      {"ecdsa_p521",
       [](ResponseRules& rules) {
         rules.provider_keys = {ec_key("P-521").verify_key()};
         return both_signed({}, with(ec_key("P-521"), "ecdsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512"));
       }},
      {"the_old_key_of_two",
       [](ResponseRules& rules) {
         rules.provider_keys = {rsa_key().verify_key(), other_rsa_key().verify_key()};
         return both_signed();
       }},
      {"the_new_key_of_two",
       [](ResponseRules& rules) {
         rules.provider_keys = {other_rsa_key().verify_key(), rsa_key().verify_key()};
         return both_signed();
       }},
      {"one_key_of_each_kind",
       [](ResponseRules& rules) {
         rules.provider_keys = {ec_key().verify_key(), rsa_key().verify_key()};
         return both_signed();
       }},
      {"inclusive_namespaces",
       [](ResponseRules&) {
         Sign how;
         how.prefixes = "xs xsi";
         return both_signed({}, how);
       }},
      {"encrypted_in_a_signed_response",
       [](ResponseRules& rules) {
         rules.want_encrypted = true;
         return encrypted_inside({}, false, true);
       }},
      {"signed_and_encrypted", [](ResponseRules&) { return encrypted_inside({}, true, false); }},
      {"signed_encrypted_and_signed", [](ResponseRules&) { return encrypted_inside({}, true, true); }},
      {"aes_128_gcm",
       [](ResponseRules&) {
         return encrypted_inside(cipher("http://www.w3.org/2009/xmlenc11#aes128-gcm"), true, false);
       }},
      {"aes_192_gcm",
       [](ResponseRules&) {
         return encrypted_inside(cipher("http://www.w3.org/2009/xmlenc11#aes192-gcm"), true, false);
       }},
      {"cbc_where_configured",
       [](ResponseRules& rules) {
         rules.cbc = CbcMode::kTaken;
         return encrypted_inside(cipher("http://www.w3.org/2001/04/xmlenc#aes128-cbc"), false, true);
       }},
      {"aes_256_cbc_where_configured",
       [](ResponseRules& rules) {
         rules.cbc = CbcMode::kTaken;
         return encrypted_inside(cipher("http://www.w3.org/2001/04/xmlenc#aes256-cbc"), true, true);
       }},
      {"encrypted_key_beside_the_data",
       [](ResponseRules&) {
         Encrypt how;
         how.peer = true;
         return encrypted_inside(how, true, false);
       }},
      {"oaep_with_sha256_and_its_mask",
       [](ResponseRules&) {
         Encrypt how;
         how.transport = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
         how.transport_content =
             "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><x:MGF "
             "xmlns:x=\"http://www.w3.org/2009/xmlenc11#\" "
             "Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"></x:MGF>";
         how.digest = how.mask = EVP_sha256();
         return encrypted_inside(how, true, false);
       }},
      {"oaep_with_sha1_named",
       [](ResponseRules&) {
         Encrypt how;
         how.transport_content =
             "<ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"></ds:DigestMethod>";
         return encrypted_inside(how, true, false);
       }},
      {"encrypted_to_the_older_of_our_keys",
       [](ResponseRules& rules) {
         static const auto newer = SpKey::make("gate", now()).value();
         rules.own_keys = {SpKey::open(newer.private_key, newer.certificate).value(), sp_key()};
         return encrypted_inside({}, true, false);
       }},
      {"namespaces_declared_outside_what_is_encrypted",
       [](ResponseRules&) {
         const Story story;
         std::string assertion =
             all_replaced(assertion_of(story), " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"", "");
         return signed_text(response_of(story, encrypted(assertion)), story.response_id);
       }},
      {"encrypted_name_id", [](ResponseRules&) { return name_encrypted({}); }},
      {"encrypted_name_id_in_cbc_where_configured",
       [](ResponseRules& rules) {
         rules.cbc = CbcMode::kTaken;
         return name_encrypted(cipher("http://www.w3.org/2001/04/xmlenc#aes256-cbc"));
       }},
      {"other_prefixes",
       [](ResponseRules&) {
         Story story;
         std::string assertion = all_replaced(assertion_of(story), "saml:", "a2:");
         assertion = all_replaced(assertion, "xmlns:saml", "xmlns:a2");
         assertion = signed_text(assertion, story.assertion_id);
         return all_replaced(all_replaced(response_of(story, assertion), "samlp:", "ns0:"), "xmlns:samlp", "xmlns:ns0");
       }},
      {"default_namespaces",
       [](ResponseRules&) {
         Story story;
         std::string assertion = all_replaced(all_replaced(assertion_of(story), "saml:", ""), "xmlns:saml", "xmlns");
         return response_of(story, signed_text(assertion, story.assertion_id));
       }},
      {"white_space_between_elements",
       [](ResponseRules&) {
         Story story;
         std::string text = all_replaced(response_of(story, assertion_of(story)), "><", ">\n  <");
         return signed_text(text, story.response_id);
       }},
      {"white_space_around_values",
       [](ResponseRules&) {
         Story story;
         story.issuer = std::string("\n    ") + kIdp + "\n  ";
         story.name_id =
             "<saml:NameID "
             "Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">\n\talice@example.test\r\n</"
             "saml:NameID>";
         story.conditions = "<saml:AudienceRestriction><saml:Audience> " + std::string(kSp) +
                            " </saml:Audience></saml:AudienceRestriction>";
         return assertion_signed(story);
       }},
      {"character_references",
       [](ResponseRules&) {
         Story story;
         story.name_id =
             "<saml:NameID "
             "Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">&#97;lice&#x40;example.test</"
             "saml:NameID>";
         return assertion_signed(story);
       }},
      {"a_few_seconds_ahead",
       [](ResponseRules&) {
         Story story;
         story.issued = "2026-01-31T12:01:00Z";
         story.conditions_attributes = " NotBefore=\"2026-01-31T12:01:00Z\" NotOnOrAfter=\"2026-01-31T12:05:00Z\"";
         return assertion_signed(story);
       }},
      {"over_within_the_skew",
       [](ResponseRules&) {
         Story story;
         story.conditions_attributes = " NotOnOrAfter=\"2026-01-31T11:59:00.000001Z\"";
         return assertion_signed(story);
       }},
      {"without_times_in_conditions",
       [](ResponseRules&) {
         Story story;
         story.conditions_attributes = "";
         return assertion_signed(story);
       }},
      {"milliseconds",
       [](ResponseRules&) {
         Story story;
         story.issued = "2026-01-31T11:59:58.123Z";
         return assertion_signed(story);
       }},
      {"several_audiences",
       [](ResponseRules&) {
         Story story;
         story.conditions =
             "<saml:AudienceRestriction><saml:Audience>https://other.test</saml:Audience><saml:Audience>" +
             std::string(kSp) + "</saml:Audience></saml:AudienceRestriction>";
         return assertion_signed(story);
       }},
      {"one_time_use_and_proxy_restriction",
       [](ResponseRules&) {
         Story story;
         story.conditions +=
             "<saml:OneTimeUse></saml:OneTimeUse><saml:ProxyRestriction Count=\"0\"></saml:ProxyRestriction>";
         return assertion_signed(story);
       }},
      {"another_confirmation_first",
       [](ResponseRules&) {
         Story story;
         story.confirmations =
             "<saml:SubjectConfirmation "
             "Method=\"urn:oasis:names:tc:SAML:2.0:cm:sender-vouches\"></saml:SubjectConfirmation>"
             "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData "
             "Recipient=\"https://other.test\" "
             "NotOnOrAfter=\"2026-01-31T12:05:00Z\"></saml:SubjectConfirmationData></saml:SubjectConfirmation>"
             "<saml:SubjectConfirmation "
             "Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData" +
             story.confirmation_data + "></saml:SubjectConfirmationData></saml:SubjectConfirmation>";
         return assertion_signed(story);
       }},
      {"unsolicited_where_that_is_wanted",
       [](ResponseRules& rules) {
         rules.in_response_to.reset();
         Story story;
         story.response_attributes = replaced(story.response_attributes, " InResponseTo=\"_req0123456789\"", "");
         story.confirmation_data = replaced(story.confirmation_data, " InResponseTo=\"_req0123456789\"", "");
         return assertion_signed(story);
       }},
      {"no_destination_where_only_the_assertion_is_signed",
       [](ResponseRules&) {
         Story story;
         story.response_attributes = " InResponseTo=\"" + std::string(kRequestId) + "\"";
         return assertion_signed(story);
       }},
      {"no_issuer_where_only_the_assertion_is_signed",
       [](ResponseRules&) {
         return replaced(assertion_signed(), "<saml:Issuer>" + std::string(kIdp) + "</saml:Issuer><samlp:Status>",
                         "<samlp:Status>");
       }},
      {"advice_without_an_assertion",
       [](ResponseRules&) {
         Story story;
         story.conditions +=
             "</saml:Conditions><saml:Advice><saml:AssertionIDRef>_x</saml:AssertionIDRef></"
             "saml:Advice><saml:Conditions>";
         std::string assertion = replaced(assertion_of(story), "<saml:Conditions></saml:Conditions>", "");
         return response_of(story, signed_text(assertion, story.assertion_id));
       }},
      {"the_authentication_context_that_was_asked_for",
       [](ResponseRules& rules) {
         rules.authn_contexts = {"urn:x", "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"};
         return assertion_signed();
       }},
      {"a_fresh_sign_in",
       [](ResponseRules& rules) {
         rules.authenticated_after = now() - std::chrono::seconds(30);
         return assertion_signed();
       }},
      {"a_second_status_code_and_a_message",
       [](ResponseRules&) {
         Story story;
         story.status = replaced(story.status, "</samlp:StatusCode>",
                                 "</samlp:StatusCode><samlp:StatusMessage>welcome</samlp:StatusMessage>");
         return both_signed(story);
       }},
  };
  return all;
}

class GenuineResponse : public testing::TestWithParam<size_t> {};

TEST_P(GenuineResponse, is_taken) {
  const Genuine& each = genuine()[GetParam()];
  ResponseRules by = rules();
  const std::string xml = each.make(by);
  const ResponseVerdict verdict = judged(xml, by);
  ASSERT_EQ(outcome(verdict), "ok") << xml;
  const Claims& claims = *verdict.claims;
  EXPECT_EQ(claims.issuer, kIdp);
  EXPECT_EQ(claims.name_id.value, "alice@example.test");
  EXPECT_EQ(claims.name_id.format, "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
  EXPECT_EQ(claims.assertion_id, "_a1");
  EXPECT_EQ(claims.session_index, "_s1");
  EXPECT_EQ(claims.authn_context, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport");
  EXPECT_EQ(claims.values_of("groups"), (std::vector<std::string>{"admins", "staff"}));
  EXPECT_EQ(claims.values_of("mail"), (std::vector<std::string>{"alice@example.test"}));
}

// The twin: none of them survives a changed letter where it counts.
TEST_P(GenuineResponse, is_refused_when_its_person_or_group_is_changed) {
  const Genuine& each = genuine()[GetParam()];
  ResponseRules by = rules();
  std::string xml = each.make(by);
  const size_t at = xml.find("admins") != xml.npos ? xml.find("admins")
                                                   : xml.find("<xenc:CipherValue>", xml.rfind("<ds:KeyInfo>")) + 30;
  xml[at] = xml[at] == 'b' ? 'c' : 'b';
  EXPECT_NE(outcome(judged(xml, by)), "ok") << xml;
}

INSTANTIATE_TEST_SUITE_P(Saml, GenuineResponse, testing::Range(size_t{0}, genuine().size()),
                         [](const auto& info) { return std::string(genuine()[info.param].name); });

TEST(ResponseClaims, are_all_that_was_said) {
  Story story;
  story.name_id =
      "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\" NameQualifier=\"nq\" "
      "SPNameQualifier=\"spnq\">p-17</saml:NameID>";
  story.attributes =
      "<saml:AttributeStatement>"
      "<saml:Attribute Name=\"urn:oid:0.9.2342.19200300.100.1.3\" "
      "NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\" "
      "FriendlyName=\"mail\"><saml:AttributeValue>a@example.test</saml:AttributeValue></saml:Attribute>"
      "<saml:Attribute Name=\"empty\"></saml:Attribute>"
      "<saml:Attribute Name=\"mixed\"><saml:AttributeValue "
      "xsi:nil=\"true\"></saml:AttributeValue><saml:AttributeValue><saml:NameID>inside</saml:NameID></"
      "saml:AttributeValue><saml:AttributeValue></saml:AttributeValue><saml:AttributeValue> x &amp; y "
      "</saml:AttributeValue></saml:Attribute>"
      "</saml:AttributeStatement><saml:AttributeStatement><saml:Attribute "
      "Name=\"mail\"><saml:AttributeValue>b@example.test</saml:AttributeValue></saml:Attribute></"
      "saml:AttributeStatement>";
  const auto verdict = judged(assertion_signed(story));
  ASSERT_EQ(outcome(verdict), "ok");
  const Claims& claims = *verdict.claims;
  EXPECT_EQ(claims.name_id, (NameId{"p-17", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "nq", "spnq"}));
  EXPECT_EQ(claims.authn_instant, now() - std::chrono::seconds(10));
  EXPECT_EQ(claims.not_on_or_after, now() + std::chrono::minutes(5));
  EXPECT_EQ(claims.replay_until, now() + std::chrono::minutes(6));
  EXPECT_EQ(claims.session_not_on_or_after, now() + std::chrono::hours(8));
  EXPECT_EQ(claims.values_of("mail"), (std::vector<std::string>{"a@example.test", "b@example.test"}));
  EXPECT_EQ(claims.values_of("urn:oid:0.9.2342.19200300.100.1.3"), (std::vector<std::string>{"a@example.test"}));
  EXPECT_EQ(claims.values_of("empty"), std::vector<std::string>());
  EXPECT_EQ(claims.values_of("mixed"), (std::vector<std::string>{"", "x & y"}));
}

// An assertion is taken as long as one of its confirmations holds: so long it has to be remembered.
TEST(ResponseClaims, are_remembered_until_the_last_confirmation_is_over) {
  const auto bearer = [](const std::string& end, const std::string& recipient = kAcs) {
    return "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData "
           "InResponseTo=\"" +
           std::string(kRequestId) + "\" NotOnOrAfter=\"2026-01-31T" + end + "Z\" Recipient=\"" + recipient +
           "\"></saml:SubjectConfirmationData></saml:SubjectConfirmation>";
  };
  const std::string early = bearer("12:02:00");
  const std::string late = bearer("12:04:00");
  const std::string foreign = bearer("12:04:30", "https://other.test");
  const std::string over = bearer("11:00:00");
  const std::pair<std::string, std::chrono::minutes> table[] = {
      {early, std::chrono::minutes(3)},
      {late, std::chrono::minutes(5)},
      {early + late, std::chrono::minutes(5)},
      {late + early, std::chrono::minutes(5)},
      {foreign + early, std::chrono::minutes(3)},
      {early + foreign, std::chrono::minutes(3)},
      {over + early + late + foreign, std::chrono::minutes(5)},
  };
  for (const auto& [confirmations, remembered] : table) {
    Story story;
    story.confirmations = confirmations;
    const std::string posted = encode_posted(assertion_signed(story));
    const auto taken = [&](WallMicros at) { return verify_response(rules(), posted, at).claims; };
    const auto claims = taken(now());
    ASSERT_TRUE(claims) << confirmations;
    EXPECT_EQ(claims->replay_until, now() + remembered) << confirmations;
    EXPECT_TRUE(taken(claims->replay_until - std::chrono::seconds(1))) << confirmations;
    EXPECT_FALSE(taken(claims->replay_until)) << "taken again when it is forgotten: " << confirmations;
  }
}

TEST(ResponseClaims, the_recorder_gets_every_check_in_order_and_nothing_personal) {
  const auto verdict = judged(both_signed());
  std::string names;
  for (const Check& check : verdict.checks.list()) {
    names.append(check.name).append(",");
    for (const char* personal : {"alice", "admins", "staff"})
      EXPECT_EQ((check.expected + check.found).find(personal), std::string::npos) << check.name;
  }
  EXPECT_EQ(names,
            "decoding,parsing,status,shape,"
            "signature's shape,signature's digest,signature's bytes,signature's key,digested bytes,digested element,"
            "status,shape,version,issuer,destination,issued,InResponseTo,"
            "signature's shape,signature's digest,signature's bytes,signature's key,digested bytes,digested element,"
            "version,assertion's id,issuer,issued,NameID,recipient,confirmation's InResponseTo,"
            "confirmation's NotOnOrAfter,NotBefore,NotOnOrAfter,audience,AuthnInstant,SessionNotOnOrAfter,"
            "authentication context,attributes,");
}

TEST(Responses, are_judged_on_several_threads_at_once) {
  const ResponseRules by = rules();
  const std::string good = encode_posted(both_signed());
  const std::string bad = encode_posted(replaced(both_signed(), "alice@", "admin@"));
  const std::string broken = encode_posted("<a");
  std::array<size_t, 4> right{};
  std::vector<std::thread> threads;
  for (size_t part = 0; part < right.size(); ++part)
    threads.emplace_back([&, part] {
      for (int i = 0; i < 10; ++i)
        right[part] += verify_response(by, good, now()).claims.has_value() &&
                       !verify_response(by, bad, now()).claims.has_value() &&
                       !verify_response(by, broken, now()).claims.has_value();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, (std::array<size_t, 4>{10, 10, 10, 10}));
}

}  // namespace
}  // namespace sallyport::sso::saml
