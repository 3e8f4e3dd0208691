// Signature wrapping, and whatever else makes one reader see another assertion than the one that was signed.
#include "tests/sso/saml/forged_tables.h"

namespace sallyport::sso::saml {
namespace {

using namespace forge;

Story evil() {
  Story story;
  story.response_id = "_evil_r";
  story.assertion_id = "_evil";
  story.name_id = "<saml:NameID>mallory@example.test</saml:NameID>";
  return story;
}
std::string evil_assertion() { return assertion_of(evil()); }
std::string good_assertion() { return signed_text(assertion_of({}), "_a1"); }

// The text of the first Signature of `text`.
std::string signature_in(const std::string& text) {
  const size_t at = text.find("<ds:Signature ");
  return text.substr(at, text.find("</ds:Signature>", at) + 15 - at);
}
std::string without_signature(const std::string& text) { return replaced(text, signature_in(text), ""); }
// The Signature with more inside, at its end.
std::string stuffed(const std::string& signature, std::string_view content) {
  return replaced(signature, "</ds:Signature>", std::string(content) + "</ds:Signature>");
}
std::string object(std::string_view content) { return "<ds:Object>" + std::string(content) + "</ds:Object>"; }
std::string extensions(std::string_view content) {
  return "<samlp:Extensions>" + std::string(content) + "</samlp:Extensions>";
}
std::string with_extensions(std::string response, std::string_view content) {
  return replaced(std::move(response), "<samlp:Status>", extensions(content) + "<samlp:Status>");
}

constexpr char kMany[] = "response has more than one assertion";
constexpr char kPlace[] = "signature stands in an unexpected place";
constexpr char kElse[] = "signature refers to something else than what it stands in";

}  // namespace

const std::vector<Forged>& wrapped_responses() {
  static const std::vector<Forged> all = {
      {"xsw1_original_response_inside_the_signature", kMany,
       [](auto&) {
         const std::string good = response_signed();
         return behind_issuer(response_of(evil(), evil_assertion()), "_evil_r",
                              stuffed(signature_in(good), object(without_signature(good))));
       }},
      {"xsw2_original_response_before_the_signature", kMany,
       [](auto&) {
         const std::string good = response_signed();
         return behind_issuer(response_of(evil(), evil_assertion()), "_evil_r",
                              without_signature(good) + signature_in(good));
       }},
      {"xsw3_evil_assertion_first", kMany, [](auto&) { return response_of({}, evil_assertion() + good_assertion()); }},
      {"xsw3_evil_assertion_last", kMany, [](auto&) { return response_of({}, good_assertion() + evil_assertion()); }},
      {"xsw4_original_inside_the_evil_one", kMany,
       [](auto&) {
         return response_of({},
                            replaced(evil_assertion(), "</saml:Assertion>", good_assertion() + "</saml:Assertion>"));
       }},
      {"xsw5_evil_one_with_the_signature_original_behind", kMany,
       [](auto&) {
         const std::string good = good_assertion();
         return response_of({}, behind_issuer(evil_assertion(), "_evil", signature_in(good)) + without_signature(good));
       }},
      {"xsw6_original_inside_the_evil_ones_signature", kMany,
       [](auto&) {
         const std::string good = good_assertion();
         return response_of(
             {}, behind_issuer(evil_assertion(), "_evil", stuffed(signature_in(good), without_signature(good))));
       }},
      {"xsw7_evil_one_in_extensions", kMany,
       [](auto&) { return with_extensions(response_of({}, good_assertion()), evil_assertion()); }},
      {"xsw8_original_in_an_object_of_the_evil_ones_signature", kMany,
       [](auto&) {
         const std::string good = good_assertion();
         return response_of({}, behind_issuer(evil_assertion(), "_evil",
                                              stuffed(signature_in(good), object(without_signature(good)))));
       }},
      {"both_with_the_same_id", "XML has an id twice",
       [](auto&) { return response_of({}, replaced(evil_assertion(), "_evil", "_a1") + good_assertion()); }},
      {"an_id_in_another_spelling", "XML has an id twice",
       [](auto&) {
         return with_extensions(response_of({}, good_assertion()), "<x:y xmlns:x=\"urn:x\" Id=\"_a1\"></x:y>");
       }},
      {"an_id_in_another_namespace", "XML has an id twice",
       [](auto&) {
         return with_extensions(response_of({}, good_assertion()), "<x:y xmlns:x=\"urn:x\" x:id=\"_a1\"></x:y>");
       }},
      {"xml_id", "XML has an xml:id or xml:base",
       [](auto&) {
         return with_extensions(response_of({}, good_assertion()), "<x:y xmlns:x=\"urn:x\" xml:id=\"_a1\"></x:y>");
       }},
      {"xml_base", "XML has an xml:id or xml:base",
       [](auto&) {
         return with_extensions(response_of({}, good_assertion()),
                                "<x:y xmlns:x=\"urn:x\" xml:base=\"http://127.0.0.1:1/\"></x:y>");
       }},
      {"assertion_in_the_advice_of_a_signed_one", kMany,
       [](auto&) {
         Story story;
         story.extra = "<saml:Advice>" + evil_assertion() + "</saml:Advice>";
         return assertion_signed(story);
       }},
      {"assertion_in_an_object_of_the_responses_signature", kMany,
       [](auto&) {
         Sign how;
         how.object = object(evil_assertion());
         return response_signed({}, how);
       }},
      {"assertion_in_key_info", kMany,
       [](auto&) {
         Sign how;
         how.key_info = "<ds:KeyInfo>" + evil_assertion() + "</ds:KeyInfo>";
         return response_signed({}, how);
       }},
      {"object_in_the_signature", "signature has other parts than SignedInfo, SignatureValue and KeyInfo",
       [](auto&) {
         Sign how;
         how.object = object("<x:y xmlns:x=\"urn:x\"></x:y>");
         return response_signed({}, how);
       }},
      {"manifest_in_the_signature", "signature has other parts than SignedInfo, SignatureValue and KeyInfo",
       [](auto&) {
         Sign how;
         how.object = object("<ds:Manifest><ds:Reference URI=\"http://127.0.0.1:1/\"></ds:Reference></ds:Manifest>");
         return assertion_signed({}, how);
       }},
      {"assertion_of_saml_1_beside", kMany,
       [](auto&) {
         return with_extensions(response_of({}, good_assertion()),
                                "<x:Assertion xmlns:x=\"urn:oasis:names:tc:SAML:1.0:assertion\"></x:Assertion>");
       }},
      {"assertion_of_another_namespace_alone", "assertion stands in an unexpected place",
       [](auto&) {
         return signed_text(
             response_of({}, "<x:Assertion xmlns:x=\"urn:oasis:names:tc:SAML:1.0:assertion\"></x:Assertion>"), "_r1");
       }},
      {"assertion_without_a_namespace", "assertion stands in an unexpected place",
       [](auto&) { return signed_text(response_of({}, "<Assertion></Assertion>"), "_r1"); }},
      {"assertion_in_the_status", "assertion stands in an unexpected place",
       [](auto&) {
         return replaced(response_of({}, ""), "</samlp:StatusCode>",
                         "</samlp:StatusCode><samlp:StatusDetail>" + good_assertion() + "</samlp:StatusDetail>");
       }},
      {"assertion_in_extensions", "assertion stands in an unexpected place",
       [](auto&) { return with_extensions(response_of({}, ""), good_assertion()); }},
      {"two_signed_assertions", kMany,
       [](auto&) {
         Story second;
         second.assertion_id = "_a2";
         return response_of({}, good_assertion() + signed_text(assertion_of(second), "_a2"));
       }},
      {"an_assertion_and_an_encrypted_one", kMany,
       [](auto&) { return response_of({}, good_assertion() + encrypted(evil_assertion())); }},
      {"two_encrypted_assertions", kMany,
       [](auto&) { return response_of({}, encrypted(good_assertion()) + encrypted(evil_assertion())); }},
      {"no_assertion", "response has no assertion", [](auto&) { return signed_text(response_of({}, ""), "_r1"); }},
      {"a_response_inside_the_response", "response has another one inside",
       [](auto&) { return with_extensions(response_of({}, good_assertion()), response_of(evil(), "")); }},
      {"a_response_around_the_response", "message is no response of SAML 2.0",
       [](auto&) { return "<x:Response xmlns:x=\"urn:x\">" + response_signed() + "</x:Response>"; }},
      {"an_artifact_response_around_it", "message is no response of SAML 2.0",
       [](auto&) {
         return "<samlp:ArtifactResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">" + response_signed() +
                "</samlp:ArtifactResponse>";
       }},
      {"an_assertion_alone", "message is no response of SAML 2.0", [](auto&) { return good_assertion(); }},
      {"an_unknown_part", "response has a part that is not known, twice, or out of order",
       [](auto&) { return response_of({}, good_assertion() + "<samlp:Other></samlp:Other>"); }},
      {"two_issuers", "response has a part that is not known, twice, or out of order",
       [](auto&) {
         return replaced(response_of({}, good_assertion()), "<samlp:Status>",
                         "<saml:Issuer>x</saml:Issuer><samlp:Status>");
       }},
      {"assertion_before_the_status", "response has a part that is not known, twice, or out of order",
       [](auto&) {
         Story story;
         story.status = good_assertion() + story.status;
         return response_of(story, "");
       }},
      {"the_responses_signature_in_the_assertion", kElse,
       [](auto&) {
         const std::string good = response_signed();
         return behind_issuer(without_signature(good), "_a1", signature_in(good));
       }},
      {"the_assertions_signature_in_the_response", kElse,
       [](auto&) { return behind_issuer(response_of({}, assertion_of({})), "_r1", signature_in(good_assertion())); }},
      {"the_signature_of_another_response", kElse,
       [](auto&) {
         return behind_issuer(response_of(evil(), evil_assertion()), "_evil_r", signature_in(response_signed()));
       }},
      {"signature_in_extensions", kPlace,
       [](auto&) {
         const std::string good = response_signed();
         return with_extensions(without_signature(good), signature_in(good));
       }},
      {"signature_at_the_end", kPlace,
       [](auto&) {
         const std::string good = response_signed();
         return replaced(without_signature(good), "</samlp:Response>", signature_in(good) + "</samlp:Response>");
       }},
      {"signature_before_the_issuer", kPlace,
       [](auto&) {
         const std::string good = response_signed();
         return replaced(without_signature(good), "<saml:Issuer>", signature_in(good) + "<saml:Issuer>");
       }},
      {"signature_in_the_subject", kPlace,
       [](auto&) {
         const std::string good = good_assertion();
         return response_of(
             {}, replaced(without_signature(good), "</saml:Subject>", signature_in(good) + "</saml:Subject>"));
       }},
      {"signature_without_its_namespace", kPlace,
       [](auto&) {  // ruby-saml, CVE-2025-25292: one parser sees it, one does not
         return replaced(replaced(assertion_signed(), "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
                                  "<Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">"),
                         "</ds:Signature>", "</Signature>");
       }},
      {"a_second_signature_in_the_response", "element has two signatures",
       [](auto&) {
         const std::string good = response_signed();
         return behind_issuer(good, "_r1", signature_in(good));
       }},
      {"a_second_signature_in_the_assertion", "element has two signatures",
       [](auto&) {
         const std::string good = good_assertion();
         return response_of({}, behind_issuer(good, "_a1", signature_in(good)));
       }},
      {"an_attackers_signature_beside_the_genuine_one", "element has two signatures",
       [](auto&) {
         Sign how;
         how.key = &other_rsa_key();
         return signed_text(response_signed(), "_r1", how);
       }},
      {"nothing_is_signed", "neither response nor assertion is signed",
       [](auto&) { return response_of({}, assertion_of({})); }},
      {"signature_taken_out", "neither response nor assertion is signed",
       [](auto&) { return without_signature(response_signed()); }},
      {"an_attackers_assertion_encrypted_for_us", "neither response nor assertion is signed",
       [](auto&) { return response_of({}, encrypted(evil_assertion())); }},
      {"the_outer_one_of_two_signatures_broken", "signature's digest is not that of what it signs",
       [](auto&) { return replaced(both_signed(), "2026-01-31T11:59:58Z", "2026-01-31T11:59:57Z"); }},
      {"signed_by_the_attacker_and_encrypted", "signature is of none of the provider's keys",
       [](auto&) {
         Sign how;
         how.key = &other_rsa_key();
         how.key_info = x509_key_info(other_rsa_key());
         return response_of({}, encrypted(signed_text(evil_assertion(), "_evil", how)));
       }},
      {"the_digest_of_the_evil_one_elsewhere", "signature's digest is not that of what it signs",
       [](auto&) {  // ruby-saml, CVE-2024-45409
         const std::string changed = replaced(good_assertion(), "alice@", "admin@");
         return with_extensions(response_of({}, changed),
                                "<ds:DigestValue xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" +
                                    digest_base64("sha256", canonical(without_signature(changed), "_a1")) +
                                    "</ds:DigestValue>");
       }},
      {"decrypted_two_assertions", "decrypted text is not one element",
       [](auto&) { return response_of({}, encrypted(good_assertion() + evil_assertion())); }},
      {"decrypted_text_that_closes_its_wrapper", "XML is not well-formed",
       [](auto&) { return response_of({}, encrypted(good_assertion() + "</Decrypted><Decrypted>")); }},
      {"decrypted_a_response", "decrypted element is no assertion",
       [](auto&) { return response_of({}, encrypted(response_signed(evil()))); }},
      {"decrypted_an_encrypted_assertion", "decrypted element is no assertion",
       [](auto&) {
         return response_of(
             {}, encrypted(replaced(encrypted(good_assertion()), "<saml:EncryptedAssertion",
                                    "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"")));
       }},
      {"decrypted_with_another_in_its_advice", kMany,
       [](auto&) {
         Story story;
         story.extra = "<saml:Advice>" + evil_assertion() + "</saml:Advice>";
         return response_of({}, encrypted(signed_text(assertion_of(story), "_a1")));
       }},
      {"decrypted_with_a_comment", "XML has a comment",
       [](auto&) { return response_of({}, encrypted(replaced(good_assertion(), "alice@", "alice<!---->@"))); }},
      {"decrypted_with_a_document_type", "XML has a document type",
       [](auto&) { return response_of({}, encrypted("<!DOCTYPE x>" + good_assertion())); }},
      {"decrypted_nothing", "decrypted text is not one element", [](auto&) { return response_of({}, encrypted("")); }},
  };
  return all;
}

namespace {

FORGED_SUITE(WrappedResponse, wrapped_responses);

}  // namespace
}  // namespace sallyport::sso::saml
