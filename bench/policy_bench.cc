// What the gateway decides for every request: where it goes, whether the address may, and whether the person may.
// Beside ten routes stand 100,000, asked in turn (every look-up cold) and always for the same one (warm).
#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>
#include <random>

#include "policy/decision.h"

namespace {

using namespace sallyport;
using namespace sallyport::policy;

RecordId id_of(uint64_t number) {
  // Ids are random bits; so are these.
  std::mt19937_64 random(number);
  RecordId id;
  for (std::byte& byte : id.bytes) byte = static_cast<std::byte>(random());
  return id;
}

ResourceRecord record_of(uint64_t number, Kind kind, std::string name, nlohmann::json spec) {
  ResourceRecord record;
  record.id = id_of(number);
  record.kind = kind;
  record.name = std::move(name);
  record.spec = spec.dump();
  return record;
}

ResourceRecord route(size_t index, bool one_host, size_t networks) {
  const std::string name = "r" + std::to_string(index);
  nlohmann::json spec = {
      {"team", "plant"},
      {"type", "http"},
      {"at", one_host ? "apps.localhost/" + name : name + ".apps.localhost"},
      {"upstream", {{"url", "https://127.0.0.1:9444/v1"}}},
      {"access",
       {{{"roles", {"owner", "member"}}},
        {{"roles", {"viewer"}}, {"methods", {"GET"}}, {"paths", {"/reports"}}, {"networks", {"10.0.0.0/8"}}}}}};
  for (size_t i = 0; i < networks; ++i)
    spec["networks"].push_back("10." + std::to_string(i % 256) + "." + std::to_string(i / 256 % 256) + "." +
                               std::to_string(i / 65536 % 64 * 4) + "/30");
  return record_of(1000 + index, Kind::kDatasource, name, std::move(spec));
}

std::vector<ResourceRecord> records_of(size_t routes, bool one_host, size_t networks = 0) {
  std::vector<ResourceRecord> records;
  for (uint64_t user = 0; user < 20; ++user) {
    records.push_back(record_of(user, Kind::kUser, "u" + std::to_string(user), {{"email", "u@example.test"}}));
    records.back().spec = "{}";
  }
  nlohmann::json members;
  for (int user = 0; user < 20; ++user) members["u" + std::to_string(user)] = user % 2 ? "viewer" : "member";
  records.push_back(record_of(500, Kind::kTeam, "plant", {{"members", members}}));
  for (size_t i = 0; i < routes; ++i) records.push_back(route(i, one_host, networks));
  return records;
}

struct Question {
  std::string host;
  std::string path;
};

std::vector<Question> questions_of(size_t routes, bool one_host) {
  std::mt19937 random(1);
  std::vector<Question> out;
  for (size_t i = 0; i < 4096; ++i) {
    const std::string name = "r" + std::to_string(random() % routes);
    out.push_back(
        {one_host ? "apps.localhost" : name + ".apps.localhost", (one_host ? "/" + name : "") + "/reports/2024"});
  }
  return out;
}

// One whole question; false would be a mistake of the bench.
bool ask(const Snapshot& snapshot, const Question& question, const Identity& identity, const ClientAddress& client) {
  const Place place = snapshot.locate(question.host, question.path);
  if (!place.resource || !address_allowed(snapshot, *place.resource, client)) return false;
  const Decision decision = decide({.snapshot = snapshot,
                                    .resource = *place.resource,
                                    .method = "GET",
                                    .path = place.path,
                                    .upgrade = false,
                                    .client = client,
                                    .identity = &identity,
                                    .now = WallMicros{1}});
  return decision.outcome == Outcome::kAllow;
}

void ask_in_turn(benchmark::State& state, bool one_host, size_t different, size_t networks = 0) {
  const auto routes = static_cast<size_t>(state.range(0));
  const auto snapshot = Snapshot::build(1, records_of(routes, one_host, networks));
  const auto questions = questions_of(routes, one_host);
  Identity identity;
  identity.user = id_of(1);  // a viewer: the second rule decides
  const ClientAddress client{IpAddress::parse("10.0.0.1").value()};
  size_t at = 0;
  for (auto _ : state) {
    if (!ask(*snapshot, questions[at], identity, client)) return state.SkipWithError("denied");
    at = (at + 1) % different;
  }
}

void same_route(benchmark::State& state) { ask_in_turn(state, false, 1); }
void hosts_in_turn(benchmark::State& state) { ask_in_turn(state, false, 4096); }
void places_of_one_host_in_turn(benchmark::State& state) { ask_in_turn(state, true, 4096); }
BENCHMARK(same_route)->Arg(10)->Arg(100'000);
BENCHMARK(hosts_in_turn)->Arg(10)->Arg(100'000);
BENCHMARK(places_of_one_host_in_turn)->Arg(10)->Arg(100'000);

void one_route_with_address_rules(benchmark::State& state) {
  const auto snapshot = Snapshot::build(1, records_of(1, false, static_cast<size_t>(state.range(0))));
  const auto questions = questions_of(1, false);
  Identity identity;
  identity.user = id_of(1);
  const ClientAddress client{IpAddress::parse("10.0.0.1").value()};
  for (auto _ : state) {
    if (!ask(*snapshot, questions[0], identity, client)) return state.SkipWithError("denied");
  }
}
BENCHMARK(one_route_with_address_rules)->Arg(10)->Arg(1'000'000);

void build_all(benchmark::State& state) {
  const auto records = records_of(static_cast<size_t>(state.range(0)), false);
  for (auto _ : state) benchmark::DoNotOptimize(Snapshot::build(1, records));
}
BENCHMARK(build_all)->Arg(100'000)->Unit(benchmark::kMillisecond);

void rebuild_one(benchmark::State& state) {
  const auto snapshot = Snapshot::build(1, records_of(static_cast<size_t>(state.range(0)), state.range(1) == 1));
  const ResourceRecord changed = route(5, state.range(1) == 1, 0);
  for (auto _ : state) benchmark::DoNotOptimize(Snapshot::rebuild(*snapshot, 2, std::span(&changed, 1), {}));
}
BENCHMARK(rebuild_one)->Args({10, 0})->Args({100'000, 0})->Args({100'000, 1})->Unit(benchmark::kMicrosecond);

void rebuild_team_of_all(benchmark::State& state) {
  const auto records = records_of(static_cast<size_t>(state.range(0)), false);
  const auto snapshot = Snapshot::build(1, records);
  const ResourceRecord team = records[20];
  for (auto _ : state) benchmark::DoNotOptimize(Snapshot::rebuild(*snapshot, 2, std::span(&team, 1), {}));
}
BENCHMARK(rebuild_team_of_all)->Arg(100'000)->Unit(benchmark::kMillisecond);

void read_one_resource(benchmark::State& state) {
  nlohmann::json document = nlohmann::json::parse(route(1, false, 1).spec);
  document["kind"] = "datasource";
  document["name"] = "r1";
  for (auto _ : state) benchmark::DoNotOptimize(read_resource(document));
}
BENCHMARK(read_one_resource);

}  // namespace

BENCHMARK_MAIN();
