#include "sso/token_wish.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/http/cookie.h"
#include "base/shape.h"
#include "base/units.h"
#include "policy/texts.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr size_t kFormFieldsMax = 16;
constexpr int64_t kNetworksMax = 64;
constexpr const char* kNetworkWords = "must be an address or a network like 10.0.0.0/8, with no bits behind the prefix";

Fault check_life(std::string_view text) {
  const auto life = parse_token_life(text);
  return life ? Fault{} : Fault{life.error().what};
}
Fault check_name(std::string_view text) {
  return is_token_name(text) ? Fault{} : Fault{"must be 1 to 100 bytes without control characters"};
}
Fault check_path(std::string_view text) {
  const auto path = policy::parse_rule_path(text);
  return path ? Fault{} : Fault{path.error().what};
}
Fault check_network(std::string_view text) { return Cidr::parse(text) ? Fault{} : Fault{kNetworkWords}; }

constexpr Shape kTokenName = text_shape("a name", check_name, {}, kTokenNameBytesMax);
constexpr Shape kLife = text_shape("a time like 12h or 30d", check_life);
constexpr Shape kLifeOrNone = or_null(kLife);
constexpr Shape kPlace = or_null(text_shape("a name", nullptr));
constexpr Shape kPath = or_null(text_shape("a path like /reports", check_path));
constexpr Shape kNetwork = text_shape("a network like 10.0.0.0/8", check_network);
constexpr Shape kNetworks = or_null(list_shape(&kNetwork, 0, kNetworksMax));
constexpr Key kWishKeys[] = {
    {"name", &kTokenName, Need::kRequired, "what it is called in lists"},
    {"expires", &kLife, Need::kRequired, "how long it counts: 12h, 30d"},
    {"team", &kPlace, Need::kOptional, "only resources of this team"},
    {"resource", &kPlace, Need::kOptional, "only this resource"},
    {"path", &kPath, Need::kOptional, "only paths under this one"},
    {"networks", &kNetworks, Need::kOptional, "only from these addresses"},
    {"read_only", &kBoolShape, Need::kOptional, "only GET, HEAD and OPTIONS"},
    {"api", &kBoolShape, Need::kOptional, "may use the gate's API"},
    {"admin", &kBoolShape, Need::kOptional, "may use the person's admin right"},
};
constexpr Shape kWish = object_shape(kWishKeys);
constexpr Key kRotationKeys[] = {{"overlap", &kLifeOrNone, Need::kOptional, "how long the old one counts on (1h)"},
                                 {"expires", &kLifeOrNone, Need::kOptional, "how long the new one counts"}};
constexpr Shape kRotation = object_shape(kRotationKeys);

std::string word_at(const json& object, std::string_view key) { return std::string(text_at(object, key).value_or("")); }

std::vector<std::string> words_of(std::string_view text) {
  constexpr std::string_view kBetween = " ,;\t\r\n";
  std::vector<std::string> out;
  for (size_t from = text.find_first_not_of(kBetween); from != text.npos; from = text.find_first_not_of(kBetween)) {
    text.remove_prefix(from);
    const size_t end = std::min(text.find_first_of(kBetween), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

class Judge {
 public:
  Judge(const TokenWish& wish, const policy::CompiledUser& user, const policy::Snapshot& snapshot)
      : wish_(wish), user_(user), snapshot_(snapshot) {}

  std::expected<NewToken, Mistakes> run(policy::Strength strength) && {
    out_.owner = user_.id;
    out_.whose = "user " + user_.name;
    out_.name = wish_.name;
    out_.strength = strength;
    if (const Fault fault = check_name(wish_.name)) complain("name", fault.message, fault.code);
    read_life();
    read_scope();
    read_place();
    if (!mistakes_.empty()) return std::unexpected(std::move(mistakes_));
    return std::move(out_);
  }

 private:
  void complain(std::string path, std::string message, const char* code) {
    mistakes_.push_back({std::move(path), std::move(message), code, "", 0});
  }

  void read_life() {
    const std::chrono::seconds max = rules_of(snapshot_.platform()).life_max;
    const auto life = parse_token_life(wish_.expires);
    if (!life) return complain("expires", life.error().what, "invalid_value");
    if (life->count() <= 0 || *life > max)
      return complain("expires", "must be between 1s and " + to_duration_text(max), "out_of_range");
    out_.life = *life;
  }

  void read_scope() {
    out_.scope.read_only = wish_.read_only;
    out_.scope.api = wish_.api;
    out_.scope.admin = wish_.admin;
    if (wish_.admin && !user_.admin) complain("admin", "only an administrator's token can have this right", "denied");
    if (!wish_.path.empty()) {
      if (auto path = policy::parse_rule_path(wish_.path))
        out_.scope.path_prefix = *std::move(path);
      else
        complain("path", path.error().what, "invalid_value");
    }
    if (wish_.networks.size() > size_t{kNetworksMax}) complain("networks", "must be at most 64", "out_of_range");
    for (size_t i = 0; i < wish_.networks.size(); ++i) {
      if (const auto network = Cidr::parse(wish_.networks[i]))
        out_.scope.networks.push_back(*network);
      else
        complain("networks[" + std::to_string(i) + "]", kNetworkWords, "invalid_value");
    }
  }

  void read_place() {
    out_.scope.team = wish_.team;
    out_.scope.resource = wish_.resource;
    const auto teams = teams_of(user_, snapshot_);
    if (!wish_.team.empty() && std::ranges::find(teams, wish_.team) == teams.end())
      return complain("team", "is no team in which you have a role", "not_found");
    if (wish_.resource.empty()) return;
    const auto resources = snapshot_.resources_of(user_.id);
    const bool found = std::ranges::any_of(resources, [&](const policy::CompiledResource* resource) {
      return resource->name == wish_.resource && (wish_.team.empty() || resource->spec.team == wish_.team);
    });
    if (!found)
      complain("resource",
               wish_.team.empty() ? "is no place that you may open" : "is no place of this team that you may open",
               "not_found");
  }

  const TokenWish& wish_;
  const policy::CompiledUser& user_;
  const policy::Snapshot& snapshot_;
  NewToken out_;
  Mistakes mistakes_;
};

}  // namespace

std::expected<TokenWish, Mistakes> read_token_wish(const json& document) {
  Mistakes mistakes;
  check_shape(document, kWish, mistakes);
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  TokenWish out;
  out.name = word_at(document, "name");
  out.expires = word_at(document, "expires");
  out.team = word_at(document, "team");
  out.resource = word_at(document, "resource");
  out.path = word_at(document, "path");
  out.read_only = bool_at(document, "read_only", false);
  out.api = bool_at(document, "api", false);
  out.admin = bool_at(document, "admin", false);
  if (const json* networks = member(document, "networks"))
    for (const json& network : *networks) out.networks.push_back(network.get<std::string>());
  return out;
}

TokenWish read_token_form(const SecretBytes& body) {
  TokenWish out;
  const auto fields = http::parse_form(body.reveal(), kFormFieldsMax);
  if (!fields) return out;
  const auto get = [&](std::string_view name) {
    const std::string* const value = http::find_field(*fields, name);
    return value == nullptr ? std::string() : *value;
  };
  const auto trimmed = [&](std::string_view name) {
    const std::string value = get(name);
    const size_t from = value.find_first_not_of(' ');
    return from == value.npos ? std::string() : value.substr(from, value.find_last_not_of(' ') - from + 1);
  };
  out.name = trimmed("name");
  out.expires = trimmed("expires");
  out.team = trimmed("team");
  out.resource = trimmed("resource");
  out.path = trimmed("path");
  out.networks = words_of(get("networks"));
  out.read_only = !get("read_only").empty();
  out.api = !get("api").empty();
  out.admin = !get("admin").empty();
  return out;
}

std::expected<RotationWish, Mistakes> read_rotation(const json& document) {
  Mistakes mistakes;
  check_shape(document, kRotation, mistakes);
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  RotationWish out{.overlap = kOverlap, .life = std::nullopt};
  if (const auto overlap = text_at(document, "overlap")) out.overlap = *parse_token_life(*overlap);
  if (const auto life = text_at(document, "expires")) out.life = *parse_token_life(*life);
  return out;
}

std::expected<NewToken, Mistakes> judge_wish(const TokenWish& wish, const policy::CompiledUser& user,
                                             policy::Strength strength, const policy::Snapshot& snapshot) {
  return Judge(wish, user, snapshot).run(strength);
}

std::vector<std::string> teams_of(const policy::CompiledUser& user, const policy::Snapshot& snapshot) {
  std::set<std::string> out;
  for (const policy::CompiledResource* resource : snapshot.resources_of(user.id)) out.insert(resource->spec.team);
  return {out.begin(), out.end()};
}

}  // namespace sallyport::sso
