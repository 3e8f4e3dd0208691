// XML that a parser could be hurt or fooled by. Nearly all of it carries a genuine signature that would still fit.
#include "sso/saml/xml_library.h"
#include "tests/sso/saml/forged_tables.h"

namespace sallyport::sso::saml {
namespace {

using namespace forge;

constexpr char kComment[] = "XML has a comment";
constexpr char kType[] = "XML has a document type";
constexpr char kNotWell[] = "XML is not well-formed";
constexpr char kNotUtf8[] = "XML is not UTF-8, or has a control character";

auto change(std::string from, std::string to) {
  return [from, to](ResponseRules&) { return replaced(assertion_signed(), from, to); };
}
auto front(std::string text) {
  return [text](ResponseRules&) { return text + assertion_signed(); };
}
auto behind(std::string text) {
  return [text](ResponseRules&) { return assertion_signed() + text; };
}
// In the place of samlp:Extensions, which only the assertion's signature does not cover.
auto extension(std::string text) {
  return [text](ResponseRules&) {
    return replaced(assertion_signed(), "<samlp:Status>",
                    "<samlp:Extensions>" + text + "</samlp:Extensions><samlp:Status>");
  };
}
std::string times(size_t count, std::string_view text) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out.append(text);
  return out;
}
std::string numbered_attributes(size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out.append(" a").append(std::to_string(i)).append("=\"\"");
  return out;
}
std::string utf16(std::string_view text) {
  std::string out("\xff\xfe", 2);
  for (const char c : text) out.append(1, c).append(1, '\0');
  return out;
}

}  // namespace

const std::vector<Forged>& hostile_xml() {
  static const std::vector<Forged> all = {
      // what splits text
      {"comment_in_the_name_id", kComment,
       change("alice@example.test</saml:NameID>", "alice@example.test<!---->.evil.test</saml:NameID>")},
      {"comment_that_splits_a_signed_name_id", kComment,
       [](ResponseRules&) {  // C14N drops comments: the signature still fits
         Story story;
         story.name_id = "<saml:NameID>admin@example.test.evil.test</saml:NameID>";
         return replaced(assertion_signed(story), "admin@example.test.evil", "admin@example.test<!-- -->.evil");
       }},
      {"comment_in_the_issuer", kComment, change("</saml:Issuer>", "<!-- --></saml:Issuer>")},
      {"comment_in_an_attribute_value", kComment, change("admins", "ad<!-- -->mins")},
      {"comment_at_the_end", kComment, behind("<!-- -->")},
      {"comment_in_front", kComment, front("<!-- -->")},
      {"instruction_in_the_name_id", "XML has a processing instruction", change("alice@", "alice<?x y?>@")},
      {"instruction_in_front", "XML has a processing instruction",
       front("<?xml-stylesheet href=\"http://127.0.0.1:1/\"?>")},
      {"a_second_declaration", "XML has a processing instruction",
       front("<?xml version=\"1.0\"?><?xml version=\"1.0\"?>")},
      {"cdata_in_the_name_id", "XML has a CDATA section", change("alice@", "alice<![CDATA[@]]>")},
      {"cdata_around_a_comment", "XML has a CDATA section", change("alice@", "alice<![CDATA[<!-- -->]]>@")},
      {"element_in_the_name_id", "XML has text beside elements",
       change("alice@", "alice<x:y xmlns:x=\"urn:x\"></x:y>@")},
      // document types
      {"document_type", kType, front("<!DOCTYPE x>")},
      {"document_type_in_lower_case", kType, front("<!doctype x>")},
      {"entity", kType, front("<!DOCTYPE x [<!ENTITY e \"admin\">]>")},
      {"external_entity_of_a_file", kType,
       [](ResponseRules&) {
         return "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/hostname\">]>" +
                replaced(assertion_signed(), "alice@", "&e;@");
       }},
      {"external_entity_of_the_network", kType,
       [](ResponseRules&) {
         return "<!DOCTYPE x [<!ENTITY e SYSTEM \"http://127.0.0.1:1/\">]>" +
                replaced(assertion_signed(), "alice@", "&e;@");
       }},
      {"parameter_entity", kType, front("<!DOCTYPE x [<!ENTITY % e SYSTEM \"http://127.0.0.1:1/e.dtd\"> %e;]>")},
      {"external_document_type", kType, front("<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\">")},
      {"public_document_type", kType,
       front("<!DOCTYPE x PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://127.0.0.1:1/x.dtd\">")},
      {"billion_laughs", kType,
       [](ResponseRules&) {
         std::string type = "<!DOCTYPE x [<!ENTITY a0 \"ha\">";
         for (int i = 1; i < 30; ++i)
           type += "<!ENTITY a" + std::to_string(i) + " \"&a" + std::to_string(i - 1) + ";&a" + std::to_string(i - 1) +
                   ";\">";
         return type + "]>" + replaced(assertion_signed(), "alice@", "&a29;@");
       }},
      {"quadratic_blowup", kType,
       [](ResponseRules&) {
         return "<!DOCTYPE x [<!ENTITY a \"" + std::string(60'000, 'a') + "\">]>" +
                replaced(assertion_signed(), "alice@", times(1000, "&a;") + "@");
       }},
      {"attribute_defaults", kType,
       front("<!DOCTYPE x [<!ATTLIST saml:Assertion ID ID #IMPLIED Destination CDATA \"x\">]>")},
      {"document_type_that_two_parsers_read_apart", kType,
       front("<!DOCTYPE x SYSTEM 'x\"]>' [<!ATTLIST x y CDATA \"'>\">]>")},  // CVE-2025-25291
      {"document_type_behind", kType, behind("<!DOCTYPE x>")},
      {"undeclared_entity", kNotWell, change("alice@", "&e;@")},
      {"character_reference_to_nul", kNotWell, change("alice@", "alice&#0;@")},
      {"character_reference_to_a_control", kNotWell, change("alice@", "alice&#1;@")},
      {"character_reference_out_of_range", kNotWell, change("alice@", "alice&#x110000;@")},
      // size
      {"nested_ten_thousand_deep", "XML is nested too deep", extension(times(10'000, "<a>") + times(10'000, "</a>"))},
      {"nested_33_deep", "XML is nested too deep", extension(times(31, "<a>") + times(31, "</a>"))},
      {"a_hundred_thousand_attributes", "XML element with too many attributes",
       extension("<a" + numbered_attributes(30'000) + "/>")},
      {"49_attributes", "XML element with too many attributes", extension("<a" + numbered_attributes(49) + "/>")},
      {"many_namespaces", "XML element with too many attributes",
       extension("<a" + times(60, " xmlns:a=\"urn:a\"") + "/>")},
      {"twenty_thousand_elements", "XML has too many elements", extension(times(20'000, "<a/>"))},
      {"a_long_text", "XML text is too long", extension("<a>" + std::string(400'000, 'a') + "</a>")},
      {"a_long_attribute", "XML attribute is too long", extension("<a b=\"" + std::string(20'000, 'a') + "\"/>")},
      {"half_a_megabyte_and_more", "message is too large",
       extension(times(20, "<a>" + std::string(27'000, 'a') + "</a>"))},
      {"ten_megabytes", "message is too large", extension(std::string(10'000'000, ' '))},
      // encodings
      {"utf_16", kNotUtf8, [](ResponseRules&) { return utf16(assertion_signed()); }},
      {"utf_16_without_a_mark", kNotUtf8, [](ResponseRules&) { return utf16(assertion_signed()).substr(2); }},
      {"utf_7", "XML declares another encoding than UTF-8", front("<?xml version=\"1.0\" encoding=\"UTF-7\"?>")},
      {"latin_1", "XML declares another encoding than UTF-8", front("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>")},
      {"utf_16_declared_only", "XML declares another encoding than UTF-8",
       front("<?xml version=\"1.0\" encoding='utf-16'?>")},
      {"ebcdic_declared_only", "XML declares another encoding than UTF-8",
       front("<?xml version=\"1.0\" encoding='IBM037'?>")},
      {"a_byte_order_mark", "XML begins with a byte order mark", front("\xef\xbb\xbf")},
      {"version_1_1", "XML is not of version 1.0", front("<?xml version=\"1.1\"?>")},
      {"a_declaration_with_more", "XML declaration is not understood", front("<?xml version=\"1.0\" x=\"y\"?>")},
      {"a_declaration_without_an_end", "XML declaration without an end",
       [](ResponseRules&) { return std::string("<?xml version=\"1.0\""); }},
      {"nul", kNotUtf8, change("alice@", std::string("alice\0@", 7))},
      {"overlong_slash", kNotUtf8, change("alice@", "alice\xc0\xaf@")},
      {"overlong_less_than", kNotUtf8, change("alice@", "alice\xe0\x80\xbc@")},
      {"surrogate", kNotUtf8, change("alice@", "alice\xed\xa0\x80@")},
      {"above_unicode", kNotUtf8, change("alice@", "alice\xf4\x90\x80\x80@")},
      {"no_character", kNotUtf8, change("alice@", "alice\xef\xbf\xbf@")},
      {"cut_utf_8", kNotUtf8, behind("\xe2\x82")},
      {"bell", kNotUtf8, change("alice@", "alice\x07@")},
      // form
      {"attribute_twice", kNotWell, change("Version=\"2.0\"", "Version=\"2.0\" Version=\"2.0\"")},
      {"id_twice", kNotWell, change("ID=\"_a1\"", "ID=\"_a1\" ID=\"_evil\"")},
      {"attribute_twice_by_two_prefixes", kNotWell,
       extension("<a xmlns:p=\"urn:x\" xmlns:q=\"urn:x\" p:b=\"1\" q:b=\"2\"/>")},
      {"undeclared_prefix", kNotWell, extension("<p:a/>")},
      {"undeclared_prefix_of_an_attribute", kNotWell, extension("<a p:b=\"\"/>")},
      {"relative_namespace", kNotWell, extension("<a xmlns=\"relative\"/>")},
      {"prefix_undeclared_again", kNotWell, extension("<a xmlns:p=\"\"/>")},
      {"the_xml_prefix_elsewhere", kNotWell, extension("<a xmlns:xml=\"urn:x\"/>")},
      {"cut_off", kNotWell,
       [](ResponseRules&) {
         const std::string text = assertion_signed();
         return text.substr(0, text.find("<saml:Subject>"));
       }},
      {"another_root_behind", kNotWell, behind("<a/>")},
      {"text_behind", kNotWell, behind("x")},
      {"text_in_front", kNotWell, front("x")},
      {"white_space_before_the_declaration", "XML has a processing instruction", front(" <?xml version=\"1.0\"?>")},
      {"less_than_in_an_attribute", kNotWell, extension("<a b=\"<\"/>")},
      {"an_attribute_without_an_end", "XML attribute without an end",
       [](ResponseRules&) { return std::string("<a b=\"c"); }},
      {"a_tag_without_an_end", "XML tag without an end", [](ResponseRules&) { return std::string("<a b=\"c\""); }},
      {"overlapping_elements", kNotWell, extension("<a><b></a></b>")},
      {"text_beside_elements", "XML has text beside elements", extension("x<a/>")},
      {"html", kType, [](ResponseRules&) { return std::string("<!DOCTYPE html><html></html>"); }},
      {"plain_text", kNotWell, [](ResponseRules&) { return std::string("hello"); }},
  };
  return all;
}

namespace {

FORGED_SUITE(HostileXml, hostile_xml);

// What is posted, before it is XML.
TEST(PostedMessage, is_refused_before_it_is_parsed) {
  const auto reason = [](std::string_view posted) { return outcome(verify_response(rules(), posted, now())); };
  EXPECT_EQ(reason(""), "XML is empty");
  EXPECT_EQ(reason("*"), "message is not base64");
  EXPECT_EQ(reason("QQ="), "message is not base64");
  EXPECT_EQ(reason("QR=="), "message is not base64") << "bits that mean nothing";
  EXPECT_EQ(reason(encode_posted(assertion_signed()) + "!"), "message is not base64");
  EXPECT_EQ(reason(encode_posted("<a/>") + "=" + encode_posted("<b/>")), "message is not base64");
  EXPECT_EQ(reason(std::string(size_t{10} << 20, 'A')), "message is too large");
  EXPECT_EQ(reason(std::string(size_t{10} << 20, '\n')), "message is too large");
}

TEST(PostedMessage, may_have_line_breaks) {
  std::string posted = encode_posted(assertion_signed());
  for (size_t at = 76; at < posted.size(); at += 78) posted.insert(at, "\r\n");
  EXPECT_EQ(outcome(verify_response(rules(), posted, now())), "ok");
}

}  // namespace
}  // namespace sallyport::sso::saml
