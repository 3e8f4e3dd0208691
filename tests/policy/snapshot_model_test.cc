// A snapshot that was rebuilt a thousand times is the one that is built from the records as they are now.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/policy/world.h"

namespace sallyport::policy {
namespace {

// All that can be asked of it, as text.
std::string picture(const Snapshot& snapshot) {
  std::string out = std::to_string(snapshot.resource_count()) + (snapshot.platform_damaged() ? " damaged\n" : "\n");
  for (int h = 0; h < 4; ++h) {
    const std::string host = "h" + std::to_string(h) + ".test";
    out += host + (snapshot.has_host(host) ? " here" : " -");
    for (const std::string path :
         {"/", "/p0", "/p0/p1", "/p1/x", "/p7/p1", "/p8", "/p9/x/y", "/p10", "/p11/p1/x", "/p12"}) {
      const Place place = snapshot.locate(host, path);
      if (!place.resource) {
        out += " -";
        continue;
      }
      const CompiledResource& resource = *place.resource;
      // Who of several damaged claimants stands at a place is nobody's business.
      out += resource.damaged ? " damaged" : " " + resource.name + std::string(place.path);
      for (int u = 0; u < 4 && !resource.damaged; ++u)
        out += ":" + std::string(to_string(role_on(resource, id_of("u" + std::to_string(u))))) + "," +
               std::string(to_string(role_on(resource, id_of("service_account/u" + std::to_string(u)))));
    }
    out += "\n";
  }
  for (int u = 0; u < 4; ++u) {
    const std::string name = "u" + std::to_string(u);
    const CompiledUser* user = snapshot.user_by_name_or_email(name);
    out += name + (!user ? " -" : user->damaged ? " damaged" : " here");
    for (const CompiledResource* resource : snapshot.resources_of(id_of(name))) out += " " + resource->name;
    out += "\n";
  }
  for (int t = 0; t < 3; ++t) {
    for (const CompiledUser* account : snapshot.accounts_of("t" + std::to_string(t)))
      out += account->name + (account->damaged ? " damaged " : " here ");
    const CompiledTeam* team = snapshot.team("t" + std::to_string(t));
    out += !team ? "-\n" : team->damaged ? "damaged\n" : std::to_string(team->members.size()) + "\n";
  }
  for (int r = 0; r < 30; ++r) {
    const CompiledResource* resource = snapshot.resource("r" + std::to_string(r), Kind::kDatasource);
    out += !resource ? "-" : resource->damaged ? "damaged " : resource->spec.at.host + resource->spec.at.prefix + " ";
  }
  return out;
}

class Chance {
 public:
  // Crowded: nearly all resources are of one team on one host.
  Chance(unsigned seed, bool crowded) : random_(seed), crowded_(crowded) {}
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string one_of(const char* letter, int n) { return letter + std::to_string(below(n)); }

  ResourceRecord record() {
    static constexpr const char* kRoles[] = {"owner", "member", "viewer", "none"};
    ResourceRecord out;
    switch (below(9)) {
      case 0:
        out = user_record(one_of("u", 4));
        break;
      case 1: {
        nlohmann::json members = nlohmann::json::object();
        for (int i = below(4); i > 0; --i) members[one_of("u", 4)] = kRoles[below(4)];
        out = team_record(one_of("t", 3), members.dump());
        break;
      }
      case 2:
        out = platform_record();
        break;
      case 3:  // its name may be a user's, which is nobody's then
        out = record_of({{"kind", "service_account"},
                         {"name", one_of("u", 4)},
                         {"team", one_of("t", 3)},
                         {"role", kRoles[below(4)]}});
        break;
      default: {
        nlohmann::json patch = {{"team", crowded_ && below(30) ? "t0" : one_of("t", 3)}};
        if (below(2)) patch["roles"][one_of("u", 4)] = kRoles[below(4)];
        std::string at = (crowded_ && below(30) ? "h0" : one_of("h", 4)) + ".test";
        if (below(8)) at += one_of("/p", crowded_ ? 40 : 2);
        if (below(4) == 0) at += "/p1";
        out = datasource_record(one_of("r", crowded_ ? 30 : 8), at, patch.dump());
      }
    }
    if (below(crowded_ ? 60 : 12) == 0) out.damaged = true;
    if (below(crowded_ ? 60 : 20) == 0) out.spec = "{\"broken\": 1}";
    return out;
  }

 private:
  std::mt19937 random_;
  bool crowded_;
};

void expect_same(bool crowded, unsigned seeds) {
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    Chance chance(seed, crowded);
    std::map<RecordId, ResourceRecord> store;
    auto snapshot = Snapshot::build(0, {});
    for (uint64_t generation = 1; generation <= 100; ++generation) {
      std::vector<ResourceRecord> changed;
      std::vector<RecordId> deleted;
      for (int i = chance.below(4); i >= 0; --i) changed.push_back(chance.record());
      if (!store.empty() && chance.below(3) == 0)
        deleted.push_back(std::next(store.begin(), chance.below(static_cast<int>(store.size())))->first);
      std::erase_if(deleted, [&](const RecordId& id) {
        return std::ranges::any_of(changed, [&](const ResourceRecord& record) { return record.id == id; });
      });
      for (const RecordId& id : deleted) store.erase(id);
      for (const ResourceRecord& record : changed) store[record.id] = record;
      snapshot = Snapshot::rebuild(*snapshot, generation, changed, deleted);
      std::vector<ResourceRecord> all;
      for (const auto& [id, record] : store) all.push_back(record);
      ASSERT_EQ(picture(*snapshot), picture(*Snapshot::build(generation, all)))
          << "seed " << seed << " at " << generation;
    }
  }
}

TEST(SnapshotModel, rebuilding_gives_what_building_gives) { expect_same(false, 20); }
TEST(SnapshotModel, on_a_crowded_host_too) { expect_same(true, 20); }

}  // namespace
}  // namespace sallyport::policy
