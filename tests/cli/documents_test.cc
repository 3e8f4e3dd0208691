// Resource files: read whole, placed, and every mistake led back to its file and line.
#include "cli/documents.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "folder.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

Outcome<Documents> read(const std::vector<std::string>& names, const std::string& standard_input = "") {
  std::istringstream in(standard_input);
  return read_documents(names, in);
}

TEST(documents, of_files_folders_and_standard_input_come_in_order) {
  const Folder folder;
  std::filesystem::create_directory(folder.path() / "more");
  const std::string one = folder.write("one.yaml", "kind: team\nname: a\n---\nkind: team\nname: b\n");
  folder.write("more/2.yml", "name: d\n");
  folder.write("more/1.json", "{\"name\": \"c\"}");
  folder.write("more/notes.txt", "not: [a resource");
  const auto documents = read({one, folder / "more", "-"}, "---\n---\nname: e\n");
  ASSERT_TRUE(documents);
  std::string names;
  for (const auto& value : documents->values) names += value["name"].get<std::string>();
  EXPECT_EQ(names, "abcde");
}

TEST(documents, every_file_that_cannot_be_read_is_named) {
  const Folder folder;
  std::filesystem::create_directory(folder.path() / "empty");
  const auto documents = read({folder / "none.yaml", folder / "empty", folder.write("bad.yaml", "a: [1\n")});
  ASSERT_FALSE(documents);
  std::string all;
  for (const Mistake& mistake : documents.error().mistakes) all += to_line(mistake) + "\n";
  for (const char* const name : {"none.yaml", "empty", "bad.yaml:"}) EXPECT_THAT(all, HasSubstr(name));
}

TEST(documents, a_ca_path_becomes_the_text_of_the_file_beside) {
  const Folder folder;
  std::filesystem::create_directory(folder.path() / "tls");
  const std::string pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  folder.write("tls/ca.pem", pem);
  const auto documents = read({folder.write("r.yaml", "upstream: {ca: tls/ca.pem}\n")});
  ASSERT_TRUE(documents);
  EXPECT_EQ(documents->values[0]["upstream"]["ca"], pem);
  const auto as_text = read({folder.write("r.yaml", nlohmann::json{{"upstream", {{"ca", pem}}}}.dump())});
  ASSERT_TRUE(as_text);
  EXPECT_EQ(as_text->values[0]["upstream"]["ca"], pem);
  const auto missing = read({folder.write("r.yaml", "kind: datasource\nupstream:\n  url: x\n  ca: tls/other.pem\n")});
  ASSERT_FALSE(missing);
  EXPECT_EQ(to_line(missing.error().mistakes.at(0)),
            (folder / "r.yaml") + ":4: upstream.ca: the file cannot be read: No such file or directory");
}

TEST(documents, mistakes_find_their_line_again) {
  const Folder folder;
  const std::string file =
      folder.write("r.yaml", "kind: team\nname: a\n---\n# second\nkind: team\nmembers:\n  bob: king\n");
  const auto documents = read({file});
  ASSERT_TRUE(documents);
  Mistakes mistakes{{.path = "[1].members.bob", .message = "wrong", .code = "", .file = "", .line = 0},
                    {.path = "[0]", .message = "wrong", .code = "", .file = "", .line = 0},
                    {.path = "[9].x", .message = "foreign", .code = "", .file = "", .line = 0},
                    {.path = "team a", .message = "foreign", .code = "", .file = "", .line = 0}};
  documents->locate(mistakes);
  EXPECT_EQ(to_line(mistakes[0]), file + ":7: members.bob: wrong");
  EXPECT_EQ(to_line(mistakes[1]), file + ":1: wrong");
  EXPECT_EQ(to_line(mistakes[2]), "[9].x: foreign");
  EXPECT_EQ(to_line(mistakes[3]), "team a: foreign");
}

TEST(documents, an_index_is_digits_in_brackets) {
  EXPECT_EQ(split_index("[12].a[3].b")->index, 12u);
  EXPECT_EQ(split_index("[12].a[3].b")->rest, "a[3].b");
  EXPECT_EQ(split_index("[0]")->rest, "");
  for (const char* const path : {"", "a", "[", "[]", "[1", "[-1].a", "[ 1].a", "[1x].a", "[99999999999999999999].a"})
    EXPECT_FALSE(split_index(path)) << path;
}

}  // namespace
}  // namespace sallyport::cli
