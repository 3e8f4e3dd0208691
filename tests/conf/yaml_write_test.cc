#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "conf/yaml_json.h"

namespace sallyport::conf {
namespace {

using nlohmann::json;

TEST(YamlWrite, looks_like_what_people_write) {
  const json document = json::parse(R"({
      "access": [{"methods": ["GET"], "roles": ["viewer"]}, {"roles": []}], "at": "crm.apps.localhost/x", "kind": "datasource",
      "name": "crm", "networks": [], "roles": {"bob": "none"}, "team": "plant", "type": "http",
      "inject": {"headers": {"Authorization": "Bearer {{ secrets.token }}"}},
      "upstream": {"ca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "host": null, "url": "https://127.0.0.1:9444/v1"},
      "pass_authorization": false})");
  EXPECT_EQ(write_yaml(document), R"(kind: datasource
name: crm
team: plant
type: http
at: crm.apps.localhost/x
access:
  - methods:
      - GET
    roles:
      - viewer
  - roles: []
inject:
  headers:
    Authorization: "Bearer {{ secrets.token }}"
networks: []
pass_authorization: false
roles:
  bob: none
upstream:
  ca: |
    -----BEGIN CERTIFICATE-----
    AAAA
    -----END CERTIFICATE-----
  host: null
  url: https://127.0.0.1:9444/v1
)");
}

json read_back(const std::string& text) {
  const auto documents = read_yaml(text, "f");
  EXPECT_TRUE(documents) << text << (documents ? "" : to_line(documents.error().front()));
  return documents && documents->size() == 1 ? documents->front().json() : json();
}

TEST(YamlWrite, text_that_looks_like_something_else_is_quoted) {
  for (const char* text : {"",
                           "null",
                           "~",
                           "true",
                           "No",
                           "5",
                           "-5",
                           "1.5",
                           "1e3",
                           ".inf",
                           "0x1",
                           "0o7",
                           " a",
                           "a ",
                           "- a",
                           "-",
                           "?",
                           "? a",
                           ": a",
                           "a: b",
                           "a:",
                           "a #b",
                           "#a",
                           "&a",
                           "*a",
                           "!a",
                           "|",
                           ">",
                           "%a",
                           "@a",
                           "`a",
                           "'a'",
                           "\"a\"",
                           "[a]",
                           "{a}",
                           "a,b",
                           "a\nb",
                           "a\n",
                           "\n",
                           "a\n\nb\n",
                           " a\nb\n",
                           "a \nb\n",
                           "\ta\n",
                           "a\tb",
                           "a\x01"
                           "b",
                           "a\x7f"
                           "b",
                           "---",
                           "...",
                           "--- a\n",
                           "größe",
                           "😀",
                           "\u0085",
                           "\u2028",
                           "<<",
                           "=",
                           "a\\b",
                           "on",
                           "12:30:45",
                           "2024-01-01",
                           "Encrypted on the server side"}) {
    const json document = {{"k", text}, {"list", {text, {text}}}};
    EXPECT_EQ(read_back(write_yaml(document)), document) << json(text).dump() << "\n" << write_yaml(document);
  }
  json keys = json::object();
  for (const char* key : {"", "a b", "true", "5", "a: b", "#", "größe", "a\nb", "-", "? x"}) keys[key] = 1;
  EXPECT_EQ(read_back(write_yaml(keys)), keys) << write_yaml(keys);
}

TEST(YamlWrite, scalars_and_empty_collections_alone) {
  for (const json& value :
       {json("text"), json(5), json(true), json(-0.5), json::array(), json::object(), json({1, {2, {3}}})})
    EXPECT_EQ(read_back(write_yaml(value)), value) << write_yaml(value);
  EXPECT_EQ(write_yaml(json(nullptr)), "null\n");
}

class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  json value(int depth) {
    switch (below(depth > 0 ? 8 : 5)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return below(2) ? json(below(100000)) : json(-below(100000));
      case 3:
        return below(1000) / 8.0;
      case 4:
        return text();
      case 5: {
        json out = json::array();
        for (int i = below(4); i > 0; --i) out.push_back(value(depth - 1));
        return out;
      }
      default: {
        json out = json::object();
        for (int i = below(4); i > 0; --i) out[text()] = value(depth - 1);
        return out;
      }
    }
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string text() {
    static constexpr std::string_view kBytes = "ab:-#{}[],&*!|>'\"%@` \n\t\\/.?=<~0159eExyn";
    std::string out;
    for (int i = below(9); i > 0; --i) out += kBytes[static_cast<size_t>(below(static_cast<int>(kBytes.size())))];
    return below(5) == 0 ? out + "ä" : below(5) == 0 ? out + "\n" : out;
  }
  std::mt19937 random_;
};

TEST(YamlWrite, reads_back_as_the_same_value) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const json document = {{"k", Chance(seed).value(4)}};
    const std::string text = write_yaml(document);
    ASSERT_EQ(read_back(text), document) << "seed " << seed << "\n" << text;
  }
}

}  // namespace
}  // namespace sallyport::conf
