#include "conf/yaml_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sallyport::conf {
namespace {

using nlohmann::json;

// The documents as JSON text, or the mistakes as lines.
std::string read(std::string_view text) {
  const auto documents = read_yaml(text, "f");
  std::string out;
  if (!documents) {
    for (const Mistake& mistake : documents.error()) out += (out.empty() ? "" : "\n") + to_line(mistake);
    return out;
  }
  for (const YamlDocument& document : *documents) out += (out.empty() ? "" : " | ") + document.json().dump();
  return out;
}

TEST(Yaml, scalars_by_the_core_schema) {
  struct Row {
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"", "null"},
      {"~", "null"},
      {"null", "null"},
      {"NULL", "null"},
      {"nULL", "\"nULL\""},
      {"true", "true"},
      {"False", "false"},
      {"yes", "\"yes\""},
      {"no", "\"no\""},
      {"on", "\"on\""},
      {"off", "\"off\""},
      {"y", "\"y\""},
      {"0", "0"},
      {"-7", "-7"},
      {"+7", "7"},
      {"010", "10"},
      {"0o10", "8"},
      {"0x1F", "31"},
      {"0b1", "\"0b1\""},
      {"0o8", "\"0o8\""},
      {"1_000", "\"1_000\""},
      {"1.5", "1.5"},
      {"-.5", "-0.5"},
      {"1.", "1.0"},
      {"1e3", "1000.0"},
      {".", "\".\""},
      {"+", "\"+\""},
      {"1.2.3", "\"1.2.3\""},
      {"12:30", "\"12:30\""},
      {"1e", "\"1e\""},
      {"0x", "\"0x\""},
      {"'5'", "\"5\""},
      {"\"true\"", "\"true\""},
      {"''", "\"\""},
      {"a b", "\"a b\""},
      {"https://x.test:1/", "\"https://x.test:1/\""},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"2024-01-01", "\"2024-01-01\""},
      {"größe", "\"größe\""},
  };
  for (const Row& row : rows) {
    const std::string list = std::string("k: [") + row.text + ", x]";
    EXPECT_EQ(read(list), std::string(R"({"k":[)") + row.expected + R"(,"x"]})") << row.text;
  }
}

TEST(Yaml, numbers_that_do_not_fit) {
  for (const char* text :
       {"18446744073709551616", "-9223372036854775809", "0x1ffffffffffffffff", "1e400", ".inf", "-.INF", ".nan"})
    EXPECT_EQ(read(std::string("k: ") + text), "f:1: k: is a number that is too large; put text in quotes") << text;
}

TEST(Yaml, collections_documents_and_json) {
  EXPECT_EQ(read("a: 1\nb:\n  - x\n  - {c: d}\n"), R"({"a":1,"b":["x",{"c":"d"}]})");
  EXPECT_EQ(read("a: 1\n---\nb: 2\n...\n---\n- 3\n"), R"({"a":1} | {"b":2} | [3])");
  EXPECT_EQ(read("---\na: 1\n---\n"), R"({"a":1})");
  EXPECT_EQ(read(R"({"a": [1, 2.5, null, true, "x\ny é"], "b": {}})"), R"({"a":[1,2.5,null,true,"x\ny é"],"b":{}})");
  EXPECT_EQ(read("a: |\n  one\n  two\nb: >-\n  one\n  two\n"), R"({"a":"one\ntwo\n","b":"one two"})");
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "a: 1"),
            R"({"a":1})");
  EXPECT_EQ(read("a: 1\r\nb: 2\r\n"), R"({"a":1,"b":2})");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("# nothing\n"), "");
  EXPECT_EQ(read("---\n---\n"), "");
}

TEST(Yaml, refuses_what_makes_two_readers_differ) {
  EXPECT_EQ(read("a: 1\nb: 2\na: 3\n"), "f:3: a: stands twice; the first is on line 1");
  EXPECT_EQ(read("x:\n  {a: 1, a: {b: 2}}\n"), "f:2: x.a: stands twice; the first is on line 2");
  EXPECT_EQ(read("a: &x 1\nb: *x\n"),
            "f:1: a: anchors are not taken\nf:2: b: aliases are not taken; write the value again");
  EXPECT_EQ(read("a: &x [1]\n"), "f:1: a: anchors are not taken");
  EXPECT_EQ(read("a: &x\n"), "f:1: a: anchors are not taken");
  EXPECT_EQ(read("&x a: 1\n"), "f:1: anchors are not taken");
  EXPECT_EQ(read("a: !!str 5\nb: !secret x\nc: !!python/object/apply:os.system [ls]\n"),
            "f:1: a: tags are not taken\nf:2: b: tags are not taken\nf:3: c: tags are not taken");
  EXPECT_EQ(read("1: x\n"), "f:1: 1: a key must be text; put it in quotes");
  EXPECT_EQ(read("true: x\n~: y\n"),
            "f:1: true: a key must be text; put it in quotes\nf:2: a key must be text; put it in quotes");
  EXPECT_EQ(read("? [a]\n: x\nb: {c: 1, c: 2}\n"),
            "f:1: a key must be text\nf:3: b.c: stands twice; the first is on line 3");
  EXPECT_EQ(read("? {a: b}\n: {c: d}\ne: 1\n"), "f:1: a key must be text");
  EXPECT_EQ(read("a: &x 1\n*x : 2\n"),
            "f:1: a: anchors are not taken\nf:2: aliases are not taken; write the value again");
  EXPECT_EQ(read("<<: {a: 1}\n"), R"({"<<":{"a":1}})") << "a merge key is a key like any other";
  EXPECT_EQ(read("'1': x\n\"true\": y\n"), R"({"1":"x","true":"y"})") << "the twin in quotes";
}

TEST(Yaml, syntax_mistakes_have_their_line_and_quote_nothing) {
  for (const char* text :
       {"a: [1, 2\n", "a: {b\n", "a: 'x\n", "a: b: c\n", "\ta: 1\n", "a: \"\\q\"\n", "- a\nb: 1\n", "%YAML 9\n---\na",
        "@a: 1", "a: `x`", "a: *hunter2\n", "]", "}", "a: |9\n x", "---a: b: c: hunter2"}) {
    const auto documents = read_yaml(text, "f");
    if (documents) continue;  // what the parser takes is no syntax mistake
    const std::string line = to_line(documents.error().front());
    EXPECT_TRUE(line.starts_with("f:")) << line;
    EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
  }
  EXPECT_EQ(read("a: 1\nb: [1,\n"), "f:3: is no YAML: end of sequence flow not found");
  EXPECT_EQ(read("a: *hunter2\n"), "f:1: is no YAML: the referenced anchor is not defined");
}

TEST(Yaml, refuses_bytes_that_hide_what_follows) {
  EXPECT_EQ(read(std::string_view("a: 1\nb: 2\0\nc: 3", 15)), "f:2: holds a control character");
  EXPECT_EQ(read("a: 1\n\x04\nb: 2"), "f:2: holds a control character");
  EXPECT_EQ(read("a: \x1b[31mred"), "f:1: holds a control character");
  EXPECT_EQ(read("a: \x7f"), "f:1: holds a control character");
  EXPECT_EQ(read("a: 1\rb: 2"), "f:1: holds a control character");
  EXPECT_EQ(read("a: \xff"), "f:1: is not UTF-8");
  EXPECT_EQ(read("\xff\xfe"
                 "a\0"),
            "f:1: is not UTF-8");
  EXPECT_EQ(read("a: \xc0\xaf"), "f:1: is not UTF-8");
  EXPECT_EQ(read("a: \xed\xa0\x80"), "f:1: is not UTF-8");
  EXPECT_EQ(read("a: \xf4\x90\x80\x80"), "f:1: is not UTF-8");
  EXPECT_EQ(read("a: \xe2\x82"), "f:1: is not UTF-8");
  EXPECT_EQ(read("a:\tb\n"), R"({"a":"b"})");
}

TEST(Yaml, knows_the_line_of_every_node) {
  const auto documents = read_yaml("a: 1\nb:\n  - x\n  - c: 2\n    d: [3,\n        4]\n---\n\ne.f: {g: 5}\n", "f");
  ASSERT_TRUE(documents);
  const Lines& lines = (*documents)[0].lines;
  EXPECT_EQ(lines.at("a"), 1);
  EXPECT_EQ(lines.at("b"), 2);
  EXPECT_EQ(lines.at("b[0]"), 3);
  EXPECT_EQ(lines.at("b[1].d"), 5);
  EXPECT_EQ(lines.at("b[1].d[1]"), 6);
  EXPECT_EQ((*documents)[1].first_line, 9);
  EXPECT_EQ((*documents)[1].lines.at("e.f.g"), 9);
}

TEST(Yaml, puts_mistakes_where_they_are_or_where_they_are_missed) {
  const auto documents = read_yaml("# first\na:\n  b: [1,\n    2]\n  c.d: x\n", "f");
  ASSERT_TRUE(documents);
  const auto line_of = [&](const char* path) {
    Mistakes mistakes{{path, "m", "c", "", 0}};
    locate_mistakes(mistakes, documents->front(), "g");
    EXPECT_EQ(mistakes[0].file, "g");
    return mistakes[0].line;
  };
  EXPECT_EQ(line_of("a.b[1]"), 4);
  EXPECT_EQ(line_of("a.b"), 3);
  EXPECT_EQ(line_of("a.c.d"), 5);
  EXPECT_EQ(line_of("a.c.d.missing"), 5);
  EXPECT_EQ(line_of("a.missing"), 2);
  EXPECT_EQ(line_of("missing"), 2);
  EXPECT_EQ(line_of(""), 2);
}

TEST(Yaml, depth_is_limited) {
  const auto nested = [](size_t depth) { return "a: " + std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(read_yaml(nested(63), "f"));
  EXPECT_EQ(
      read(nested(64)), "f:1: a" + [] {
        std::string path;
        for (int i = 0; i < 63; ++i) path += "[0]";
        return path;
      }() + ": is nested too deeply");
  for (const char* unit : {"[", "{a: ", "- ", "? ", "[[{", "!!map {"}) {
    std::string text = "a:\n ";
    for (int i = 0; i < 50'000; ++i) text += unit;
    EXPECT_FALSE(read_yaml(text, "f")) << unit;
  }
}

TEST(Yaml, size_is_limited) {
  EXPECT_EQ(read_yaml(std::string(kYamlBytesMax + 1, '#'), "f").error().at(0).message, "is larger than 64 MiB");
}

TEST(Yaml, counts_mistakes_only_so_far) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "a: 1\n";
  EXPECT_LE(read_yaml(text, "f").error().size(), 200u);
}

}  // namespace
}  // namespace sallyport::conf
