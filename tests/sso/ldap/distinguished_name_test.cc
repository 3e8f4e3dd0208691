// What a DN is called, and which spellings are one.
#include "sso/ldap/distinguished_name.h"

#include <gtest/gtest.h>

namespace sallyport::sso::ldap {
namespace {

TEST(first_rdn_value, is_unescaped) {
  const std::pair<const char*, const char*> table[] = {
      {"cn=staff,ou=groups,dc=example", "staff"},
      {"CN=sp-plant-owner,OU=Groups", "sp-plant-owner"},
      {"cn=alone", "alone"},
      {"cn=a+uid=b,dc=c", "a"},
      {"cn=Plant\\, North,dc=c", "Plant, North"},
      {"cn=Plant\\2C North,dc=c", "Plant, North"},
      {"cn=a\\+b\\=c\\;d\\<e\\>f\\\"g\\\\h\\#,dc=c", "a+b=c;d<e>f\"g\\h#"},
      {"cn=Z\\C3\\BCrich,dc=c", "Z\xc3\xbcrich"},
      {"cn=Z\xc3\xbcrich,dc=c", "Z\xc3\xbcrich"},
      {"cn = spaced  , dc=c", "spaced"},
      {"cn=\\ kept\\ ,dc=c", " kept "},
      {"cn=a=b,dc=c", "a=b"},
      {"2.5.4.3=staff,dc=c", "staff"},
  };
  for (const auto& [dn, value] : table) EXPECT_EQ(first_rdn_value(dn), value) << dn;
}

TEST(first_rdn_value, refuses_what_is_none) {
  for (const char* dn :
       {"", "staff", "=staff", "cn=", "cn=,dc=c", "cn=  ,dc=c", "cn=#04024869,dc=c", "cn=\"a,b\",dc=c", "cn=a\\",
        "cn=a\\2", "cn=a\\zz", "cn=a\\0Ab", "cn=a\nb", "c n=a", "cn=a<b", "cn=a\"b", ",cn=a", "c,n=a", "cn=\\00"})
    EXPECT_FALSE(first_rdn_value(dn)) << dn;
}

TEST(spelling_of_dn, folds_case_and_spaces) {
  EXPECT_EQ(spelling_of("CN=Staff , OU = Groups,dc=c"), spelling_of("cn=staff,ou=groups,DC=C"));
  EXPECT_EQ(spelling_of(" cn=a b,dc=c"), "cn=a b,dc=c");
}

TEST(spelling_of_dn, keeps_others_apart) {
  const std::pair<const char*, const char*> table[] = {
      {"cn=a,dc=c", "cn=b,dc=c"},    {"cn=a b,dc=c", "cn=ab,dc=c"}, {"cn=a\\,dc=c", "cn=a,dc=c"},
      {"cn=a\\ ,dc=c", "cn=a,dc=c"}, {"cn=\\ a,dc=c", "cn=a,dc=c"}, {"cn=a", "cn=a,dc=c"},
  };
  for (const auto& [one, other] : table) EXPECT_NE(spelling_of(one), spelling_of(other)) << one;
}

}  // namespace
}  // namespace sallyport::sso::ldap
