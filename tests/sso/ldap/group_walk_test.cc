// Groups inside groups: as deep as is wanted, no group twice, never without an end.
#include "sso/ldap/group_walk.h"

#include <gtest/gtest.h>

#include <map>

#include "sso/external_identity.h"

namespace sallyport::sso::ldap {
namespace {

using Names = std::vector<std::string>;

FoundGroup group(const std::string& name) { return {"cn=" + name + ",dc=c", name}; }

// holders: by group, those that hold it; "": those of the person.
Names walked(int nesting, const std::map<std::string, Names>& holders) {
  GroupWalk walk(nesting);
  const auto add = [&](const std::string& of) {
    if (holders.contains(of))
      for (const std::string& name : holders.at(of)) EXPECT_TRUE(walk.add(group(name)));
  };
  add("");
  for (Names level = walk.next_level(); !level.empty(); level = walk.next_level())
    for (const std::string& dn : level) add(dn.substr(3, dn.find(',') - 3));
  return walk.names();
}

TEST(group_walk, goes_as_deep_as_it_may) {
  const std::map<std::string, Names> chain = {{"", {"one"}}, {"one", {"two"}}, {"two", {"three"}}};
  EXPECT_EQ(walked(0, chain), Names({"one"}));
  EXPECT_EQ(walked(1, chain), Names({"one", "two"}));
  EXPECT_EQ(walked(10, chain), Names({"one", "two", "three"}));
}

TEST(group_walk, ends_in_a_circle) {
  EXPECT_EQ(walked(10, {{"", {"a"}}, {"a", {"b"}}, {"b", {"a", "b", "c"}}, {"c", {"a"}}}), Names({"a", "b", "c"}));
}

TEST(group_walk, names_each_group_once) {
  EXPECT_EQ(walked(2, {{"", {"a", "b", "a"}}, {"a", {"c"}}, {"b", {"c"}}}), Names({"a", "b", "c"}));
  GroupWalk walk(0);
  for (const char* dn : {"cn=Staff,dc=c", "CN=staff, DC=c"}) EXPECT_TRUE(walk.add({dn, "staff"}));
  EXPECT_EQ(walk.names(), Names({"staff"}));
}

TEST(group_walk, looks_into_groups_alone_that_have_a_dn) {
  GroupWalk walk(3);
  ASSERT_TRUE(walk.add({"", "plain"}));
  EXPECT_TRUE(walk.next_level().empty());
  EXPECT_EQ(walk.names(), Names({"plain"}));
}

TEST(group_walk, counts_what_cannot_be_read_for_nothing) {
  GroupWalk walk(1);
  ASSERT_TRUE(walk.add({"cn=#0403616263,dc=c", ""}));
  ASSERT_TRUE(walk.add({"cn=x,dc=c", std::string(kAssertedGroupBytesMax + 1, 'x')}));
  ASSERT_TRUE(walk.add({"cn=y,dc=c", std::string(kAssertedGroupBytesMax, 'y')}));
  EXPECT_EQ(walk.names().size(), 1U);
  EXPECT_EQ(walk.unreadable(), 2U);
  EXPECT_EQ(walk.next_level().size(), 3U);
}

TEST(group_walk, is_bounded) {
  GroupWalk walk(1);
  for (size_t i = 0; i < kAssertedGroupsMax; ++i) ASSERT_TRUE(walk.add(group(std::to_string(i))));
  EXPECT_TRUE(walk.add(group("0")));
  EXPECT_EQ(walk.add(group("one-more")).error().code, Code::kLimit);
  GroupWalk plain(1);
  for (size_t i = 0; i < kAssertedGroupsMax; ++i) ASSERT_TRUE(plain.add({"", std::to_string(i)}));
  EXPECT_EQ(plain.add({"", "one-more"}).error().code, Code::kLimit);
}

}  // namespace
}  // namespace sallyport::sso::ldap
