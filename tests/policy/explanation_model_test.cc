// What is explained is what is decided: over thousands of random worlds and requests, both come to the same end, and
// the last check that is told says why.
#include <map>
#include <random>
#include <set>

#include "policy/explanation.h"
#include "tests/policy/asking.h"

namespace sallyport::policy {
namespace {

using nlohmann::json;

constexpr const char* kUsers[] = {"alice", "mike", "vera", "dora", "nora", "eve", "root", "sue", "dan", "stranger"};
constexpr const char* kRoleNames[] = {"owner", "member", "viewer", "dashboard"};
constexpr const char* kMethodNames[] = {"GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "REPORT"};
constexpr const char* kPathNames[] = {"/", "/a", "/a/b", "/a/b/c", "/ab", "/A", "/x", "/comms", "/flows", "/ui/x"};
constexpr const char* kPrefixes[] = {"/a", "/a/b", "/x", "/"};
constexpr const char* kNets[] = {"10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "2001:db8::/32"};
constexpr const char* kFrom[] = {"10.1.2.3", "10.9.9.9", "192.0.2.7", "198.51.100.1", "2001:db8::1", "2001:db9::1"};
constexpr const char* kWithin[] = {"1m", "15m", "1h"};

class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  template <size_t N>
  const char* of(const char* const (&words)[N]) {
    return words[static_cast<size_t>(below(N))];
  }
  // Up to `most` different ones.
  template <size_t N>
  json some(const char* const (&words)[N], int least, int most) {
    std::set<std::string> out;
    for (int i = least + below(most - least + 1); i > 0; --i) out.insert(of(words));
    return json(out);
  }

  json networks() { return one_in(3) ? some(kNets, 1, 3) : json::array(); }
  json mfa() { return one_in(2) ? json("required") : json{{"within", of(kWithin)}}; }

  void narrow(json& rule) {
    if (one_in(2)) rule["methods"] = some(kMethodNames, 1, 3);
    if (one_in(4)) rule["networks"] = some(kNets, 1, 3);
  }

  json rule(bool raw) {
    json out{{"roles", some(kRoleNames, 0, 3)}};
    narrow(out);
    if (!raw && one_in(2)) out["paths"] = some(kPrefixes, 1, 2);
    if (one_in(3)) out["mfa"] = mfa();
    return out;
  }

  json area(int index, bool raw) {
    json out{{"name", "n" + std::to_string(index)}, {"paths", raw ? json::array({"/"}) : some(kPrefixes, 1, 2)}};
    narrow(out);
    if (one_in(4)) {
      out["public"] = true;
      return out;
    }
    out["roles"] = some(kRoleNames, 0, 4);
    if (!out["roles"].empty() && one_in(2)) out["read_only_for"] = json::array({out["roles"][0]});
    out["websocket"] = one_in(2);
    if (one_in(3)) out["mfa"] = mfa();
    return out;
  }

  json credentials() {
    json out = json::array();
    for (int i = below(4); i > 0; --i)
      out.push_back(
          {{"roles", some(kRoleNames, 1, 2)}, {"inject", {{"headers", {{"X-Key" + std::to_string(i), "1"}}}}}});
    return out;
  }

  ResourceRecord resource() {
    const bool raw = one_in(6);
    json patch{{"networks", networks()}};
    if (raw) patch["paths_mode"] = "raw";
    if (one_in(3))
      patch["inject"] = {{"headers", {{"X-All", "1"}}}};
    else
      patch["credentials"] = credentials();
    if (one_in(3)) patch["roles"] = {{of(kUsers), one_in(2) ? "none" : of(kRoleNames)}};
    ResourceRecord out;
    if (one_in(2)) {
      for (int i = below(5); i > 0; --i) patch["access"].push_back(rule(raw));
      out = datasource_record("crm", "a.test", patch.dump());
    } else {
      if (!raw && one_in(4)) {
        patch["type"] = "node-red";
        patch.erase("credentials");
      }
      const int count = patch.contains("type") ? 0 : below(5);
      for (int i = 0; i < count; ++i) patch["areas"].push_back(area(i, raw));
      out = instance_record("line1", "a.test", patch.dump());
    }
    json document = json::parse(out.spec);
    document["kind"] = to_string(out.kind);
    document["name"] = out.name;
    EXPECT_EQ(mistakes_of(document), "") << document.dump();
    out.damaged = one_in(30);
    return out;
  }

  std::string common() {
    json out{{"networks", one_in(4) ? networks() : json::array()}};
    if (one_in(4)) out["mfa"] = one_in(2) ? json("required") : json{{"roles", some(kRoleNames, 1, 3)}};
    return out.dump();
  }

  // What of its own makes a person show a second factor.
  void give_factors(std::vector<ResourceRecord>& users) {
    for (ResourceRecord& user : users) {
      if (one_in(8)) user.secrets.push_back({std::string(kFactorsField), {}, 1});
      if (!one_in(8)) continue;
      json spec = json::parse(user.spec);
      spec["mfa"] = "required";
      user.spec = spec.dump();
    }
  }

  std::shared_ptr<const Snapshot> world() {
    std::vector<ResourceRecord> records = people();
    give_factors(records);
    records.push_back(team_record("plant", kMembers, common()));
    json platform = json::parse(common());
    if (one_in(6)) platform["mfa"] = {{"roles", {"admin", of(kRoleNames)}}};
    records.push_back(platform_record(platform.dump()));
    records.back().damaged = one_in(40);
    records.push_back(resource());
    return Snapshot::build(1, records);
  }

  TokenScope scope() {
    TokenScope out;
    if (one_in(4)) out.team = one_in(3) ? "lab" : "plant";
    if (one_in(4)) out.resource = one_in(3) ? "other" : one_in(2) ? "crm" : "line1";
    out.read_only = one_in(4);
    if (one_in(4)) out.path_prefix = of(kPrefixes);
    if (one_in(4)) out.networks = {Cidr::parse(of(kNets)).value()};
    return out;
  }

  Identity identity(const TokenScope& scope) {
    Identity out{.user = id_of(of(kUsers)), .id = {}, .factor_at = {}};
    if (one_in(2)) out.strength = Strength::kMfa;
    if (one_in(3)) {
      out.means = Means::kToken;
      if (!one_in(12)) out.scope = &scope;
    } else if (out.strength == Strength::kMfa && !one_in(5)) {
      out.factor_at = kNow - std::chrono::minutes(below(90) - 5);
    }
    return out;
  }

 private:
  std::mt19937 random_;
};

void expect_same(const Decision& told, const Decision& decided, const std::string& where) {
  EXPECT_EQ(text_of(told), text_of(decided)) << where;
  EXPECT_EQ(told.role, decided.role) << where;
  EXPECT_EQ(told.within, decided.within) << where;
  EXPECT_EQ(told.user, decided.user) << where;
  EXPECT_EQ(told.credential, decided.credential) << where;
  EXPECT_EQ(told.messages, decided.messages) << where;
}

// The last finding that is no note.
Finding last_finding(const Explanation& explanation) {
  Finding out = Finding::kNote;
  for (const Step& step : explanation.steps)
    if (step.finding != Finding::kNote) out = step.finding;
  return out;
}

TEST(ExplanationModel, explains_what_is_decided) {
  std::map<std::string, int> seen;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    Chance chance(seed);
    const auto snapshot = chance.world();
    const CompiledResource* const resource = snapshot->locate("a.test", "/").resource;
    ASSERT_NE(resource, nullptr) << seed;
    for (int i = 0; i < 60; ++i) {
      const TokenScope scope = chance.scope();
      const Identity identity = chance.identity(scope);
      const RequestFacts facts{.snapshot = *snapshot,
                               .resource = *resource,
                               .method = chance.of(kMethodNames),
                               .path = chance.of(kPathNames),
                               .upgrade = chance.one_in(4),
                               .client = {IpAddress::parse(chance.of(kFrom)).value()},
                               .identity = chance.one_in(6) ? nullptr : &identity,
                               .now = kNow};
      const Decision decided = decide(facts);
      const Explanation told = explain(facts);
      const std::string where = "seed " + std::to_string(seed) + " request " + std::to_string(i);
      expect_same(told.decision, decided, where);
      // A public area lets in whom nothing else would: there a check may have failed without a consequence.
      if (std::string_view(decided.reason) != "public area" && decided.outcome == Outcome::kAllow)
        EXPECT_EQ(last_finding(told), Finding::kYes) << where;
      if (decided.outcome == Outcome::kDeny || decided.outcome == Outcome::kSignIn)
        EXPECT_TRUE(std::ranges::any_of(told.steps, [](const Step& step) { return step.finding == Finding::kNo; }))
            << where;
      for (const Step& step : told.steps) EXPECT_FALSE(step.check.empty() || step.text.empty()) << where;
      ++seen[std::string(to_string(decided.outcome)) + " " + decided.reason];
      if (::testing::Test::HasFailure()) return;
    }
  }
  // The worlds are only worth something if every way to decide is met in them, and more than by accident.
  for (const char* way : {"allow rule",
                          "allow area",
                          "allow public area",
                          "allow default",
                          "deny damaged",
                          "deny address",
                          "deny no such user",
                          "deny damaged user",
                          "deny suspended",
                          "deny no role",
                          "deny no rule allows",
                          "deny no area",
                          "deny area: role",
                          "deny area: method",
                          "deny area: address",
                          "deny area: read only",
                          "deny token without scope",
                          "deny token scope: team",
                          "deny token scope: resource",
                          "deny token scope: read only",
                          "deny token scope: path",
                          "deny token scope: address",
                          "deny token without second factor",
                          "step-up second factor",
                          "sign-in nobody is signed in"})
    EXPECT_GE(seen[way], 5) << way;
}

}  // namespace
}  // namespace sallyport::policy
