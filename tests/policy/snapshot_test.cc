#include "policy/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/policy/world.h"

namespace sallyport::policy {
namespace {

using Records = std::vector<ResourceRecord>;

std::string located(const Snapshot& snapshot, std::string_view host, std::string_view path) {
  const Place place = snapshot.locate(host, path);
  return place.resource ? place.resource->name + " " + std::string(place.path) : "-";
}
Role role_of(const Snapshot& snapshot, std::string_view resource, std::string_view user) {
  return role_on(*snapshot.resource(resource, Kind::kDatasource), id_of(user));
}

TEST(Snapshot, an_empty_one_answers_everything) {
  const auto snapshot = Snapshot::build(7, {});
  EXPECT_EQ(snapshot->generation(), 7u);
  EXPECT_FALSE(snapshot->has_host("a.test"));
  EXPECT_EQ(located(*snapshot, "a.test", "/"), "-");
  EXPECT_EQ(snapshot->user(id_of("alice")), nullptr);
  EXPECT_EQ(snapshot->user_by_name_or_email(""), nullptr);
  EXPECT_EQ(snapshot->team("plant"), nullptr);
  EXPECT_EQ(snapshot->resource("crm", Kind::kDatasource), nullptr);
  EXPECT_TRUE(snapshot->resources_of(id_of("alice")).empty());
  EXPECT_EQ(snapshot->resource_count(), 0u);
  EXPECT_EQ(snapshot->platform().password_min_length, 8);
}

TEST(Snapshot, the_longest_prefix_of_whole_segments_wins) {
  const Records records{team_record("plant", "{}"),
                        datasource_record("root", "a.test"),
                        datasource_record("api", "a.test/api"),
                        datasource_record("v2", "a.test/api/v2"),
                        datasource_record("only", "b.test/only"),
                        datasource_record("ip4", "192.0.2.1"),
                        datasource_record("ip6", "[2001:db8::1]/x")};
  const auto snapshot = Snapshot::build(1, records);
  struct Row {
    const char* host;
    const char* path;
    const char* expected;
  };
  const Row rows[] = {{"a.test", "/", "root /"},
                      {"a.test", "/x", "root /x"},
                      {"a.test", "/apix", "root /apix"},
                      {"a.test", "/API", "root /API"},
                      {"a.test", "/api", "api /"},
                      {"a.test", "/api/", "api /"},
                      {"a.test", "/api/v1", "api /v1"},
                      {"a.test", "/api/v2", "v2 /"},
                      {"a.test", "/api/v2/x/", "v2 /x/"},
                      {"a.test", "/api/v22", "api /v22"},
                      {"b.test", "/", "-"},
                      {"b.test", "/only/x", "only /x"},
                      {"A.test", "/", "-"},
                      {"a.test.", "/", "-"},
                      {"", "/", "-"},
                      {"c.test", "/", "-"},
                      {"192.0.2.1", "/", "ip4 /"},
                      {"2001:db8::1", "/x/y", "ip6 /y"},
                      {"a.test", "", "-"},
                      {"a.test", "api", "-"}};
  for (const Row& row : rows) EXPECT_EQ(located(*snapshot, row.host, row.path), row.expected) << row.host << row.path;
  EXPECT_TRUE(snapshot->has_host("b.test"));
  EXPECT_FALSE(snapshot->has_host("c.test"));
}

TEST(Snapshot, a_path_it_hands_out_is_a_view_into_the_argument) {
  const auto snapshot = Snapshot::build(1, Records{team_record("plant", "{}"), datasource_record("api", "a.test/api")});
  const std::string path = "/api";
  const Place place = snapshot->locate("a.test", path);
  EXPECT_GE(place.path.data(), path.data());
  EXPECT_LE(place.path.data() + place.path.size(), path.data() + path.size());
}

TEST(Snapshot, many_places_on_one_host_are_found_as_few_are) {
  Records records{team_record("plant", "{}")};
  for (int i = 0; i < 500; ++i) {
    const std::string name = "r" + std::to_string(i);
    records.push_back(datasource_record(name, "a.test/" + name + (i % 2 ? "/deep/er" : "")));
  }
  records.push_back(datasource_record("root", "a.test"));
  const auto snapshot = Snapshot::build(1, records);
  EXPECT_EQ(located(*snapshot, "a.test", "/r2/x"), "r2 /x");
  EXPECT_EQ(located(*snapshot, "a.test", "/r3/deep/er/x/y/z"), "r3 /x/y/z");
  EXPECT_EQ(located(*snapshot, "a.test", "/r3/deep"), "root /r3/deep");
  EXPECT_EQ(located(*snapshot, "a.test", "/r3/deep/erx"), "root /r3/deep/erx");
  EXPECT_EQ(located(*snapshot, "a.test", "/"), "root /");
  EXPECT_EQ(located(*snapshot, "a.test", "/nothing/of/the/kind"), "root /nothing/of/the/kind");
  const std::vector<RecordId> deleted{id_of("datasource/root")};
  EXPECT_EQ(located(*Snapshot::rebuild(*snapshot, 2, {}, deleted), "a.test", "/x/y/z/w"), "-");
}

TEST(Snapshot, users_by_id_name_and_address) {
  const auto snapshot = Snapshot::build(
      1,
      Records{user_record("alice"), user_record("bob", R"({"email": "Bob.B@Example.test", "admin": true})"),
              user_record("twin1", R"({"email": "twin@example.test"})"),
              user_record("twin2", R"({"email": "TWIN@example.test"})"), user_record("nomail", R"({"email": null})")});
  EXPECT_EQ(snapshot->user(id_of("alice"))->name, "alice");
  EXPECT_EQ(snapshot->user_by_name_or_email("ALICE")->name, "alice");
  EXPECT_EQ(snapshot->user_by_name_or_email("alice@EXAMPLE.test")->name, "alice");
  EXPECT_EQ(snapshot->user_by_name_or_email("bob.b@example.test")->name, "bob");
  EXPECT_TRUE(snapshot->user_by_name_or_email("bob")->admin);
  EXPECT_EQ(snapshot->user_by_name_or_email("twin@example.test"), nullptr) << "whose is it?";
  EXPECT_EQ(snapshot->user_by_name_or_email("twin1")->name, "twin1");
  EXPECT_EQ(snapshot->user_by_name_or_email("nomail")->name, "nomail");
  EXPECT_EQ(snapshot->user_by_name_or_email(""), nullptr);
  EXPECT_EQ(snapshot->user_by_name_or_email("alice@example"), nullptr);
}

TEST(Snapshot, secrets_and_versions_come_along) {
  auto user = user_record("alice");
  user.secrets.push_back({"password", Bytes(3), 9});
  user.version = 5;
  auto resource = datasource_record("crm", "a.test");
  resource.secrets.push_back({"secrets.token", Bytes(4), 8});
  resource.version = 6;
  const auto snapshot = Snapshot::build(9, Records{user, resource, team_record("plant", "{}")});
  EXPECT_EQ(snapshot->user(id_of("alice"))->secrets.at(0).epoch, 9u);
  EXPECT_EQ(snapshot->user(id_of("alice"))->version, 5u);
  const CompiledResource& crm = *snapshot->resource("crm", Kind::kDatasource);
  EXPECT_EQ(crm.secrets.at(0).field, "secrets.token");
  EXPECT_EQ(crm.version, 6u);
  EXPECT_EQ(crm.destination, "https://127.0.0.1:9444");
}

TEST(Snapshot, a_rebuild_shares_what_did_not_change) {
  Records records{user_record("alice"), team_record("plant", R"({"alice": "owner"})"),
                  team_record("lab", R"({"alice": "viewer"})")};
  for (int i = 0; i < 100; ++i) {
    const std::string name = "r" + std::to_string(i);
    records.push_back(datasource_record(name, name + ".test", i % 2 ? R"({"team": "lab"})" : "{}"));
  }
  const auto before = Snapshot::build(1, records);
  const Records changed{datasource_record("r10", "r10.test", R"({"guard": "block"})")};
  const auto after = Snapshot::rebuild(*before, 2, changed, {});
  EXPECT_EQ(after->generation(), 2u);
  EXPECT_EQ(before->locate("r10.test", "/").resource->spec.guard, Guard::kMask) << "the old one stays as it was";
  EXPECT_EQ(after->locate("r10.test", "/").resource->spec.guard, Guard::kBlock);
  for (int i = 0; i < 100; ++i) {
    if (i == 10) continue;
    const std::string host = "r" + std::to_string(i) + ".test";
    EXPECT_EQ(before->locate(host, "/").resource, after->locate(host, "/").resource) << host;
  }
  EXPECT_EQ(before->team("plant"), after->team("plant"));

  // A password is no business of those who refer to the user.
  auto alice = user_record("alice");
  alice.version = 3;
  const auto third = Snapshot::rebuild(*after, 3, Records{alice}, {});
  EXPECT_EQ(third->team("plant"), after->team("plant"));
  EXPECT_EQ(third->user(alice.id)->version, 3u);

  // A team is everybody's business in it, and nobody else's.
  const auto fourth = Snapshot::rebuild(*third, 4, Records{team_record("plant", R"({"alice": "none"})")}, {});
  EXPECT_EQ(role_of(*fourth, "r0", "alice"), Role::kNone);
  EXPECT_EQ(role_of(*fourth, "r1", "alice"), Role::kViewer);
  EXPECT_NE(fourth->locate("r0.test", "/").resource, third->locate("r0.test", "/").resource);
  EXPECT_EQ(fourth->locate("r1.test", "/").resource, third->locate("r1.test", "/").resource);
  EXPECT_EQ(role_of(*third, "r0", "alice"), Role::kOwner);
}

TEST(Snapshot, users_that_come_and_go_change_teams_and_overrides) {
  const Records records{team_record("plant", R"({"alice": "owner"})"),
                        datasource_record("crm", "a.test", R"({"roles": {"bob": "viewer"}})")};
  auto snapshot = Snapshot::build(1, records);
  EXPECT_EQ(role_of(*snapshot, "crm", "alice"), Role::kNone);
  snapshot = Snapshot::rebuild(*snapshot, 2, Records{user_record("alice"), user_record("bob")}, {});
  EXPECT_EQ(role_of(*snapshot, "crm", "alice"), Role::kOwner);
  EXPECT_EQ(role_of(*snapshot, "crm", "bob"), Role::kViewer);

  const std::vector<RecordId> gone{id_of("alice")};
  snapshot = Snapshot::rebuild(*snapshot, 3, {}, gone);
  EXPECT_EQ(role_of(*snapshot, "crm", "alice"), Role::kNone);
  EXPECT_EQ(snapshot->user(id_of("alice")), nullptr);
  EXPECT_EQ(snapshot->user_by_name_or_email("alice@example.test"), nullptr);

  // Somebody new of the old name is somebody else: the id of the one before means nothing.
  auto other = user_record("alice");
  other.id = id_of("another alice");
  snapshot = Snapshot::rebuild(*snapshot, 4, Records{other}, {});
  EXPECT_EQ(role_of(*snapshot, "crm", "alice"), Role::kNone);
  EXPECT_EQ(role_of(*snapshot, "crm", "another alice"), Role::kOwner);
}

TEST(Snapshot, a_missing_team_closes_its_resources_until_it_is_there) {
  auto snapshot = Snapshot::build(1, Records{user_record("alice"), datasource_record("crm", "a.test")});
  ASSERT_NE(snapshot->locate("a.test", "/").resource, nullptr);
  EXPECT_TRUE(snapshot->locate("a.test", "/").resource->damaged);
  ASSERT_NE(snapshot->locate("a.test", "/").resource->team, nullptr);
  snapshot = Snapshot::rebuild(*snapshot, 2, Records{team_record("plant", R"({"alice": "owner"})")}, {});
  EXPECT_FALSE(snapshot->locate("a.test", "/").resource->damaged);
  EXPECT_EQ(role_of(*snapshot, "crm", "alice"), Role::kOwner);
  const std::vector<RecordId> gone{id_of("team/plant")};
  snapshot = Snapshot::rebuild(*snapshot, 3, {}, gone);
  EXPECT_TRUE(snapshot->locate("a.test", "/").resource->damaged);
  EXPECT_EQ(role_of(*snapshot, "crm", "alice"), Role::kNone);
  EXPECT_EQ(snapshot->team("plant"), nullptr);
}

TEST(Snapshot, a_host_that_two_teams_claim_lets_nobody_in) {
  const Records records{team_record("plant", "{}"), team_record("lab", "{}"), datasource_record("one", "a.test"),
                        datasource_record("sibling", "a.test/s"), datasource_record("other", "b.test")};
  auto snapshot = Snapshot::build(1, records);
  EXPECT_FALSE(snapshot->locate("a.test", "/").resource->damaged);
  const Records intruder{datasource_record("intruder", "a.test/x", R"({"team": "lab"})")};
  snapshot = Snapshot::rebuild(*snapshot, 2, intruder, {});
  for (const char* path : {"/", "/s", "/x"}) EXPECT_TRUE(snapshot->locate("a.test", path).resource->damaged) << path;
  EXPECT_FALSE(snapshot->locate("b.test", "/").resource->damaged);
  const std::vector<RecordId> gone{intruder[0].id};
  snapshot = Snapshot::rebuild(*snapshot, 3, {}, gone);
  EXPECT_FALSE(snapshot->locate("a.test", "/").resource->damaged);
  EXPECT_FALSE(snapshot->locate("a.test", "/s").resource->damaged);
  EXPECT_EQ(located(*snapshot, "a.test", "/x"), "one /x");
}

TEST(Snapshot, a_place_claimed_twice_is_nobodys) {
  const auto snapshot =
      Snapshot::build(1, Records{team_record("plant", "{}"), datasource_record("one", "a.test/x"),
                                 datasource_record("two", "a.test/x"), datasource_record("root", "a.test")});
  EXPECT_TRUE(snapshot->locate("a.test", "/x").resource->damaged);
  EXPECT_TRUE(snapshot->resource("one", Kind::kDatasource)->damaged);
  EXPECT_TRUE(snapshot->resource("two", Kind::kDatasource)->damaged);
  EXPECT_FALSE(snapshot->locate("a.test", "/").resource->damaged);
}

TEST(Snapshot, a_damaged_record_takes_nothing_from_sound_ones) {
  auto moved = datasource_record("moved", "a.test/login");  // tampered: it was elsewhere
  moved.damaged = true;
  auto foreign = datasource_record("foreign", "a.test", R"({"team": "lab"})");
  foreign.damaged = true;
  auto alone = datasource_record("alone", "c.test");
  alone.damaged = true;
  const auto snapshot = Snapshot::build(1, Records{team_record("plant", "{}"), team_record("lab", "{}"), moved, foreign,
                                                   alone, datasource_record("one", "a.test")});
  EXPECT_EQ(located(*snapshot, "a.test", "/login"), "one /login");
  EXPECT_FALSE(snapshot->locate("a.test", "/login").resource->damaged);
  EXPECT_TRUE(snapshot->locate("c.test", "/").resource->damaged) << "known and closed, not unknown";
  EXPECT_TRUE(snapshot->resource("moved", Kind::kDatasource)->damaged);
  EXPECT_EQ(snapshot->resource_count(), 4u);
}

TEST(Snapshot, records_that_do_not_read_are_damaged_alone) {
  for (const char* spec : {"", "{", "[]", "null", "{}", R"({"at": 5})", R"({"team": "plant", "nonsense": 1})"}) {
    auto broken = datasource_record("broken", "b.test");
    broken.spec = spec;
    auto user = user_record("alice");
    user.spec = spec[0] == '{' && spec[1] == '}' ? "{" : spec;
    auto team = team_record("lab", "{}");
    team.spec = user.spec;
    const auto snapshot =
        Snapshot::build(1, Records{broken, user, team, team_record("plant", "{}"), datasource_record("crm", "a.test"),
                                   datasource_record("theirs", "l.test", R"({"team": "lab"})")});
    EXPECT_TRUE(snapshot->resource("broken", Kind::kDatasource)->damaged) << spec;
    EXPECT_NE(snapshot->resource("broken", Kind::kDatasource)->team, nullptr);
    EXPECT_TRUE(snapshot->user(user.id)->damaged) << spec;
    EXPECT_TRUE(snapshot->team("lab")->damaged) << spec;
    EXPECT_TRUE(snapshot->locate("l.test", "/").resource->damaged) << spec;
    EXPECT_FALSE(snapshot->locate("a.test", "/").resource->damaged) << spec;
    const auto mended = Snapshot::rebuild(
        *snapshot, 2, Records{datasource_record("broken", "b.test"), user_record("alice"), team_record("lab", "{}")},
        {});
    EXPECT_FALSE(mended->locate("b.test", "/").resource->damaged) << spec;
    EXPECT_FALSE(mended->locate("l.test", "/").resource->damaged) << spec;
    EXPECT_FALSE(mended->user(user.id)->damaged) << spec;
  }
}

TEST(Snapshot, a_damaged_twin_does_not_take_a_name) {
  auto impostor = user_record("alice", R"({"admin": true})");
  impostor.id = id_of("impostor");
  impostor.damaged = true;
  auto twin_team = team_record("plant", R"({"eve": "owner"})");
  twin_team.id = id_of("twin team");
  const Records records{user_record("alice"), impostor, team_record("plant", R"({"alice": "owner"})"),
                        datasource_record("crm", "a.test")};
  auto snapshot = Snapshot::build(1, records);
  EXPECT_EQ(snapshot->user_by_name_or_email("alice")->id, id_of("alice"));
  EXPECT_EQ(role_of(*snapshot, "crm", "alice"), Role::kOwner);
  EXPECT_EQ(role_of(*snapshot, "crm", "impostor"), Role::kNone);
  EXPECT_FALSE(snapshot->user(id_of("impostor"))->admin);
  snapshot = Snapshot::rebuild(*snapshot, 2, Records{twin_team}, {});
  EXPECT_TRUE(snapshot->team("plant")->damaged) << "two records of one name: neither is believed";
  EXPECT_TRUE(snapshot->locate("a.test", "/").resource->damaged);
  const std::vector<RecordId> gone{twin_team.id};
  snapshot = Snapshot::rebuild(*snapshot, 3, {}, gone);
  EXPECT_EQ(role_of(*snapshot, "crm", "alice"), Role::kOwner);
}

TEST(Snapshot, the_platform_comes_changes_and_goes) {
  auto snapshot = Snapshot::build(1, Records{platform_record(R"({"mfa": "required", "networks": ["10.0.0.0/8"]})")});
  EXPECT_EQ(snapshot->platform().mfa, MfaRule::kRequired);
  EXPECT_FALSE(snapshot->platform_admits({IpAddress::parse("192.0.2.1").value()}));
  snapshot = Snapshot::rebuild(*snapshot, 2, Records{platform_record()}, {});
  EXPECT_EQ(snapshot->platform().mfa, MfaRule::kOptional);
  EXPECT_TRUE(snapshot->platform_admits({IpAddress::parse("192.0.2.1").value()}));
  auto damaged = platform_record();
  damaged.damaged = true;
  snapshot = Snapshot::rebuild(*snapshot, 3, Records{damaged}, {});
  EXPECT_TRUE(snapshot->platform_damaged());
  const std::vector<RecordId> gone{damaged.id};
  EXPECT_FALSE(Snapshot::rebuild(*snapshot, 4, {}, gone)->platform_damaged());
}

TEST(Snapshot, resources_of_a_user) {
  const auto snapshot = Snapshot::build(
      1, Records{
             user_record("alice"), user_record("bob"), team_record("plant", R"({"alice": "viewer", "bob": "owner"})"),
             team_record("lab", R"({"bob": "none"})"), datasource_record("b", "b.test"),
             datasource_record("a", "a.test"), datasource_record("hidden", "h.test", R"({"roles": {"alice": "none"}})"),
             datasource_record("guest", "g.test", R"({"team": "lab", "roles": {"alice": "dashboard"}})"),
             datasource_record("other", "o.test", R"({"team": "lab"})"), instance_record("a", "i.test")});
  const auto names = [&](const char* user) {
    std::vector<std::string> out;
    for (const CompiledResource* resource : snapshot->resources_of(id_of(user)))
      out.push_back(std::string(to_string(resource->kind)) + "/" + resource->name);
    return out;
  };
  EXPECT_THAT(names("alice"), testing::ElementsAre("datasource/a", "instance/a", "datasource/b", "datasource/guest"));
  EXPECT_THAT(names("bob"), testing::ElementsAre("datasource/a", "instance/a", "datasource/b", "datasource/hidden"));
  EXPECT_THAT(names("nobody"), testing::ElementsAre());
}

TEST(Snapshot, a_record_may_change_everything_but_its_id) {
  auto first = datasource_record("crm", "a.test", R"({"roles": {"alice": "owner"}})");
  auto second = instance_record("tool", "b.test/x", R"({"team": "lab", "roles": {"bob": "viewer"}})");
  second.id = first.id;
  auto third = user_record("crm");
  third.id = first.id;
  const Records base{team_record("plant", "{}"), team_record("lab", "{}"), user_record("alice"), user_record("bob"),
                     first};
  auto snapshot = Snapshot::rebuild(*Snapshot::build(1, base), 2, Records{second}, {});
  EXPECT_EQ(located(*snapshot, "a.test", "/"), "-");
  EXPECT_FALSE(snapshot->has_host("a.test"));
  EXPECT_EQ(located(*snapshot, "b.test", "/x"), "tool /");
  EXPECT_EQ(snapshot->resource("crm", Kind::kDatasource), nullptr);
  EXPECT_TRUE(snapshot->resources_of(id_of("alice")).empty());
  EXPECT_EQ(snapshot->resources_of(id_of("bob")).size(), 1u);
  snapshot = Snapshot::rebuild(*snapshot, 3, Records{third}, {});
  EXPECT_EQ(snapshot->resource_count(), 0u);
  EXPECT_EQ(snapshot->user_by_name_or_email("crm")->id, first.id);
  EXPECT_FALSE(snapshot->has_host("b.test"));
}

}  // namespace
}  // namespace sallyport::policy
