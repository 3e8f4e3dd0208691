#include "policy/template_text.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

std::string shown(std::string_view text, TemplateUse use = TemplateUse::kHeader) {
  const auto parts = parse_template(text, use);
  if (!parts) return std::string("! ") + parts.error().what;
  std::string out;
  for (const TemplatePart& part : *parts) out += part.secret.empty() ? "[" + part.text + "]" : "<" + part.secret + ">";
  return out;
}

TEST(TemplateText, splits_literals_and_secrets) {
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("plain"), "[plain]");
  EXPECT_EQ(shown("{{ secrets.a }}"), "<a>");
  EXPECT_EQ(shown("{{secrets.a}}{{  secrets.B_9  }}"), "<a><B_9>");
  EXPECT_EQ(shown("Bearer {{ secrets.token }}!"), "[Bearer ]<token>[!]");
  EXPECT_EQ(shown("a } b }} c { d"), "[a } b }} c { d]");
}

TEST(TemplateText, refuses_all_else_between_braces) {
  for (const char* text : {"{{}}", "{{ }}", "{{ secrets }}", "{{ secrets. }}", "{{ secrets.a b }}", "{{ secrets.a.b }}",
                           "{{ secrets['a'] }}", "{{ Secrets.a }}", "{{ user.name }}", "{{ {{ secrets.a }} }}",
                           "{{ secrets.1a }}", "{{\tsecrets.a }}", "{{{ secrets.a }}}", "{{ secrets.a | upper }}"}) {
    EXPECT_EQ(shown(text), "! only {{ secrets.NAME }} can stand between {{ and }}") << text;
  }
  EXPECT_EQ(shown("{{ secrets.a"), "! has {{ without }}");
  EXPECT_EQ(shown("{{"), "! has {{ without }}");
}

TEST(TemplateText, takes_text_by_its_use) {
  EXPECT_EQ(shown("größe", TemplateUse::kQuery), "[größe]");
  EXPECT_EQ(shown("größe"), "! must be printable ASCII outside of {{ }}");
  for (const std::string_view text : {std::string_view("a\nb"), std::string_view("a\0b", 3), std::string_view("\x7f"),
                                      std::string_view("{{ secrets.a }}\r\n")}) {
    EXPECT_EQ(shown(text, TemplateUse::kQuery), "! must not hold control characters");
    EXPECT_EQ(shown(text), "! must be printable ASCII outside of {{ }}");
  }
}

TEST(TemplateText, a_secret_in_json_is_inside_of_a_string) {
  const auto json = [](std::string_view text) { return shown(text, TemplateUse::kJson); };
  EXPECT_EQ(json(R"({"auth":"{{ secrets.a }}"})"), R"([{"auth":"]<a>["}])");
  EXPECT_EQ(json(R"({"t":"auth","m":{"k":"Bearer {{secrets.a}}{{secrets.b}}"}})"),
            R"([{"t":"auth","m":{"k":"Bearer ]<a><b>["}}])");
  EXPECT_EQ(json(R"("{{ secrets.a }}")"), R"(["]<a>["])");
  EXPECT_EQ(json(R"({"größe":true})"), R"([{"größe":true}])");
  const auto parts = parse_template(R"(["{{ secrets.a }}"])", TemplateUse::kJson);
  ASSERT_TRUE(parts && parts->size() == 3);
  EXPECT_EQ((*parts)[1].coding, TemplatePart::Coding::kJsonString);
  for (const char* text :
       {"{{ secrets.a }}", "auth {{ secrets.a }}", R"({"a":{{ secrets.a }}})", R"({"a":1{{ secrets.a }}})",
        R"({"a":tru{{ secrets.a }}})", R"({"a":"\{{ secrets.a }}"})", R"({"a":"\u{{ secrets.a }}"})",
        R"({"a":"\u00{{ secrets.a }}"})", R"({"a":"{{ secrets.a }}")", R"({"a":""{{ secrets.a }}""})",
        R"({a:"{{ secrets.a }}"})", R"({"a":"b"} //{{ secrets.a }})", R"(["a"],"{{ secrets.a }}")", ""}) {
    EXPECT_EQ(json(text), "! must be JSON, with {{ secrets.NAME }} only inside of its strings") << text;
  }
  EXPECT_EQ(json("{\"a\":\n\"b\"}"), "! must not hold control characters");
}

TEST(TemplateText, has_limits) {
  EXPECT_TRUE(parse_template(std::string(kTemplateBytesMax, 'a'), TemplateUse::kHeader));
  EXPECT_EQ(parse_template(std::string(kTemplateBytesMax + 1, 'a'), TemplateUse::kHeader).error().code, Code::kLimit);
  std::string parts;
  for (size_t i = 0; i < kTemplatePartsMax; ++i) parts += "{{ secrets.a }}";
  EXPECT_TRUE(parse_template(parts, TemplateUse::kHeader));
  EXPECT_EQ(parse_template(parts + "x", TemplateUse::kHeader).error().code, Code::kLimit);
}

}  // namespace
}  // namespace sallyport::policy
