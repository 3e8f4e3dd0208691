// What the gateway does for every request before it forwards (identify, locate, addresses, authorise), in a large
// installation beside a small one: 100,000 routes, 1,000,000 sessions and 1,000,000 networks beside ten of each.
//
// Two different questions. "The same N": both are asked for the same N routes, sessions and addresses in turn, so what
// they touch is in the processor's caches: the difference is what the structures cost by being large. (From some ten
// on, what is hot lies in more pages of the large one than the first level of the TLB has entries, and that begins to
// show.) "All": the large one is asked for others each time, so that every look-up misses the caches: that is what
// memory costs, whatever the structure.
//
// Small and large take turns in short slices of CPU time, and a ratio is the median of those of all pairs of slices:
// whatever else the machine does hits both.
#include <benchmark/benchmark.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/random.h"
#include "policy/decision.h"
#include "storage/session_table.h"

namespace {

using namespace sallyport;
using namespace sallyport::policy;

constexpr WallMicros kNow{1'700'000'000'000'000};
constexpr size_t kPeople = 20;
constexpr size_t kAsked = size_t{1} << 16;  // questions of "all"
constexpr int kPairs = 400;
constexpr int kSlice = 4000;  // questions in a row

struct Sizes {
  size_t routes, sessions, networks;
};
constexpr Sizes kSmall{10, 10, 10};
constexpr Sizes kLarge{100'000, 1'000'000, 1'000'000};

// The processor's time of this thread, so that what others take of the machine is not counted.
double cpu_seconds() {
  timespec at{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double whole = 0;
  double resident = 0;
  statm >> whole >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

RecordId id_of(uint64_t number) {
  std::mt19937_64 random(number);
  RecordId id;
  for (std::byte& byte : id.bytes) byte = static_cast<std::byte>(random());
  return id;
}

ResourceRecord record_of(uint64_t number, Kind kind, std::string name, const nlohmann::json& spec) {
  ResourceRecord record;
  record.id = id_of(number);
  record.kind = kind;
  record.name = std::move(name);
  record.spec = spec.dump();
  return record;
}

std::string host_of(size_t route) { return "r" + std::to_string(route) + ".apps.localhost"; }

ResourceRecord route(size_t index) {
  return record_of(
      1000 + index, Kind::kDatasource, "r" + std::to_string(index),
      {{"team", "plant"},
       {"type", "http"},
       {"at", host_of(index)},
       {"upstream", {{"url", "https://127.0.0.1:9444/v1"}}},
       {"access",
        {{{"roles", {"owner", "member"}}}, {{"roles", {"viewer"}}, {"methods", {"GET"}}, {"paths", {"/reports"}}}}}});
}

// The networks lie apart, so that none is merged with its neighbour: 1.0.0.0/30, 1.0.0.8/30, ...
std::string network_of(size_t index) {
  const size_t number = (size_t{1} << 24) + index * 8;
  return std::to_string(number >> 24) + "." + std::to_string(number >> 16 & 255) + "." +
         std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255);
}

struct Question {
  std::string host;
  Sha256 session;
  ClientAddress client;
};

struct World {
  explicit World(const Sizes& given) : sizes(given) {
    std::vector<ResourceRecord> records;
    nlohmann::json members;
    for (uint64_t user = 0; user < kPeople; ++user) {
      records.push_back(record_of(user, Kind::kUser, "u" + std::to_string(user), nlohmann::json::object()));
      members["u" + std::to_string(user)] = user % 2 ? "viewer" : "member";
    }
    nlohmann::json networks;
    for (size_t i = 0; i < sizes.networks; ++i) networks.push_back(network_of(i) + "/30");
    records.push_back(record_of(500, Kind::kTeam, "plant", {{"members", members}, {"networks", networks}}));
    for (size_t i = 0; i < sizes.routes; ++i) records.push_back(route(i));
    const double before = resident_bytes();
    const double began = cpu_seconds();
    snapshot = Snapshot::build(1, records);
    build_seconds = cpu_seconds() - began;
    snapshot_bytes = resident_bytes() - before;
    fill_sessions();
  }

  void fill_sessions() {
    storage::SessionRecord record;
    record.last_seen_at = record.created_at = kNow;
    record.absolute_end = kNow + std::chrono::hours(24 * 14);
    record.idle = std::chrono::hours(12);
    keys.resize(sizes.sessions);
    const double before = resident_bytes();
    for (size_t i = 0; i < sizes.sessions; ++i) {
      keys[i] = record.id_hash = Sha256{random_bytes<32>()};
      record.id = record.family = RecordId::random();
      record.user = id_of(i % kPeople);
      record.host = host_of(i % sizes.routes);
      sessions.insert(record);
    }
    session_bytes = resident_bytes() - before;
  }

  Question question(size_t session, size_t network) const {
    return {host_of(session % sizes.routes), keys[session],
            ClientAddress{IpAddress::parse(network_of(network)).value()}};
  }
  std::vector<Question> same(size_t count) const {
    std::vector<Question> out;
    for (size_t i = 0; i < count; ++i) out.push_back(question(i, i * (sizes.networks / count)));
    return out;
  }
  std::vector<Question> all() const {
    std::mt19937_64 random(3);
    std::vector<Question> out;
    for (size_t i = 0; i < kAsked; ++i) out.push_back(question(random() % sizes.sessions, random() % sizes.networks));
    return out;
  }

  Sizes sizes;
  std::shared_ptr<const Snapshot> snapshot;
  storage::SessionTable sessions;
  std::vector<Sha256> keys;
  double build_seconds = 0;
  double snapshot_bytes = 0;
  double session_bytes = 0;
};

enum class Part { kWhole, kIdentify, kLocate, kAddresses, kAuthorise };

// One request's share; false would be a mistake of this program.
template <Part part>
bool ask(World& world, const Question& question, const Identity& known, const CompiledResource* found) {
  constexpr bool kAll = part == Part::kWhole;
  Identity identity = known;
  if constexpr (kAll || part == Part::kIdentify) {
    const auto session = world.sessions.find(question.session, question.host, kNow);
    if (!session) return false;
    identity.user = session->user;
    identity.id = session->id;
  }
  Place place{found, "/reports/2024"};
  if constexpr (kAll || part == Part::kLocate) place = world.snapshot->locate(question.host, "/reports/2024");
  if (place.resource == nullptr) return false;
  if constexpr (kAll || part == Part::kAddresses)
    if (!address_allowed(*world.snapshot, *place.resource, question.client)) return false;
  if constexpr (kAll || part == Part::kAuthorise) {
    const Decision decision = decide({.snapshot = *world.snapshot,
                                      .resource = *place.resource,
                                      .method = "GET",
                                      .path = place.path,
                                      .upgrade = false,
                                      .client = question.client,
                                      .identity = &identity,
                                      .now = kNow});
    if (decision.outcome != Outcome::kAllow) return false;
  }
  benchmark::DoNotOptimize(identity);
  benchmark::DoNotOptimize(place);
  return true;
}

// Nanoseconds per question over one slice.
template <Part part>
double slice(World& world, const std::vector<Question>& questions, size_t& at) {
  Identity identity;
  identity.user = id_of(1);
  const CompiledResource* const found = world.snapshot->locate(host_of(0), "/").resource;
  const double began = cpu_seconds();
  for (int i = 0; i < kSlice; ++i) {
    if (!ask<part>(world, questions[at], identity, found)) {
      std::fprintf(stderr, "a question was denied\n");
      std::exit(1);
    }
    if (++at == questions.size()) at = 0;
  }
  return (cpu_seconds() - began) * 1e9 / kSlice;
}

double quantile(std::vector<double> values, double part) {
  std::ranges::sort(values);
  return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
}

template <Part part>
void compare(const char* name, World& small, World& large, const std::vector<Question>& of_small,
             const std::vector<Question>& of_large) {
  std::vector<double> smalls;
  std::vector<double> larges;
  std::vector<double> ratios;
  size_t at_small = 0;
  size_t at_large = 0;
  slice<part>(small, of_small, at_small);
  slice<part>(large, of_large, at_large);
  for (int pair = 0; pair < kPairs; ++pair) {
    double a = 0;
    double b = 0;
    if (pair % 2 == 0) a = slice<part>(small, of_small, at_small);
    b = slice<part>(large, of_large, at_large);
    if (pair % 2 != 0) a = slice<part>(small, of_small, at_small);
    smalls.push_back(a);
    larges.push_back(b);
    ratios.push_back(b / a);
  }
  std::printf("%-34s %7.1f ns %9.1f ns   %.3f (%.3f-%.3f)\n", name, quantile(smalls, 0.5), quantile(larges, 0.5),
              quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75));
}

void compare_parts(World& small, World& large, const std::vector<Question>& of_small,
                   const std::vector<Question>& of_large) {
  compare<Part::kIdentify>("    identify", small, large, of_small, of_large);
  compare<Part::kLocate>("    locate", small, large, of_small, of_large);
  compare<Part::kAddresses>("    addresses", small, large, of_small, of_large);
  compare<Part::kAuthorise>("    authorise", small, large, of_small, of_large);
}

// A change of one route until its snapshot is there; in the gateway, the store and the workers come on top of it.
void change_one(const World& world) {
  const ResourceRecord changed = route(5);
  std::vector<double> milliseconds;
  for (int i = 0; i < 20; ++i) {
    const double began = cpu_seconds();
    const auto next = Snapshot::rebuild(*world.snapshot, 2, std::span(&changed, 1), {});
    milliseconds.push_back((cpu_seconds() - began) * 1e3);
  }
  std::printf("a new snapshot for a change of one: %.2f ms (median of 20)\n", quantile(milliseconds, 0.5));
}

}  // namespace

int main() {
  World small(kSmall);
  World large(kLarge);
  std::printf("%zu routes, %zu networks: built in %.2f s of CPU, %.0f MiB; %zu sessions: %.0f MiB\n", kLarge.routes,
              kLarge.networks, large.build_seconds, large.snapshot_bytes / 1048576, kLarge.sessions,
              large.session_bytes / 1048576);
  change_one(large);
  std::printf("%-34s %10s %12s   %s\n", "per request", "ten", "large", "median ratio (middle half)");
  for (const size_t same : {1, 2, 4, 10}) {
    const auto of_small = small.same(same);
    const auto of_large = large.same(same);
    std::printf("the same %zu\n", same);
    compare<Part::kWhole>("  all four", small, large, of_small, of_large);
    if (same == 4) compare_parts(small, large, of_small, of_large);
  }
  const auto ten = small.same(10);
  const auto all = large.all();
  std::printf("all\n");
  compare<Part::kWhole>("  all four", small, large, ten, all);
  compare_parts(small, large, ten, all);
}
