#include "base/shape.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sallyport {
namespace {

using nlohmann::json;

Fault check_short(std::string_view text) { return text.size() <= 5 ? Fault{} : Fault{"must be short", "too_long"}; }

constexpr Shape kShort = text_shape("a short word", check_short);
constexpr Shape kShorts = list_shape(&kShort, 1, 3);
constexpr Shape kByName = map_shape(check_short, &kShort, 2);
constexpr Choice kColours[] = {{"red"}, {"green"}, {"blue", "this version does not do blue"}};
constexpr Shape kColour = choice_shape(kColours);
constexpr Shape kCount = integer_shape(-2, 9);
constexpr const Shape* kForms[] = {&kColour, &kShorts};
constexpr Shape kEither = either_shape("a colour or a list", kForms);
constexpr Shape kMaybe = or_null(kCount);
constexpr Shape kLater = refused_shape("not yet");
constexpr Key kKeys[] = {
    {"word", &kShort, Need::kRequired, "w"},      {"words", &kShorts, Need::kOptional, "ws"},
    {"by_name", &kByName, Need::kOptional, "bn"}, {"colour", &kColour, Need::kOptional, "c"},
    {"count", &kCount, Need::kOptional, "n"},     {"either", &kEither, Need::kOptional, "e"},
    {"maybe", &kMaybe, Need::kOptional, "m"},     {"later", &kLater, Need::kOptional, "l"},
    {"flag", &kBoolShape, Need::kOptional, "f"},  {"foreign", &kShort, Need::kForeign, "belongs elsewhere"}};
constexpr Shape kDocument = object_shape(kKeys);

std::string check(const char* text) {
  Mistakes mistakes;
  check_shape(json::parse(text), kDocument, mistakes);
  std::string out;
  for (const Mistake& mistake : mistakes)
    out += (out.empty() ? "" : "\n") + mistake.path + " | " + mistake.message + " | " + mistake.code;
  return out;
}

TEST(Shape, takes_what_fits) {
  EXPECT_EQ(check(R"({"word": "a"})"), "");
  EXPECT_EQ(
      check(
          R"({"word": "a", "words": ["a", "b", "c"], "by_name": {"x": "y"}, "colour": "red", "count": -2, "either": "green",
                      "maybe": null, "later": null, "flag": false})"),
      "");
  EXPECT_EQ(check(R"({"word": "a", "either": ["x"], "maybe": 9, "later": {}, "by_name": {}})"), "");
}

TEST(Shape, says_what_does_not) {
  struct Row {
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"{}", "word | is missing; expected a short word | missing"},
      {"[]", " | must be a mapping of keys to values | wrong_type"},
      {R"({"word": null})", "word | must be a short word | wrong_type"},
      {R"({"word": 5})", "word | must be a short word, in quotes | wrong_type"},
      {R"({"word": ""})", "word | must not be empty; expected a short word | invalid_value"},
      {R"({"word": "abcdef"})", "word | must be short | too_long"},
      {R"({"word": "a\u0001"})", "word | must not hold control characters | invalid_value"},
      {R"({"word": "a", "words": []})", "words | must not be empty | invalid_value"},
      {R"({"word": "a", "words": ["a","b","c","d"]})", "words | must not have more than 3 entries | out_of_range"},
      {R"({"word": "a", "words": ["a", 1, "abcdef"]})",
       "words[1] | must be a short word, in quotes | wrong_type\nwords[2] | must be short | too_long"},
      {R"({"word": "a", "words": "a"})", "words | must be a list | wrong_type"},
      {R"({"word": "a", "by_name": {"abcdef": "x"}})", "by_name.abcdef | must be short | too_long"},
      {R"({"word": "a", "by_name": {"a": "1", "b": "2", "c": "3"}})",
       "by_name | must not have more than 2 entries | out_of_range"},
      {R"({"word": "a", "colour": "blue"})", "colour | this version does not do blue | not_in_this_version"},
      {R"({"word": "a", "colour": "gren"})",
       "colour | must be red or green, not `gren`; did you mean `green`? | invalid_value"},
      {R"({"word": "a", "count": 10})", "count | must be a whole number from -2 to 9 | out_of_range"},
      {R"({"word": "a", "count": 18446744073709551615})", "count | must be a whole number from -2 to 9 | out_of_range"},
      {R"({"word": "a", "count": 1.0})", "count | must be a whole number from -2 to 9 | wrong_type"},
      {R"({"word": "a", "either": 5})", "either | must be a colour or a list | wrong_type"},
      {R"({"word": "a", "either": "pink"})", "either | must be red or green, not `pink` | invalid_value"},
      {R"({"word": "a", "later": 1})", "later | not yet | not_in_this_version"},
      {R"({"word": "a", "flag": "false"})", "flag | must be true or false | wrong_type"},
      {R"({"word": "a", "foreign": "x"})", "foreign | belongs elsewhere | unknown_key"},
      {R"({"word": "a", "wrod": 1})", "wrod | unknown key; did you mean `word`? | unknown_key"},
      {R"({"word": "a", "Flag": 1})", "Flag | unknown key; did you mean `flag`? | unknown_key"},
      {R"({"word": "a", "by-name": 1})", "by-name | unknown key; did you mean `by_name`? | unknown_key"},
  };
  for (const Row& row : rows) EXPECT_EQ(check(row.text), row.expected) << row.text;
}

TEST(Shape, nearest_words) {
  constexpr std::string_view kWords[] = {"listeners", "limits", "log", "at", "workers"};
  EXPECT_EQ(nearest_word("listener", kWords), "listeners");
  EXPECT_EQ(nearest_word("lsiteners", kWords), "listeners");
  EXPECT_EQ(nearest_word("workesr", kWords), "workers");
  EXPECT_EQ(nearest_word("lgo", kWords), "log");
  EXPECT_EQ(nearest_word("xyz", kWords), "");
  EXPECT_EQ(nearest_word("", kWords), "");
  EXPECT_EQ(nearest_word("zz", kWords), "") << "as many edits as letters is no likeness";
  EXPECT_EQ(nearest_word(std::string(1000, 'l'), kWords), "");
}

TEST(Shape, paths) {
  EXPECT_EQ(join_path("", "a"), "a");
  EXPECT_EQ(join_path("a", "b"), "a.b");
  EXPECT_EQ(join_path("a", size_t{3}), "a[3]");
  EXPECT_EQ(join_path("a", "b\n\x7f"), "a.b??");
  EXPECT_EQ(join_path("", std::string(65, 'k')), std::string(64, 'k') + "...");
  const Mistakes mistakes{{"a.b[1].c", "m", "c", "", 0}};
  for (const char* dirty : {"", "a", "a.b", "a.b[1]", "a.b[1].c"}) EXPECT_FALSE(is_clean(mistakes, dirty)) << dirty;
  for (const char* clean : {"b", "a.bb", "a.b[1].cc", "a.b[1].c.d", "a.b[11]"})
    EXPECT_TRUE(is_clean(mistakes, clean)) << clean;
}

TEST(Shape, schema) {
  EXPECT_EQ(schema_of(kColour), json::parse(R"({"type": "string", "enum": ["red", "green"]})"));
  EXPECT_EQ(schema_of(kMaybe), json::parse(R"({"type": ["integer", "null"], "minimum": -2, "maximum": 9})"));
  EXPECT_EQ(schema_of(or_null(kColour)),
            json::parse(R"({"type": ["string", "null"], "enum": ["red", "green", null]})"));
  const json document = schema_of(kDocument);
  EXPECT_EQ(document["required"], json::parse(R"(["word"])"));
  EXPECT_EQ(document["additionalProperties"], false);
  EXPECT_FALSE(document["properties"].contains("foreign"));
  EXPECT_EQ(document["properties"]["word"]["description"], "w");
  EXPECT_EQ(document["properties"]["words"]["minItems"], 1);
}

TEST(Shape, values_of_a_document_that_may_be_wrong) {
  const json document = json::parse(R"({"t": "x", "n": null, "i": 5, "big": 18446744073709551615, "b": true})");
  EXPECT_EQ(text_at(document, "t"), "x");
  EXPECT_EQ(text_at(document, "i"), std::nullopt);
  EXPECT_EQ(member(document, "n"), nullptr);
  EXPECT_EQ(member(document, "missing"), nullptr);
  EXPECT_EQ(member(json::array(), "t"), nullptr);
  EXPECT_EQ(integer_at(document, "i"), 5);
  EXPECT_EQ(integer_at(document, "big"), std::nullopt);
  EXPECT_TRUE(bool_at(document, "b", false));
  EXPECT_TRUE(bool_at(document, "t", true));
}

}  // namespace
}  // namespace sallyport
