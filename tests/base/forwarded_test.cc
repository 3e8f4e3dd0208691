#include "base/http/forwarded.h"

#include <gmock/gmock.h>

#include <string>

namespace sallyport::http {
namespace {

// The elements in words, "CLIENT PROTO" each; "-" for what is not said.
std::string words(std::string_view field) {
  std::vector<ForwardedElement> elements;
  const auto read = parse_forwarded(field, elements);
  if (!read) return std::string("refused: ") + read.error().what;
  std::string out;
  for (const ForwardedElement& element : elements) {
    if (!out.empty()) out += ", ";
    out += element.client ? element.client->to_string() : "-";
    out += " " + (element.proto.empty() ? "-" : std::string(element.proto));
  }
  return out;
}

struct Row {
  const char* field;
  const char* words;
};

TEST(forwarded, the_rfcs_examples_are_read) {
  const Row rows[] = {
      {"for=\"_gazonk\"", "- -"},
      {"For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17 -"},
      {"for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60 http"},
      {"for=192.0.2.60; proto=http; by=203.0.113.43", "192.0.2.60 http"},
      {"for=192.0.2.43, for=198.51.100.17", "192.0.2.43 -, 198.51.100.17 -"},
      {"for=_hidden, for=_SEVKISEK", "- -, - -"},
      {"for=192.0.2.43, for=\"[2001:db8:cafe::17]\"", "192.0.2.43 -, 2001:db8:cafe::17 -"},
      {"for=192.0.2.43,for=\"[2001:db8:cafe::17]\",for=unknown", "192.0.2.43 -, 2001:db8:cafe::17 -, - -"},
      {"for=192.0.2.43, for=\"[2001:db8:cafe::17]\";proto=https;by=_x;host=example.com",
       "192.0.2.43 -, 2001:db8:cafe::17 https"},
      {"for=\"192.0.2.43:47011\"", "192.0.2.43 -"},
      {"for=\"192.0.2.43:_port\"", "192.0.2.43 -"},
      {"for=\"unknown:80\";proto=https", "- https"},
      {"for=\"_x:_y\"", "- -"},
  };
  for (const Row& row : rows) EXPECT_EQ(words(row.field), row.words) << row.field;
}

TEST(forwarded, odd_but_right_spellings_are_read) {
  const Row rows[] = {
      {" \tfor=192.0.2.1 \t,\t for=192.0.2.2 ", "192.0.2.1 -, 192.0.2.2 -"},
      {"FOR=192.0.2.1;PROTO=HTTPS", "192.0.2.1 HTTPS"},
      {"for=UNKNOWN", "- -"},
      {"for=\"192.0.2.1\";proto=\"https\"", "192.0.2.1 https"},
      {"for=\"[::ffff:192.0.2.1]\"", "192.0.2.1 -"},
      {"for=\"[2001:DB8::1]:0\"", "2001:db8::1 -"},
      {"proto=https", "- https"},
      {"host=example.com", "- -"},
      {"host=\"example.com:80, for=192.0.2.1\"", "- -"},
      {"ext=\"a\\\"b, for=192.0.2.9;\";for=192.0.2.1", "192.0.2.1 -"},
      {"ext=1;ext=2;for=192.0.2.1", "192.0.2.1 -"},
      {";for=192.0.2.1;;", "192.0.2.1 -"},
      {"by=\"\xc3\xa4\";for=192.0.2.1", "192.0.2.1 -"},
  };
  for (const Row& row : rows) EXPECT_EQ(words(row.field), row.words) << row.field;
}

TEST(forwarded, anything_else_is_refused) {
  const Row rows[] = {
      {"", "nothing"},
      {" ", "nothing"},
      {";", "nothing"},
      {",", "nothing"},
      {"for=192.0.2.1,", "nothing"},
      {"for=192.0.2.1,,for=192.0.2.2", "nothing"},
      {",for=192.0.2.1", "nothing"},
      {"192.0.2.1", "no pair"},
      {"for", "no pair"},
      {"=192.0.2.1", "no pair"},
      {"for =192.0.2.1", "no pair"},
      {"for= 192.0.2.1", "without a value"},
      {"for=", "without a value"},
      {"for=;proto=https", "without a value"},
      {"for:192.0.2.1", "no pair"},
      {"for=192.0.2.1 for=192.0.2.2", "no list"},
      {"for=192.0.2.1:80", "no list"},
      {"for=[2001:db8::1]", "without a value"},
      {"for=2001:db8::1", "no node"},
      {"for=\"192.0.2.1\"x", "no list"},
      {"for=\"192.0.2.1", "do not close"},
      {"for=192.0.2.1;ext=\"x, for=198.51.100.7", "do not close"},
      {"for=192.0.2.1;ext=\"x\\", "do not close"},
      {"for=192.0.2.1;ext=\"\x01\"", "do not close"},
      {"for=\"192.0.2.\\1\"", "escape"},
      {"for=192.0.2.1;proto=\"htt\\ps\"", "escape"},
      {"for=192.0.2.1;for=192.0.2.2", "twice"},
      {"for=192.0.2.1;FOR=192.0.2.1", "twice"},
      {"proto=http;proto=https", "twice"},
      {"by=_a;by=_b", "twice"},
      {"host=a;host=b", "twice"},
      {"for=\"\"", "no node"},
      {"for=localhost", "no node"},
      {"for=192.0.2", "no node"},
      {"for=3221225985", "no node"},
      {"for=0300.0.2.1", "no node"},
      {"for=192.0.2.01", "no node"},
      {"for=192.0.2.256", "no node"},
      {"for=\"2001:db8::1\"", "no node"},
      {"for=\"[192.0.2.1]\"", "no node"},
      {"for=\"[fe80::1%eth0]\"", "no node"},
      {"for=\"[2001:db8::1\"", "no node"},
      {"for=\"192.0.2.1:\"", "no node"},
      {"for=\"192.0.2.1:65536\"", "no node"},
      {"for=\"192.0.2.1:080\"", "no node"},
      {"for=\"192.0.2.1:_\"", "no node"},
      {"for=\"unknown:65536\"", "no node"},
      {"for=\" 192.0.2.1\"", "no node"},
      {"for=\"192.0.2.1, 192.0.2.2\"", "no node"},
      {"for=_", "no node"},
      {"for=\"_x y\"", "no node"},
      {"for=_~", "no node"},
      {"for=unknowns", "no node"},
      {"proto=\"\"", "no scheme"},
      {"proto=\"https \"", "no scheme"},
      {"proto=1https", "no scheme"},
      {"proto=\"https, http\"", "no scheme"},
  };
  for (const Row& row : rows) {
    EXPECT_THAT(words(row.field), testing::StartsWith("refused: ")) << row.field;
    EXPECT_THAT(words(row.field), testing::HasSubstr(row.words)) << row.field;
  }
}

TEST(forwarded, the_elements_of_all_fields_together_are_bounded) {
  std::string field = "for=192.0.2.1";
  for (size_t i = 1; i < kForwardedElementsMax - 1; ++i) field += ",for=192.0.2.1";
  std::vector<ForwardedElement> elements;
  ASSERT_TRUE(parse_forwarded(field, elements));
  ASSERT_TRUE(parse_forwarded("for=192.0.2.2", elements));
  EXPECT_EQ(elements.size(), kForwardedElementsMax);
  EXPECT_FALSE(parse_forwarded("for=192.0.2.3", elements));
}

}  // namespace
}  // namespace sallyport::http
