#include "policy/explanation.h"

#include "base/units.h"
#include "policy/certificate_pattern.h"
#include "policy/explanation_words.h"
#include "policy/factor_demand.h"

namespace sallyport::policy {
namespace {

// What of a rule or area does not fit: the reason that a decision gives for it, and why, in words.
struct Miss {
  const char* reason;
  std::string words;
};

// The parts that rules and areas have in common.
struct Asked {
  const CompiledRule& compiled;
  const std::vector<Role>* roles;  // null: not asked (a public area)
  const std::vector<std::string>& methods;
  const CidrList& networks;
  const std::vector<std::string>& certificates;
  WebSockets websockets = WebSockets::kAsAnyMethod;
};

std::string joined(const std::vector<Miss>& misses) {
  std::string out;
  for (const Miss& miss : misses) out += (out.empty() ? "" : "; ") + miss.words;
  return out;
}

class Explainer {
 public:
  explicit Explainer(const RequestFacts& facts) : facts_(facts), resource_(facts.resource) {}
  Explanation run() &&;

 private:
  void say(Finding finding, std::string check, std::string text) {
    out_.steps.push_back({finding, std::move(check), std::move(text)});
  }
  void end(Outcome outcome, int rule, const char* reason) {
    out_.decision.outcome = outcome;
    out_.decision.rule = rule;
    out_.decision.reason = reason;
  }
  void deny(int rule, const char* reason) { end(Outcome::kDeny, rule, reason); }
  void allow(int rule, const char* reason, const Area* area = nullptr);
  void ask_for_factor(int rule, const std::optional<MfaWithin>& within = std::nullopt);

  void walk();
  bool say_networks(const char* check, bool admitted, const CidrList& networks);
  int look_for_area();
  bool recognise();
  bool say_scope();
  void say_role(const UserId& user);
  std::vector<Miss> misses_of(const Asked& asked) const;
  bool say_factor(const std::string& check, bool rule_demands, const std::optional<MfaWithin>* within);
  void by_rules();
  void by_area(const Area& area, int index);
  void without_areas();
  void in_public(const Area& area, int index);
  void say_consequences();

  const RequestFacts& facts_;
  const CompiledResource& resource_;
  Explanation out_;
};

void Explainer::allow(int rule, const char* reason, const Area* area) {
  end(Outcome::kAllow, rule, reason);
  out_.decision.credential = credential_for(resource_, out_.decision.role, area);
}

void Explainer::ask_for_factor(int rule, const std::optional<MfaWithin>& within) {
  const bool session = facts_.identity->means == Means::kSession;
  if (within) out_.decision.within = within->within;
  end(session ? Outcome::kStepUp : Outcome::kDeny, rule, session ? "second factor" : "token without second factor");
}

bool Explainer::say_networks(const char* check, bool admitted, const CidrList& networks) {
  say(admitted ? Finding::kYes : Finding::kNo, check, address_words(networks, facts_.client.address));
  return admitted;
}

// The first whose path fits; -1: none.
int Explainer::look_for_area() {
  const std::vector<Area>& areas = resource_.spec.areas;
  const int index = area_of(facts_);
  for (int i = 0; i < static_cast<int>(areas.size()) && (index < 0 || i <= index); ++i) {
    const Area& area = areas[static_cast<size_t>(i)];
    const std::string paths = words_of(area.paths, "every path") + (area.whole_path ? " (nothing below)" : "");
    if (i == index)
      say(Finding::kYes, "area " + area.name, paths + ": the first that has this path, so it decides");
    else
      say(Finding::kNo, "area " + area.name, "the path is not within " + paths);
  }
  if (index < 0) say(Finding::kNo, "areas", "no area has this path");
  return index;
}

bool Explainer::say_scope() {
  if (facts_.identity->means != Means::kToken && !facts_.identity->scope) return true;
  const char* const outside = outside_scope(facts_);
  std::string words = "the token reaches this";
  if (outside) {
    words = outside;
    const TokenScope none;
    const TokenScope& scope = facts_.identity->scope ? *facts_.identity->scope : none;
    const std::string_view reason = outside;
    if (reason == "token scope: team") words = "the token is for team " + scope.team + " alone";
    if (reason == "token scope: resource") words = "the token is for " + scope.resource + " alone";
    if (reason == "token scope: read only") words = "the token may only GET, HEAD and OPTIONS, and open no WebSocket";
    if (reason == "token scope: path") words = "the token is for paths within " + scope.path_prefix + " alone";
    if (reason == "token scope: address") words = address_words(scope.networks, facts_.client.address);
  }
  say(outside ? Finding::kNo : Finding::kYes, "token scope", words);
  if (outside) deny(-1, outside);
  return !outside;
}

void Explainer::say_role(const UserId& user) {
  const auto member = resource_.team->members.find(user);
  const bool in_team = member != resource_.team->members.end();
  const auto named = resource_.role_overrides.find(user);
  const bool overridden = named != resource_.role_overrides.end();
  std::string words = "in team " + resource_.team->name + ": " +
                      (in_team ? std::string(to_string(member->second)) : std::string("no member"));
  if (overridden) words += "; in its place here: " + std::string(to_string(named->second));
  const Role role = role_on(resource_, user);
  say(role == Role::kNone ? Finding::kNo : Finding::kYes, "role",
      words + "; in effect: " + std::string(to_string(role)));
  out_.decision.role = role;
}

// Who is asking. False: that ends it, and deny() has been said.
bool Explainer::recognise() {
  const CompiledUser* const user = facts_.snapshot.user(facts_.identity->user);
  const char* wrong = nullptr;
  if (!user) wrong = "no such user";
  out_.decision.user = user;
  if (user && user->damaged) wrong = "damaged user";
  if (user && !user->damaged && user->suspended) wrong = "suspended";
  const std::string name = user ? user->name + ": " : "";
  say(wrong ? Finding::kNo : Finding::kYes, "user", name + (wrong ? wrong : "is there, and not suspended"));
  if (wrong) deny(-1, wrong);
  if (wrong || !say_scope()) return false;
  say_role(user->id);
  return true;
}

std::vector<Miss> Explainer::misses_of(const Asked& asked) const {
  std::vector<Miss> out;
  const Role role = out_.decision.role;
  if (asked.roles && !has_role(asked.compiled.roles, role))
    out.push_back({"area: role", "for " + words_of(*asked.roles) + ", not " + std::string(to_string(role))});
  if (!has_method(asked.compiled, asked.methods, facts_, asked.websockets)) {
    const bool socket = facts_.upgrade && asked.websockets == WebSockets::kAsAnyMethod;
    out.push_back({"area: method", "for " + words_of(asked.methods, "") +
                                       (socket ? ", so for no WebSocket" : ", not " + std::string(facts_.method))});
  }
  if (!asked.compiled.admitted.admits(facts_.client.address))
    out.push_back({"area: address", address_words(asked.networks, facts_.client.address)});
  if (!bears_one_of(facts_.certificate, asked.certificates))
    out.push_back({"area: certificate", "for holders of a certain client certificate alone"});
  return out;
}

// Is a second factor asked for, and there? Says so where one is asked for.
bool Explainer::say_factor(const std::string& check, bool rule_demands, const std::optional<MfaWithin>* within) {
  const FactorDemand demanded = factor_demand(facts_.snapshot, *out_.decision.user, out_.decision.role, &resource_);
  const Demand demand{demanded || rule_demands, within};
  const bool fits = has_factor(*facts_.identity, facts_.now, demand);
  std::vector<std::string> by;
  if (demanded.platform) by.emplace_back("the platform");
  if (demanded.team) by.emplace_back("the team");
  if (demanded.user) by.emplace_back("the user's record");
  if (demanded.own) by.emplace_back("the user, who has factors");
  if (rule_demands) by.push_back(check);
  if (by.empty()) return fits;
  std::string words = "asked for by " + words_of(by, "");
  if (within && *within) words += ", not older than " + to_duration_text((*within)->within);
  say(fits ? Finding::kYes : Finding::kNo, "second factor", words + "; " + factor_words(*facts_.identity, facts_.now));
  return fits;
}

void Explainer::by_rules() {
  const std::vector<AccessRule>& rules = resource_.spec.access;
  int needs_factor = -1;
  for (size_t i = 0; i < rules.size(); ++i) {
    const AccessRule& rule = rules[i];
    const CompiledRule& compiled = resource_.rules[i];
    const std::string check = "access rule " + std::to_string(i + 1);
    std::vector<Miss> misses = misses_of({compiled, &rule.roles, rule.methods, rule.networks, rule.certificates});
    if (!has_path(compiled, rule.paths, facts_.path))
      misses.push_back({"", "the path is not within " + words_of(rule.paths, "")});
    if (!misses.empty()) {
      say(Finding::kNo, check, joined(misses));
      continue;
    }
    say(Finding::kYes, check, "role, method, path and address fit");
    if (say_factor(check, rule.mfa, &rule.mfa_within)) return allow(static_cast<int>(i), "rule");
    if (needs_factor < 0) needs_factor = static_cast<int>(i);
  }
  if (needs_factor >= 0) return ask_for_factor(needs_factor, rules[static_cast<size_t>(needs_factor)].mfa_within);
  say(Finding::kNo, "access", "no rule allows this");
  deny(-1, "no rule allows");
}

void Explainer::by_area(const Area& area, int index) {
  const CompiledRule& compiled = resource_.rules[static_cast<size_t>(index)];
  const std::string check = "area " + area.name;
  const auto websockets = area.websocket ? WebSockets::kToo : WebSockets::kAsAnyMethod;
  std::vector<Miss> misses =
      misses_of({compiled, &area.roles, area.methods, area.networks, area.certificates, websockets});
  const bool read_only = has_role(compiled.read_only_for, out_.decision.role);
  RequestFacts as_read = facts_;
  as_read.upgrade = facts_.upgrade && !area.websocket;
  if (read_only && !is_read_only(as_read))
    misses.push_back({"area: read only", "read-only for " + words_of(area.read_only_for)});
  say(misses.empty() ? Finding::kYes : Finding::kNo, check,
      misses.empty() ? "role, method and address fit" : joined(misses));
  if (!misses.empty()) return deny(index, misses.front().reason);
  if (!say_factor(check, area.mfa, &area.mfa_within)) return ask_for_factor(index, area.mfa_within);
  allow(index, "area", &area);
  if (read_only && facts_.upgrade) out_.decision.messages = area.read_only_messages;
}

void Explainer::without_areas() {
  const Role role = out_.decision.role;
  const bool fits = role == Role::kOwner || role == Role::kMember;
  say(fits ? Finding::kYes : Finding::kNo, "areas", "none are named: owner and member, everywhere");
  if (!fits) return deny(-1, "no rule allows");
  if (!say_factor("", false, nullptr)) return ask_for_factor(-1);
  allow(-1, "default");
}

void Explainer::in_public(const Area& area, int index) {
  const CompiledRule& compiled = resource_.rules[static_cast<size_t>(index)];
  const std::vector<Miss> misses = misses_of({compiled, nullptr, area.methods, area.networks, area.certificates});
  say(misses.empty() ? Finding::kYes : Finding::kNo, "area " + area.name,
      "public: no sign-in is needed" + (misses.empty() ? "" : "; " + joined(misses)));
  if (!misses.empty()) return deny(index, misses.front().reason);
  // One that would not count elsewhere does not count here either.
  if (!facts_.identity || !recognise() || !say_factor("", false, nullptr)) {
    say(Finding::kNote, "user", "let in as nobody's request");
    out_.decision.user = nullptr;
    out_.decision.role = Role::kNone;
  }
  allow(index, "public area", &area);
}

void Explainer::walk() {
  if (resource_.damaged || facts_.snapshot.platform_damaged()) {
    say(Finding::kNo, facts_.snapshot.platform_damaged() ? "platform" : "resource",
        facts_.snapshot.platform_damaged()
            ? "the platform's record is damaged: nobody gets in anywhere"
            : "its record, or its team's, is damaged, or others claim its place as well: nobody gets in");
    return deny(-1, "damaged");
  }
  const IpAddress& client = facts_.client.address;
  const Snapshot& snapshot = facts_.snapshot;
  const bool platform =
      say_networks("platform networks", snapshot.platform_admits(facts_.client), snapshot.platform().networks);
  const bool team = say_networks("team networks", resource_.team->admitted.admits(client), resource_.team->networks);
  const bool own = say_networks("resource networks", resource_.admitted.admits(client), resource_.spec.networks);
  if (!platform || !team || !own) return deny(-1, "address");
  const bool areas = has_areas(resource_);
  const int index = areas ? look_for_area() : -1;
  const Area* const area = index >= 0 ? &resource_.spec.areas[static_cast<size_t>(index)] : nullptr;
  if (area && area->is_public) return in_public(*area, index);
  if (!facts_.identity) {
    say(Finding::kNo, "user", "nobody is signed in, and this is not public: a sign-in is asked for");
    return end(Outcome::kSignIn, -1, "nobody is signed in");
  }
  if (!recognise()) return;
  if (out_.decision.role == Role::kNone) return deny(-1, "no role");
  if (resource_.kind == Kind::kDatasource) return by_rules();
  if (!areas) return without_areas();
  if (!area) return deny(-1, "no area");
  by_area(*area, index);
}

void Explainer::say_consequences() {
  if (out_.decision.outcome != Outcome::kAllow) return;
  const CredentialRule* const credential = out_.decision.credential;
  const size_t number = credential ? static_cast<size_t>(credential - resource_.spec.credentials.data()) + 1 : 0;
  say(Finding::kNote, "credential",
      !credential                 ? "none is put in"
      : credential->roles.empty() ? "for everybody: " + injection_words(credential->inject)
                                  : "number " + std::to_string(number) + ", for " + words_of(credential->roles) + ": " +
                                        injection_words(credential->inject));
  const Upstream& upstream = resource_.spec.upstream;
  say(Finding::kNote, "upstream",
      upstream_words(upstream, facts_.path) + (upstream.networks.empty()
                                                   ? ", at public addresses alone"
                                                   : ", at public addresses and in " + words_of(upstream.networks)));
  if (out_.decision.messages == MessageRule::kNodeRedListening)
    say(Finding::kNote, "messages", "on this WebSocket the client may only listen");
  if (facts_.identity && facts_.identity->means == Means::kSession && !is_read_only(facts_))
    say(Finding::kNote, "same-origin rule",
        "by cookie, this must come from the host's own pages" +
            (resource_.spec.origins.empty() ? "" : " or from " + words_of(resource_.spec.origins, "")));
}

Explanation Explainer::run() && {
  walk();
  say_consequences();
  return std::move(out_);
}

}  // namespace

std::string_view to_string(Finding finding) {
  switch (finding) {
    case Finding::kYes:
      return "yes";
    case Finding::kNo:
      return "no";
    case Finding::kNote:
      return "note";
  }
  return "note";
}

Explanation explain(const RequestFacts& facts) { return Explainer(facts).run(); }

}  // namespace sallyport::policy
