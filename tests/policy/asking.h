// The world of the decision tests: team plant (alice owner, mike member, vera viewer, dora dashboard, nora none), eve
// without a team, root a platform admin without a team, sue suspended, dan with a damaged record; and a way to ask.
#pragma once

#include <gtest/gtest.h>

#include <span>

#include "policy/decision.h"
#include "tests/policy/world.h"

namespace sallyport::policy {

inline constexpr WallMicros kNow{int64_t{1'700'000'000} * 1'000'000};

inline std::vector<ResourceRecord> people() {
  std::vector<ResourceRecord> records;
  for (const char* name : {"alice", "mike", "vera", "dora", "nora", "eve"}) records.push_back(user_record(name));
  records.push_back(user_record("root", R"({"admin": true})"));
  records.push_back(user_record("sue", R"({"suspended": true})"));
  records.push_back(user_record("dan"));
  records.back().damaged = true;
  return records;
}
// A password that was set at `set`, or nobody knows when.
inline void give_password(ResourceRecord& person, bool change, const char* set = nullptr) {
  nlohmann::json spec = nlohmann::json::parse(person.spec);
  if (change) spec["change_password"] = true;
  if (set != nullptr) spec["password_set"] = set;
  person.spec = spec.dump();
  person.secrets.push_back({"password", {}, 1});
}

inline constexpr const char* kMembers = R"({"alice": "owner", "mike": "member", "vera": "viewer", "dora": "dashboard",
                                     "nora": "none", "sue": "owner", "dan": "owner"})";

inline std::shared_ptr<const Snapshot> world_of(ResourceRecord resource, std::string_view team = "{}",
                                                std::string_view platform = "{}") {
  std::vector<ResourceRecord> records = people();
  records.push_back(team_record("plant", kMembers, team));
  records.push_back(platform_record(platform));
  records.push_back(std::move(resource));
  return Snapshot::build(1, records);
}

// Who asks: "-" nobody, "alice", "alice+mfa" with a factor just now, "alice+mfa5m" that long ago, "alice@token" with an
// unlimited token, "alice@token+mfa".
struct Asker {
  explicit Asker(std::string_view text) {
    present = text != "-";
    identity.user = id_of(text.substr(0, text.find_first_of("+@")));
    if (text.find("@token") != text.npos) {
      identity.means = Means::kToken;
      identity.scope = &scope;
    }
    const size_t mfa = text.find("+mfa");
    if (mfa == text.npos) return;
    identity.strength = Strength::kMfa;
    const auto age = std::chrono::minutes{std::atoi(std::string(text.substr(mfa + 4)).c_str())};
    if (identity.means == Means::kSession) identity.factor_at = kNow - age;
  }
  TokenScope scope;
  Identity identity;
  bool present = false;
};

struct Request {
  const char* who;
  const char* method;
  const char* path;
  const char* from = "10.1.2.3";
  bool upgrade = false;
};

inline Decision decide_for(const Snapshot& snapshot, const CompiledResource& resource, const Request& request,
                           const Asker& asker) {
  return decide({.snapshot = snapshot,
                 .resource = resource,
                 .method = request.method,
                 .path = request.path,
                 .upgrade = request.upgrade,
                 .client = {IpAddress::parse(request.from).value()},
                 .identity = asker.present ? &asker.identity : nullptr,
                 .now = kNow});
}

// "allow 1 rule", "deny -1 no role": outcome, index, reason.
inline std::string text_of(const Decision& decision) {
  return std::string(to_string(decision.outcome)) + " " + std::to_string(decision.rule) + " " + decision.reason;
}

struct Row {
  Request request;
  const char* expected;
};

inline void expect_rows(const Snapshot& snapshot, std::span<const Row> rows) {
  const Place place = snapshot.locate("a.test", "/");
  ASSERT_NE(place.resource, nullptr);
  for (const Row& row : rows) {
    const Asker asker(row.request.who);
    const Decision decision = decide_for(snapshot, *place.resource, row.request, asker);
    EXPECT_EQ(text_of(decision), row.expected)
        << row.request.who << " " << row.request.method << " " << row.request.path << " from " << row.request.from
        << (row.request.upgrade ? " upgrade" : "");
  }
}

inline constexpr const char* kAreas = R"({"areas": [
    {"name": "hooks", "paths": ["/hooks"], "public": true, "methods": ["POST"]},
    {"name": "lan", "paths": ["/lan"], "public": true, "networks": ["10.0.0.0/8"]},
    {"name": "closed", "paths": ["/admin"], "roles": []},
    {"name": "dashboard", "paths": ["/dashboard", "/ui"], "roles": ["owner", "member", "viewer", "dashboard"]},
    {"name": "settings", "paths": ["/settings"], "roles": ["owner"], "methods": ["GET", "PUT"], "networks": ["10.0.0.0/8"], "mfa": {"within": "5m"}},
    {"name": "live", "paths": ["/live"], "roles": ["owner", "viewer"], "read_only_for": ["viewer"], "websocket": true},
    {"name": "editor", "paths": ["/flows"], "roles": ["owner", "member", "viewer"], "read_only_for": ["viewer"]}],
    "credentials": [
    {"roles": ["owner", "member"], "inject": {"headers": {"X-Full": "1"}}},
    {"roles": ["viewer"], "inject": {"headers": {"X-Read": "1"}}}]})";

inline std::string credential_of(const Snapshot& snapshot, const Request& request) {
  const Asker asker(request.who);
  const Decision decision = decide_for(snapshot, *snapshot.locate("a.test", "/").resource, request, asker);
  std::string out = decision.user ? decision.user->name : "-";
  out += " " + std::string(to_string(decision.role));
  return out + " " + (decision.credential ? decision.credential->inject.headers[0].name : "-");
}

}  // namespace sallyport::policy
