// Where an LDAP server is.
#include "base/ldap_url.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(parse_ldap_url, gives_host_and_port) {
  const std::pair<const char*, const char*> table[] = {
      {"ldap://Directory.Example", "ldap://directory.example:389"},
      {"ldaps://directory.example", "ldaps://directory.example:636"},
      {"ldap://directory.example:3890/", "ldap://directory.example:3890"},
      {"ldaps://127.0.0.1:1636", "ldaps://127.0.0.1:1636"},
      {"ldaps://[::1]", "ldaps://[::1]:636"},
      {"ldap://localhost.", "ldap://localhost:389"},
  };
  for (const auto& [text, url] : table) {
    const auto parsed = parse_ldap_url(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_string(), url);
    EXPECT_EQ(parsed->tls_from_the_start, std::string_view(text).starts_with("ldaps"));
  }
}

TEST(parse_ldap_url, refuses_what_is_more_or_less) {
  for (const char* text :
       {"", "directory.example", "http://a", "ldapi://%2ftmp", "ldap:a", "ldap://", "ldap:///", "ldap://a//",
        "ldap://a/dc=b", "ldap://a?b", "ldap://a#b", "ldap://user@a", "ldap://a:0", "ldap://a:99999",
        "ldap://a:", "ldap://a b", "ldaps://2130706433", "LDAP://a", "ldap://[::1"})
    EXPECT_FALSE(parse_ldap_url(text)) << text;
}

}  // namespace
}  // namespace sallyport
