// Where a request goes: the gate, a resource with the path that is matched there, or nowhere.
#include "policy/find_place.h"

#include "tests/policy/asking.h"

namespace sallyport::policy {
namespace {

// "gate /x", "crm /x", or the error.
std::string found_at(const Snapshot& snapshot, std::string_view host, std::string_view path) {
  std::string scratch;
  FoundPlace found;
  const auto placed = find_place(snapshot, "gate.test", host, path, scratch, found);
  if (!placed) return placed.error().what;
  return (found.at_gate ? "gate" : found.resource->name) + " " + std::string(found.path);
}

TEST(FindPlace, finds_the_gate_the_resource_or_says_why_not) {
  std::vector<ResourceRecord> records = people();
  records.push_back(team_record("plant", kMembers));
  records.push_back(datasource_record("crm", "a.test"));
  records.push_back(datasource_record("part", "b.test/api"));
  records.push_back(datasource_record("rawly", "c.test/r", R"({"paths_mode": "raw"})"));
  const auto snapshot = Snapshot::build(1, records);
  struct {
    const char* host;
    const char* path;
    const char* expected;
  } const rows[] = {
      {"a.test", "/", "crm /"},
      {"a.test", "/%61/b", "crm /a/b"},
      {"a.test", "/a/../b", "dot segment in the path"},
      {"a.test", "/.sallyport/callback", "gate /.sallyport/callback"},
      {"a.test", "/%2esallyport/x", "gate /.sallyport/x"},
      {"a.test", "/.sallyportx", "crm /.sallyportx"},
      {"b.test", "/api", "part /"},
      {"b.test", "/api/x", "part /x"},
      {"b.test", "/apix", "nothing is served at this address"},
      {"b.test", "/.sallyport", "gate /.sallyport"},
      {"c.test", "/r/a%2Fb//c", "rawly /a%2Fb//c"},
      {"c.test", "/r/../x", "rawly /../x"},
      {"c.test", "/r%zz", "bad percent sign in the path"},
      {"d.test", "/", "nothing is served at this address"},
      {"d.test", "/.sallyport/login", "nothing is served at this address"},
      {"gate.test", "/", "gate /"},
      {"gate.test", "/any/thing", "gate /any/thing"},
      {"gate.test", "/a//b", "empty path segment"},
  };
  for (const auto& row : rows) EXPECT_EQ(found_at(*snapshot, row.host, row.path), row.expected) << row.host << row.path;
}

TEST(FindPlace, the_gate_is_behind_the_platforms_list_and_on_a_host_behind_its_resource_too) {
  const auto snapshot = world_of(datasource_record("crm", "a.test", R"({"networks": ["10.0.0.0/8"]})"), "{}",
                                 R"({"networks": ["10.0.0.0/8", "192.0.2.0/24"]})");
  struct {
    const char* host;
    const char* from;
    bool allowed;
  } const rows[] = {{"gate.test", "10.1.1.1", true},      {"gate.test", "192.0.2.1", true},
                    {"gate.test", "198.51.100.1", false}, {"a.test", "10.1.1.1", true},
                    {"a.test", "192.0.2.1", false},       {"a.test", "198.51.100.1", false}};
  for (const auto& row : rows) {
    std::string scratch;
    FoundPlace found;
    ASSERT_TRUE(find_place(*snapshot, "gate.test", row.host, "/.sallyport/login", scratch, found));
    EXPECT_EQ(address_allowed(*snapshot, found, {IpAddress::parse(row.from).value()}), row.allowed)
        << row.host << row.from;
  }
}

TEST(FindPlace, serves_no_method_that_echoes_or_tunnels) {
  for (const char* method : {"TRACE", "TRACK", "CONNECT", "trace", "Connect"})
    EXPECT_FALSE(is_served(method)) << method;
  for (const char* method : {"GET", "POST", "get", "PROPFIND", "X", "TRACER"}) EXPECT_TRUE(is_served(method)) << method;
}

}  // namespace
}  // namespace sallyport::policy
