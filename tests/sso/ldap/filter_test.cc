// Whatever is typed stays one value of the filter that was written.
#include "sso/ldap/filter.h"

#include <gtest/gtest.h>

namespace sallyport::sso::ldap {
namespace {

using namespace std::string_literals;

TEST(ldap_filter, plain_names_are_themselves) {
  for (const char* name : {"alice", "Alice.Example-2_x", "alice@example.test", "7"})
    EXPECT_EQ(escape_filter_value(name), name);
}

TEST(ldap_filter, everything_else_is_escaped) {
  const std::pair<std::string, std::string> table[] = {
      {"*", "\\2a"},
      {"a*", "a\\2a"},
      {"(", "\\28"},
      {")", "\\29"},
      {"\\", "\\5c"},
      {"\\2a", "\\5c2a"},
      {"\0"s, "\\00"},
      {"a b", "a\\20b"},
      {"\n", "\\0a"},
      {"\x7f", "\\7f"},
      {"\xc3\xa9", "\\c3\\a9"},
      {"\xff", "\\ff"},
      {"a,b=c+d;e", "a\\2cb\\3dc\\2bd\\3be"},
      {"<>\"'&|!~:/", "\\3c\\3e\\22\\27\\26\\7c\\21\\7e\\3a\\2f"},
  };
  for (const auto& [value, escaped] : table) EXPECT_EQ(escape_filter_value(value), escaped) << value;
}

// Nothing that has a meaning in a filter (RFC 4515 s3) is left of any byte.
TEST(ldap_filter, no_byte_gets_out) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string escaped = escape_filter_value(std::string(1, static_cast<char>(byte)));
    EXPECT_EQ(escaped.find_first_of("()*\0&|!=<>~"s), escaped.npos) << byte;
    EXPECT_TRUE(escaped.size() == 1 || (escaped.size() == 3 && escaped[0] == '\\')) << byte;
  }
}

TEST(ldap_filter, is_filled_in_every_place_and_not_twice) {
  EXPECT_EQ(fill_filter("(uid={user})", kUserPlace, "bob"), "(uid=bob)");
  EXPECT_EQ(fill_filter("(|(uid={user})(mail={user}))", kUserPlace, "b*"), "(|(uid=b\\2a)(mail=b\\2a))");
  EXPECT_EQ(fill_filter("(uid={user})", kUserPlace, "{user}"), "(uid=\\7buser\\7d)");
  EXPECT_EQ(fill_filter("(uid=x)", kUserPlace, "bob"), "(uid=x)");
  EXPECT_EQ(fill_filter("(member={dn})", kDnPlace, "cn=a\\,b,dc=c"), "(member=cn\\3da\\5c\\2cb\\2cdc\\3dc)");
}

TEST(ldap_filter, of_any) {
  const std::string both[] = {"(a=1)", "(b=2)"};
  EXPECT_EQ(any_of(both), "(|(a=1)(b=2))");
  EXPECT_EQ(any_of(std::span(both, 1)), "(a=1)");
}

}  // namespace
}  // namespace sallyport::sso::ldap
