// The one form of a path: what strict mode makes of it, what it refuses, and which prefixes it has.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/http/url.h"

namespace sallyport::http {
namespace {

using std::string;
using namespace std::string_literals;

string canonical(std::string_view path, PathMode mode = PathMode::kStrict) {
  string scratch = "left over";
  std::string_view out;
  const auto changed = canonical_path(path, mode, scratch, out);
  if (!changed) return "refused";
  EXPECT_EQ(*changed, out != path);
  if (!*changed) EXPECT_EQ(out.data(), path.data());
  return string(out);
}

TEST(canonical_path, keeps_or_mends) {
  const std::pair<const char*, const char*> table[] = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/a/b/", "/a/b/"},
      {"/a.b/.well-known/..c/...", "/a.b/.well-known/..c/..."},
      {"/a/b..", "/a/b.."},
      {"/%41%5a%61%7A%30%39%2d%2E%5f%7e", "/AZaz09-._~"},
      {"/%2eb", "/.b"},
      {"/a%2e", "/a."},
      {"/%20%3a%40%c3%a9", "/%20%3A%40%C3%A9"},
      {"/%21%24%26%27%28%29%2a%2b%2c%3d", "/%21%24%26%27%28%29%2A%2B%2C%3D"},
      {"/!$&'()*+,=:@", "/!$&'()*+,=:@"},
      {"/%2541", "/%2541"},  // one decoding, never two
      {"/%252e%252e/", "/%252e%252e/"},
      {"/%252F", "/%252F"},
      {"/%3f%23", "/%3F%23"},
      {"/[x]{y}|^`\"<>", "/[x]{y}|^`\"<>"},
      {"/%E0%A0%80%F0%90%80%80", "/%E0%A0%80%F0%90%80%80"},  // the smallest that need so many bytes
      {"/%e9", "/%E9"},
      {"/a%E0", "/a%E0"},
  };
  for (const auto& [path, expected] : table) {
    EXPECT_EQ(canonical(path), expected);
    EXPECT_EQ(canonical(expected), expected);
  }
}

TEST(canonical_path, refuses_every_trick) {
  const string table[] = {
      "",
      "a",
      "a/b",
      "?",
      "*",
      " /",
      "http://a/",
      "//",
      "/a//b",
      "//a",
      "/a//",
      "///",
      "/.",
      "/..",
      "/./",
      "/../",
      "/a/.",
      "/a/..",
      "/a/./b",
      "/a/../b",
      "/../a",
      "/a/../../b",
      "/%2e",
      "/%2E",
      "/%2e%2e",
      "/.%2e",
      "/%2e.",
      "/%2E%2e/",
      "/a/%2e/b",
      "/a/%2e%2E/b",
      "/a/%2e%2e",
      "/a/.%2E/%41",
      "/%2f",
      "/%2F",
      "/a%2fb",
      "/a%2Fb",
      "/..%2f..",
      "/%2f%2f",
      "/\\",
      "/a\\b",
      "/..\\",
      "/%5c",
      "/%5C",
      "/a%5c..%5Cb",
      "/;",
      "/a;b",
      "/a;/b",
      "/..;/a",
      "/a;jsessionid=1",
      "/%3b",
      "/a%3Bb",
      "/..%3b/",
      "/%00",
      "/a%00b",
      "/a%00.png",
      "/%01",
      "/%0a",
      "/%0d%0a",
      "/%09",
      "/%1F",
      "/%7f",
      "/%7F",
      "/\0"s,
      "/a\0b"s,
      "/\x01",
      "/\n",
      "/\t",
      "/ ",
      "/\x7f",
      "/\x80",
      "/\xc3\xa9",
      "/\xff",
      "/%c0%af",
      "/%C0%AF",
      "/%c0%ae%c0%ae/",
      "/%c1%9c",
      "/%c1%1c",
      "/%c0",
      "/%C1",  // overlong '/', '.', '\'
      "/%e0%80%af",
      "/%E0%9F%bf",
      "/%f0%80%80%af",
      "/%F0%8f%bf%bf",
      "/%",
      "/%4",
      "/%4/",
      "/%g1",
      "/%1g",
      "/%u002f",
      "/%%32%66",
      "/%-1",
      "/% 41",
      "/a%",
      "/%c3%",
      "/%2",
      "/a?b",
      "/a#b",
      "/#",
  };
  for (const string& path : table) EXPECT_EQ(canonical(path), "refused") << testing::PrintToString(path);
}

TEST(canonical_path, leaves_raw_paths_alone) {
  for (const char* path : {"/", "//", "/a/../b", "/%2f%2F", "/a;b", "/\\", "/%5c", "/%41", "/%c0%af", "/%00"})
    EXPECT_EQ(canonical(path, PathMode::kRaw), path);
  for (const string& path : {""s, "a"s, "/%"s, "/%4"s, "/%zz"s, "/ "s, "/\0"s, "/\n"s, "/\x80"s, "/?"s, "/#"s})
    EXPECT_EQ(canonical(path, PathMode::kRaw), "refused") << testing::PrintToString(path);
}

TEST(canonical_path, decides_each_byte_and_each_encoded_byte) {
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool visible = c > 0x20 && c < 0x7f;
    const bool raw = visible && string("#?;\\%/").find(byte) == string::npos;
    EXPECT_EQ(canonical("/a" + string(1, byte) + "a") != "refused", raw || c == '/') << c;
    char encoded[8];
    std::snprintf(encoded, sizeof encoded, "%%%02x", c);
    const bool refused = c < 0x20 || c == 0x7f || c == '/' || c == '\\' || c == ';' || c == 0xc0 || c == 0xc1;
    EXPECT_EQ(canonical(string("/a") + encoded + "a") == "refused", refused) << c;
  }
}

TEST(path_has_prefix, matches_whole_segments) {
  const struct {
    const char* path;
    const char* prefix;
    bool matches;
  } table[] = {
      {"/ui", "/ui", true},
      {"/ui/", "/ui", true},
      {"/ui/x", "/ui", true},
      {"/uix", "/ui", false},
      {"/u", "/ui", false},
      {"/", "/ui", false},
      {"/ui", "/", true},
      {"/", "/", true},
      {"/ui/x", "/ui/", true},
      {"/ui", "/ui/", true},
      {"/uix", "/ui/", false},
      {"/UI", "/ui", false},
      {"/a/b/c", "/a/b", true},
      {"/a/bc", "/a/b", false},
      {"/a", "/a/b", false},
      {"/ui.x", "/ui", false},
      {"/ui%20", "/ui", false},
      {"*", "/", false},
      {"/%40fs/x", "/@fs", true},
      {"/@fs/x", "/%40fs", true},
      {"/%40fs", "/%40fs", true},
      {"/%40fsx", "/@fs", false},
      {"/a%2Fb", "/a/b", false},
      {"/a/b", "/a%2Fb", false},
      {"/a%2Fb", "/a", false},
      {"/%2540", "/%40", false},
      {"/%2540", "/%2540", true},
      {"/%C3%A9", "/%C3%A9", true},
      {"/%C3%A9", "/%C3%A8", false},
      {"/a%3Ab", "/a:b", true},
      {"/a%7Cb", "/a|b", true},
  };
  for (const auto& c : table) EXPECT_EQ(path_has_prefix(c.path, c.prefix), c.matches) << c.path << " " << c.prefix;
}

TEST(path_has_prefix_ignoring_case, is_ascii_alone) {
  EXPECT_TRUE(path_has_prefix_ignoring_case("/UI/x", "/ui"));
  EXPECT_TRUE(path_has_prefix_ignoring_case("/ui", "/Ui"));
  EXPECT_FALSE(path_has_prefix_ignoring_case("/UIX", "/ui"));
  EXPECT_FALSE(path_has_prefix_ignoring_case("/[", "/{"));
  EXPECT_FALSE(path_has_prefix_ignoring_case("/%C3%84", "/%C3%A4"));
  EXPECT_FALSE(path_has_prefix("/UI/x", "/ui"));
}

}  // namespace
}  // namespace sallyport::http
