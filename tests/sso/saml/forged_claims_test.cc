// Responses with a sound signature that say something which is not meant for us, not now, not by whom we asked, or not
// clearly. And encryption that is not taken.
#include "tests/sso/saml/forged_tables.h"

namespace sallyport::sso::saml {
namespace {

using namespace forge;

constexpr char kNotYet[] = "message is not valid yet";
constexpr char kOver[] = "message is not valid any more";

template <class Change>
std::function<std::string(ResponseRules&)> say(Change change) {
  return [change](ResponseRules&) {
    Story story;
    change(story);
    return assertion_signed(story);
  };
}
template <class Change>
std::function<std::string(ResponseRules&)> ask(Change change) {
  return [change](ResponseRules& rules) {
    change(rules);
    return assertion_signed();
  };
}
auto conditions(std::string text) {
  return say([text](Story& story) { story.conditions = text; });
}
auto name_id(std::string text) {
  return say([text](Story& story) { story.name_id = text; });
}
std::string audience(std::string_view name) {
  return "<saml:AudienceRestriction><saml:Audience>" + std::string(name) +
         "</saml:Audience></saml:AudienceRestriction>";
}

}  // namespace

const std::vector<Forged>& foreign_claims() {
  static const std::vector<Forged> all = {
      {"foreign_issuer", "issuer is another provider", say([](Story& story) { story.issuer = "https://evil.test"; })},
      {"issuer_that_only_begins_alike", "issuer is another provider",
       say([](Story& story) { story.issuer = std::string(kIdp) + ".evil.test"; })},
      {"foreign_issuer_of_the_assertion_alone", "issuer is another provider",
       [](ResponseRules&) {
         Story story;
         story.issuer = "https://evil.test";
         return response_of({}, signed_text(assertion_of(story), "_a1"));
       }},
      {"issuer_of_another_format", "issuer is not an entity",
       [](ResponseRules&) {
         return response_of(
             {},
             signed_text(replaced(assertion_of({}), "<saml:Issuer>",
                                  "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">"),
                         "_a1"));
       }},
      {"no_issuer_in_a_signed_response", "message has not exactly one issuer",
       [](ResponseRules&) {
         const std::string text =
             replaced(response_of({}, assertion_of({})),
                      "<saml:Issuer>" + std::string(kIdp) + "</saml:Issuer><samlp:Status>", "<samlp:Status>");
         return replaced(text, "<samlp:Status>", signature_of(text, "_r1") + "<samlp:Status>");
       }},
      {"foreign_audience", "assertion is for another audience", conditions(audience("https://other.test"))},
      {"audience_that_only_begins_alike", "assertion is for another audience",
       conditions(audience(std::string(kSp) + "2"))},
      {"empty_audience", "assertion is for another audience", conditions(audience(""))},
      {"no_audience_in_the_restriction", "assertion is for another audience",
       conditions("<saml:AudienceRestriction></saml:AudienceRestriction>")},
      {"second_restriction_excludes_us", "assertion is for another audience",
       conditions(audience(kSp) + audience("https://other.test"))},
      {"no_restriction", "assertion has no audience", conditions("")},
      {"one_time_use_twice", "assertion has a condition that is not understood, or one twice",
       conditions(audience(kSp) + "<saml:OneTimeUse></saml:OneTimeUse><saml:OneTimeUse></saml:OneTimeUse>")},
      {"proxy_restriction_twice", "assertion has a condition that is not understood, or one twice",
       conditions(audience(kSp) +
                  "<saml:ProxyRestriction></saml:ProxyRestriction><saml:ProxyRestriction></saml:ProxyRestriction>")},
      {"unknown_condition", "assertion has a condition that is not understood, or one twice",
       conditions(audience(kSp) + "<saml:Condition xsi:type=\"saml:Other\"></saml:Condition>")},
      {"two_conditions", "assertion has a part that is not understood, or one twice",
       say([](Story& story) { story.extra = "<saml:Conditions></saml:Conditions>"; })},
      {"no_conditions", "assertion has no conditions",
       [](ResponseRules&) {
         std::string text = assertion_of({});
         const size_t at = text.find("<saml:Conditions");
         text.erase(at, text.find("</saml:Conditions>") + 18 - at);
         return response_of({}, signed_text(text, "_a1"));
       }},
      {"foreign_recipient", "assertion is for another recipient", say([](Story& story) {
         story.confirmation_data = replaced(story.confirmation_data, kAcs, "https://other.test/acs");
       })},
      {"no_recipient", "assertion is for another recipient", say([](Story& story) {
         story.confirmation_data = replaced(story.confirmation_data, " Recipient=\"" + std::string(kAcs) + "\"", "");
       })},
      {"foreign_destination", "message is for another destination", say([](Story& story) {
         story.response_attributes = replaced(story.response_attributes, kAcs, "https://other.test/acs");
       })},
      {"no_destination_in_a_signed_response", "message is for another destination",
       [](ResponseRules&) {
         Story story;
         story.response_attributes = " InResponseTo=\"" + std::string(kRequestId) + "\"";
         return response_signed(story);
       }},
      {"answers_another_request", "response answers another request", say([](Story& story) {
         story.response_attributes = replaced(story.response_attributes, kRequestId, "_other");
       })},
      {"answers_no_request", "response answers another request", say([](Story& story) {
         story.response_attributes =
             replaced(story.response_attributes, " InResponseTo=\"" + std::string(kRequestId) + "\"", "");
       })},
      {"confirmation_answers_another_request", "assertion answers another request",
       say([](Story& story) { story.confirmation_data = replaced(story.confirmation_data, kRequestId, "_other"); })},
      {"confirmation_answers_no_request", "assertion answers another request", say([](Story& story) {
         story.confirmation_data =
             replaced(story.confirmation_data, " InResponseTo=\"" + std::string(kRequestId) + "\"", "");
       })},
      {"answers_a_request_where_none_was_made", "response answers another request",
       ask([](ResponseRules& rules) { rules.in_response_to.reset(); })},
      {"confirmation_answers_a_request_where_none_was_made", "assertion answers another request",
       [](ResponseRules& rules) {
         rules.in_response_to.reset();
         Story story;
         story.response_attributes = "";
         return assertion_signed(story);
       }},
      // time
      {"expired", kOver,
       say([](Story& story) { story.conditions_attributes = " NotOnOrAfter=\"2026-01-31T11:00:00Z\""; })},
      {"expired_at_the_very_end_of_the_skew", kOver,
       say([](Story& story) { story.conditions_attributes = " NotOnOrAfter=\"2026-01-31T11:59:00Z\""; })},
      {"confirmation_expired", kOver, say([](Story& story) {
         story.confirmation_data = replaced(story.confirmation_data, "12:05:00Z", "11:05:00Z");
       })},
      {"session_is_over", kOver,
       say([](Story& story) { story.authn = replaced(story.authn, "20:00:00Z", "10:00:00Z"); })},
      {"of_the_future", kNotYet,
       say([](Story& story) { story.conditions_attributes = " NotBefore=\"2026-01-31T13:00:00Z\""; })},
      {"a_microsecond_beyond_the_skew", kNotYet,
       say([](Story& story) { story.conditions_attributes = " NotBefore=\"2026-01-31T12:01:00.000001Z\""; })},
      {"issued_in_the_future", kNotYet, say([](Story& story) { story.issued = "2026-01-31T12:10:00Z"; })},
      {"authenticated_in_the_future", kNotYet,
       say([](Story& story) { story.authn = replaced(story.authn, "11:59:50Z", "12:59:50Z"); })},
      {"confirmation_without_an_end", "time is not of the form 2026-01-31T12:00:00Z", say([](Story& story) {
         story.confirmation_data = replaced(story.confirmation_data, " NotOnOrAfter=\"2026-01-31T12:05:00Z\"", "");
       })},
      {"confirmation_with_a_beginning", "bearer confirmation has a NotBefore",
       say([](Story& story) { story.confirmation_data += " NotBefore=\"2026-01-31T11:00:00Z\""; })},
      {"time_without_a_zone", "time is not of the form 2026-01-31T12:00:00Z",
       say([](Story& story) { story.conditions_attributes = " NotOnOrAfter=\"2026-01-31T12:05:00\""; })},
      {"time_with_another_zone", "time is not of the form 2026-01-31T12:00:00Z",
       say([](Story& story) { story.conditions_attributes = " NotOnOrAfter=\"2026-01-31T12:05:00+00:00\""; })},
      {"time_of_no_day", "time is not of the form 2026-01-31T12:00:00Z",
       say([](Story& story) { story.conditions_attributes = " NotOnOrAfter=\"2027-02-29T12:05:00Z\""; })},
      {"time_with_more_behind", "time is not of the form 2026-01-31T12:00:00Z", say([](Story& story) {
         story.conditions_attributes = " NotOnOrAfter=\"2026-01-31T12:05:00Z2026-01-31T12:05:00Z\"";
       })},
      {"stale_sign_in", "sign-in at the provider is older than was asked for",
       ask([](ResponseRules& rules) { rules.authenticated_after = now() + std::chrono::seconds(51); })},
      {"no_authn_instant", "time is not of the form 2026-01-31T12:00:00Z",
       say([](Story& story) { story.authn = replaced(story.authn, " AuthnInstant=\"2026-01-31T11:59:50Z\"", ""); })},
      // subject
      {"no_confirmation", "assertion has no bearer confirmation", say([](Story& story) { story.confirmations = " "; })},
      {"confirmation_that_is_not_bearer", "assertion has no bearer confirmation", say([](Story& story) {
         story.confirmations =
             "<saml:SubjectConfirmation "
             "Method=\"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key\"></saml:SubjectConfirmation>";
       })},
      {"bearer_without_data", "bearer confirmation has no data", say([](Story& story) {
         story.confirmations =
             "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"></saml:SubjectConfirmation>";
       })},
      {"nine_confirmations", "assertion has too many confirmations", say([](Story& story) {
         for (int i = 0; i < 9; ++i)
           story.confirmations +=
               "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"></saml:SubjectConfirmation>";
       })},
      {"no_subject", "assertion has no subject",
       [](ResponseRules&) {
         std::string text = assertion_of({});
         const size_t at = text.find("<saml:Subject>");
         text.erase(at, text.find("</saml:Subject>") + 15 - at);
         return response_of({}, signed_text(text, "_a1"));
       }},
      {"two_subjects", "assertion has a part that is not understood, or one twice",
       say([](Story& story) { story.extra = "<saml:Subject></saml:Subject>"; })},
      {"no_name_id", "subject has not exactly one NameID", name_id("")},
      {"base_id", "subject has not exactly one NameID", name_id("<saml:BaseID></saml:BaseID>")},
      {"two_name_ids", "subject has not exactly one NameID",
       name_id("<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>")},
      {"empty_name_id", "NameID is not 1 to 1024 bytes of text", name_id("<saml:NameID> </saml:NameID>")},
      {"huge_name_id", "NameID is not 1 to 1024 bytes of text",
       name_id("<saml:NameID>" + std::string(1025, 'a') + "</saml:NameID>")},
      {"name_id_of_two_lines", "NameID is not 1 to 1024 bytes of text",
       name_id("<saml:NameID>alice&#10;admin</saml:NameID>")},
      {"name_id_that_is_xml", "NameID is not 1 to 1024 bytes of text",
       name_id("<saml:NameID><saml:x>alice</saml:x></saml:NameID>")},
      // statements
      {"no_authn_statement", "assertion has not exactly one AuthnStatement",
       say([](Story& story) { story.authn = ""; })},
      {"two_authn_statements", "assertion has a part that is not understood, or one twice",
       say([](Story& story) { story.authn += story.authn; })},
      {"no_authn_context", "assertion has no authentication context", say([](Story& story) {
         story.authn = "<saml:AuthnStatement AuthnInstant=\"2026-01-31T11:59:50Z\"></saml:AuthnStatement>";
       })},
      {"another_authn_context", "authentication context is none that was asked for", ask([](ResponseRules& rules) {
         rules.authn_contexts = {"urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"};
       })},
      {"no_authn_context_class", "authentication context is none that was asked for",
       [](ResponseRules& rules) {
         rules.authn_contexts = {"", "urn:x"};
         Story story;
         story.authn =
             "<saml:AuthnStatement "
             "AuthnInstant=\"2026-01-31T11:59:50Z\"><saml:AuthnContext></saml:AuthnContext></saml:AuthnStatement>";
         return assertion_signed(story);
       }},
      {"an_authorization_statement", "assertion has a part that is not understood, or one twice",
       say([](Story& story) { story.extra = "<saml:AuthzDecisionStatement></saml:AuthzDecisionStatement>"; })},
      {"an_encrypted_attribute", "assertion has an encrypted or unknown attribute", say([](Story& story) {
         story.attributes =
             "<saml:AttributeStatement><saml:EncryptedAttribute></saml:EncryptedAttribute></saml:AttributeStatement>";
       })},
      {"513_attributes", "assertion has too many attributes", say([](Story& story) {
         story.attributes = "<saml:AttributeStatement>";
         for (int i = 0; i < 513; ++i) story.attributes += "<saml:Attribute Name=\"a\"></saml:Attribute>";
         story.attributes += "</saml:AttributeStatement>";
       })},
      {"4097_values", "assertion has too many attributes", say([](Story& story) {
         story.attributes = "<saml:AttributeStatement><saml:Attribute Name=\"a\">";
         for (int i = 0; i < 4097; ++i) story.attributes += "<saml:AttributeValue>a</saml:AttributeValue>";
         story.attributes += "</saml:Attribute></saml:AttributeStatement>";
       })},
      {"an_assertion_of_saml_1_1", "message is not of SAML 2.0",
       [](ResponseRules&) {
         return response_of({}, signed_text(replaced(assertion_of({}), "Version=\"2.0\"", "Version=\"1.1\""), "_a1"));
       }},
      {"a_response_of_saml_2_1", "message is not of SAML 2.0",
       [](ResponseRules&) { return replaced(assertion_signed(), "Version=\"2.0\"", "Version=\"2.1\""); }},
      // status
      {"refused_by_the_provider", "provider did not sign the user in",
       say([](Story& story) { story.status = replaced(story.status, "Success", "Requester"); })},
      {"refused_without_an_assertion", "provider did not sign the user in",
       [](ResponseRules&) {
         Story story;
         story.status = replaced(
             replaced(story.status, "Success", "Responder"), "</samlp:StatusCode>",
             "<samlp:StatusCode "
             "Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"></samlp:StatusCode></samlp:StatusCode>");
         return response_of(story, "");
       }},
      {"no_status", "response has not exactly one status", say([](Story& story) { story.status = ""; })},
      {"two_statuses", "response has not exactly one status", say([](Story& story) { story.status += story.status; })},
      {"success_below_failure", "provider did not sign the user in", say([](Story& story) {
         story.status =
             "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode "
             "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:StatusCode></"
             "samlp:Status>";
       })},
  };
  return all;
}

namespace {

FORGED_SUITE(ForeignClaims, foreign_claims);

constexpr char kNotDecrypted[] = "encrypted element cannot be decrypted";
constexpr char kTransport[] = "key transport is not one that is taken";
constexpr char kShape[] = "encrypted element has another shape";

// A genuine signed assertion, encrypted as `change` says.
template <class Change>
std::function<std::string(ResponseRules&)> encrypt(Change change) {
  return [change](ResponseRules&) {
    Encrypt how;
    change(how);
    return response_of({}, encrypted(signed_text(assertion_of({}), "_a1"), how));
  };
}
auto altered(std::string from, std::string to) {
  return [from, to](ResponseRules&) {
    return replaced(response_of({}, encrypted(signed_text(assertion_of({}), "_a1"))), from, to);
  };
}
std::string cbc_response(bool sign_response) {
  Encrypt how;
  how.cipher = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
  const std::string text = response_of({}, encrypted(signed_text(assertion_of({}), "_a1"), how));
  return sign_response ? signed_text(text, "_r1") : text;
}

}  // namespace

const std::vector<Forged>& foreign_encryption() {
  static const std::vector<Forged> all = {
      {"in_clear_where_encryption_is_wanted", "assertion is not encrypted",
       ask([](ResponseRules& rules) { rules.want_encrypted = true; })},
      {"cbc_in_an_unsigned_response", "CBC encryption is not taken here",
       [](ResponseRules& rules) {
         rules.cbc = CbcMode::kTaken;
         return cbc_response(false);
       }},
      {"cbc_where_it_is_not_configured", "CBC encryption is not taken here",
       [](ResponseRules&) { return cbc_response(true); }},
      {"cbc_of_a_name_id_where_it_is_not_configured", "CBC encryption is not taken here",
       [](ResponseRules&) {
         Encrypt how;
         how.cipher = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
         how.holder = "EncryptedID";
         Story story;
         story.name_id = encrypted("<saml:NameID>a</saml:NameID>", how);
         return assertion_signed(story);
       }},
      {"cbc_under_an_attackers_signature", "signature is of none of the provider's keys",
       [](ResponseRules& rules) {
         rules.cbc = CbcMode::kTaken;
         Sign how;
         how.key = &other_rsa_key();
         return signed_text(cbc_response(false), "_r1", how);
       }},
      {"triple_des", "encryption's algorithm is not one that is taken",
       altered("http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2001/04/xmlenc#tripledes-cbc")},
      {"no_cipher", "encryption's algorithm is not one that is taken",
       altered("<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\">",
               "<xenc:EncryptionMethod>")},
      {"rsa_1_5", kTransport,
       encrypt([](Encrypt& how) { how.transport = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"; })},
      {"key_wrapping", kTransport, altered("xmlenc#rsa-oaep-mgf1p", "xmlenc#kw-aes256")},
      {"oaep_with_md5", kTransport, encrypt([](Encrypt& how) {
         how.transport_content =
             "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#md5\"></ds:DigestMethod>";
       })},
      {"oaep_with_a_label", kTransport,
       encrypt([](Encrypt& how) { how.transport_content = "<xenc:OAEPparams>AAAA</xenc:OAEPparams>"; })},
      {"oaep_with_two_digests", kTransport, encrypt([](Encrypt& how) {
         const std::string one =
             "<ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"></ds:DigestMethod>";
         how.transport_content = one + one;
       })},
      {"old_oaep_with_a_mask", kTransport, encrypt([](Encrypt& how) {
         how.transport_content =
             "<x:MGF xmlns:x=\"http://www.w3.org/2009/xmlenc11#\" "
             "Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"></x:MGF>";
       })},
      {"for_somebody_else", kNotDecrypted, encrypt([](Encrypt& how) { how.certificate = rsa_key().certificate; })},
      {"oaep_of_another_digest_than_it_says", kNotDecrypted, encrypt([](Encrypt& how) { how.digest = EVP_sha256(); })},
      {"no_key_of_ours", kNotDecrypted,
       [](ResponseRules& rules) {
         rules.own_keys.clear();
         return response_of({}, encrypted(signed_text(assertion_of({}), "_a1")));
       }},
      {"a_session_key_of_another_size", kNotDecrypted, altered("xmlenc11#aes256-gcm", "xmlenc11#aes128-gcm")},
      {"changed_ciphertext", kNotDecrypted,
       [](ResponseRules&) {
         std::string text = response_of({}, encrypted(signed_text(assertion_of({}), "_a1")));
         char& c = text[text.rfind("<xenc:CipherValue>") + 118];
         c = c == 'A' ? 'B' : 'A';
         return text;
       }},
      {"ciphertext_of_one_byte", kNotDecrypted,
       [](ResponseRules&) {
         std::string text = response_of({}, encrypted("x"));
         const size_t at = text.rfind("<xenc:CipherValue>") + 18;
         return text.replace(at, text.find('<', at) - at, "AA==");
       }},
      {"ciphertext_that_is_no_base64", kNotDecrypted,
       [](ResponseRules&) {
         std::string text = response_of({}, encrypted("x"));
         return text.insert(text.rfind("<xenc:CipherValue>") + 18, "*");
       }},
      {"type_content", kShape,
       encrypt([](Encrypt& how) { how.type = " Type=\"http://www.w3.org/2001/04/xmlenc#Content\""; })},
      {"cipher_reference", kShape,
       [](ResponseRules&) {
         std::string text = response_of({}, encrypted("x"));
         const size_t at = text.rfind("<xenc:CipherValue>");
         return text.replace(at, text.find("</xenc:CipherData>", at) - at,
                             "<xenc:CipherReference URI=\"http://127.0.0.1:1/\"></xenc:CipherReference>");
       }},
      {"no_encrypted_key", "encrypted element has not exactly one key",
       [](ResponseRules&) {
         std::string text = response_of({}, encrypted("x"));
         const size_t at = text.find("<xenc:EncryptedKey>");
         return text.erase(at, text.find("</xenc:EncryptedKey>") + 20 - at);
       }},
      {"two_encrypted_keys", "encrypted element has not exactly one key",
       [](ResponseRules&) {
         std::string text = response_of({}, encrypted("x"));
         const size_t at = text.find("<xenc:EncryptedKey>");
         return text.insert(at, text.substr(at, text.find("</xenc:EncryptedKey>") + 20 - at));
       }},
      {"two_encrypted_datas", kShape,
       [](ResponseRules&) {
         std::string text = response_of({}, encrypted("x"));
         const size_t at = text.find("<xenc:EncryptedData");
         return text.insert(at, text.substr(at, text.find("</xenc:EncryptedData>") + 21 - at));
       }},
      {"encrypted_name_id_that_is_something_else", "encrypted NameID holds something else",
       [](ResponseRules&) {
         Encrypt how;
         how.holder = "EncryptedID";
         Story story;
         story.name_id = encrypted("<saml:Subject></saml:Subject>", how);
         return assertion_signed(story);
       }},
  };
  return all;
}

namespace {

FORGED_SUITE(ForeignEncryption, foreign_encryption);

}  // namespace
}  // namespace sallyport::sso::saml
