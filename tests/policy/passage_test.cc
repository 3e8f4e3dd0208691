// What ends a stream that is allowed all the same: it would go elsewhere, as somebody else, or say less, if it began
// now.
#include "policy/passage.h"

#include "tests/policy/asking.h"

namespace sallyport::policy {
namespace {

constexpr const char* kLine = R"({
  "areas": [{"name": "all", "paths": ["/"], "roles": ["owner", "member"]}],
  "inject": null, "auth": null,
  "credentials": [
    {"roles": ["owner"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.full }}"}}},
    {"roles": ["member"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.read }}"}}}]})";

SealedField sealed(const char* name, char byte, uint64_t epoch) {
  SealedField out;
  out.field = std::string("secrets.") + name;
  out.sealed = Bytes(40, static_cast<std::byte>(byte));
  out.epoch = epoch;
  return out;
}

std::shared_ptr<const Snapshot> line(std::string_view patch, char full = 'f', uint64_t epoch = 1) {
  ResourceRecord record = instance_record("line1", "a.test", kLine);
  nlohmann::json spec = nlohmann::json::parse(record.spec);
  spec.merge_patch(nlohmann::json::parse(patch));
  record.spec = spec.dump();
  record.secrets = {sealed("full", full, epoch), sealed("read", 'r', 1)};
  return world_of(std::move(record));
}

bool goes_on(const Snapshot& before, const Snapshot& after, const char* who = "alice") {
  const Asker asker(who);
  const auto ask = [&](const Snapshot& snapshot) {
    const Place place = snapshot.locate("a.test", "/x");
    return decide({.snapshot = snapshot,
                   .resource = *place.resource,
                   .method = "GET",
                   .path = place.path,
                   .upgrade = true,
                   .client = {*IpAddress::parse("10.1.2.3")},
                   .identity = &asker.identity,
                   .now = kNow});
  };
  const Decision then = ask(before);
  const Decision now = ask(after);
  EXPECT_EQ(then.outcome, Outcome::kAllow);
  EXPECT_EQ(now.outcome, Outcome::kAllow);
  return same_passage(*before.locate("a.test", "/x").resource, then, *after.locate("a.test", "/x").resource, now);
}

TEST(Passage, what_changes_nothing_of_it_ends_nothing) {
  const auto before = line("{}");
  EXPECT_TRUE(goes_on(*before, *before));
  for (
      const char* const patch : {
          "{}",
          R"({"origins": ["https://b.test"]})",
          R"({"upstream": {"timeout": {"connect": "9s"}}})",
          R"({"roles": {"vera": "owner"}})",
          R"({"areas": [{"name": "x", "paths": ["/y"], "public": true}, {"name": "all", "paths": ["/"], "roles": ["owner"]}]})",
      })
    EXPECT_TRUE(goes_on(*before, *line(patch))) << patch;
}

TEST(Passage, another_upstream_credential_or_secret_ends_it) {
  const auto before = line("{}");
  for (
      const char* const patch : {
          R"({"upstream": {"url": "http://10.0.0.9:1880"}})",
          R"({"upstream": {"host": "other.test"}})",
          R"({"upstream": {"networks": ["10.0.0.0/8"]}})",
          R"({"upstream": {"source_address": "10.0.0.7"}})",
          R"({"credentials": [{"roles": ["owner"], "inject": {"headers": {"Authorization": "Token {{ secrets.full }}"}}}]})",
          R"({"credentials": [{"roles": ["owner"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.read }}"}}}]})",
          R"({"credentials": [{"roles": ["owner"], "inject": {"headers": {"X-Key": "Bearer {{ secrets.full }}"}}}]})",
          R"({"credentials": []})",
          R"({"pass_certificate": true})",
      })
    EXPECT_FALSE(goes_on(*before, *line(patch))) << patch;
  EXPECT_FALSE(goes_on(*before, *line("{}", 'g'))) << "sealed anew";
  EXPECT_FALSE(goes_on(*before, *line("{}", 'f', 2))) << "another epoch";
}

TEST(Passage, a_secret_of_another_role_is_nobody_elses_business) {
  EXPECT_TRUE(goes_on(*line("{}"), *line("{}", 'g'), "mike"));
}

TEST(Passage, another_role_with_another_credential_ends_it) {
  const auto snapshot = line("{}");
  EXPECT_FALSE(goes_on(*snapshot, *line(R"({"roles": {"alice": "member"}})")));
}

TEST(Passage, another_role_ends_it_even_with_the_same_credential) {
  const char* const same = R"({"credentials": [{"roles": ["owner", "member"],
      "inject": {"headers": {"Authorization": "Bearer {{ secrets.full }}"}}}]})";
  nlohmann::json demoted = nlohmann::json::parse(same);
  demoted["roles"] = {{"alice", "member"}};
  EXPECT_TRUE(goes_on(*line(same), *line(same)));
  EXPECT_FALSE(goes_on(*line(same), *line(demoted.dump()))) << "the upstream was told another one";
}

TEST(Passage, what_began_as_somebodys_does_not_go_on_as_nobodys) {
  const auto snapshot = line("{}");
  const CompiledResource& resource = *snapshot->locate("a.test", "/x").resource;
  const CompiledUser user{};
  Decision then;
  then.user = &user;
  EXPECT_TRUE(same_passage(resource, then, resource, then));
  EXPECT_FALSE(same_passage(resource, then, resource, Decision{}));
  EXPECT_FALSE(same_passage(resource, Decision{}, resource, then));
}

TEST(Passage, what_may_be_said_ends_it_when_it_becomes_less) {
  const auto snapshot = line("{}");
  const CompiledResource& resource = *snapshot->locate("a.test", "/x").resource;
  Decision then;
  Decision now;
  now.messages = MessageRule::kNodeRedListening;
  EXPECT_FALSE(same_passage(resource, then, resource, now));
}

}  // namespace
}  // namespace sallyport::policy
