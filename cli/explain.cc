// sallyport explain: what the gateway would decide about a request, and every check that leads there. It asks the same
// functions about the same records as the gateway does, beside a running one or without.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/http/url.h"
#include "cli/commands.h"
#include "cli/explain_request.h"
#include "cli/node_parts.h"
#include "cli/table.h"
#include "policy/explanation.h"
#include "policy/find_place.h"
#include "proxy/error_reply.h"
#include "storage/resource_service.h"

namespace sallyport::cli {
namespace {

using policy::Finding;
using policy::Outcome;

constexpr Error kTokenOver{Code::kUnauthenticated, Side::kClient, "the token has expired"};

struct Verdict {
  policy::Decision decision;
  std::vector<policy::Step> steps;
  const policy::CompiledResource* resource = nullptr;
  int status = 0;  // what the client is told when it is not let in; 0: it is

  void say(Finding finding, std::string check, std::string text) {
    steps.push_back({finding, std::move(check), std::move(text)});
  }
  void refuse(std::string check, const Error& error) {
    say(Finding::kNo, std::move(check), error.what);
    decision.outcome = Outcome::kDeny;
    decision.reason = error.what;
    status = proxy::status_of(error);
  }
};

std::string place_words(const policy::CompiledResource& resource) {
  const policy::At& at = resource.spec.at;
  return std::string(to_string(resource.kind)) + " " + resource.name + " of team " + resource.spec.team + ", by host " +
         at.host + (at.prefix.empty() ? "" : " and prefix " + at.prefix);
}

// The gate's own pages are for whoever its list of networks admits; what they show is another matter.
void judge_gate(const policy::Snapshot& snapshot, const AskedRequest& asked, const policy::FoundPlace& found,
                Verdict& verdict) {
  verdict.say(Finding::kYes, "place", "the gate's own pages, answered by the gate itself");
  verdict.say(Finding::kYes, "path", std::string(found.path));
  const bool admitted = policy::address_allowed(snapshot, found, asked.client);
  const auto& networks = snapshot.platform().networks;
  verdict.say(admitted ? Finding::kYes : Finding::kNo, "networks",
              asked.client.address.to_string() + (admitted ? " is" : " is not") + " admitted" +
                  (found.resource ? " by platform, team and resource" : " by the platform") +
                  (networks.empty() && !found.resource ? ", which has no list" : ""));
  if (!admitted) return verdict.refuse("networks", {Code::kDenied, Side::kClient, "address"});
  if (asked.token_over) return verdict.refuse("token", kTokenOver);
  verdict.decision.outcome = Outcome::kAllow;
  verdict.decision.reason = "gate";
  if (!asked.identity) return;
  const policy::Decision own = policy::decide_gate(snapshot, *asked.identity);
  verdict.say(
      Finding::kNote, "signed in there",
      std::string(to_string(own.outcome)) + " (" + own.reason + "): whether an account page or the API answers");
}

// How much was asked before is known to the running gateway alone.
void tell_limits(const std::vector<policy::RateLimit>& limits, const std::string& whose, Verdict& verdict) {
  for (const policy::RateLimit& limit : limits)
    verdict.say(Finding::kNote, "rate limit of the " + whose, to_text(limit) + "; over it: 429");
}

int status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAllow:
      return 0;
    case Outcome::kSignIn:
    case Outcome::kStepUp:
      return 401;
    case Outcome::kDeny:
      return 403;
  }
  return 403;
}

void judge_resource(const policy::Snapshot& snapshot, const AskedRequest& asked, const policy::FoundPlace& found,
                    Verdict& verdict) {
  const policy::CompiledResource& resource = *found.resource;
  verdict.resource = &resource;
  verdict.say(Finding::kYes, "place", place_words(resource));
  verdict.say(
      Finding::kYes, "path",
      std::string(found.path) + (resource.spec.paths_mode == http::PathMode::kRaw ? " (as sent: paths_mode raw)" : ""));
  tell_limits(resource.spec.rate_limits, std::string(to_string(resource.kind)), verdict);
  // Addresses and damage come first on the wire.
  const bool admitted = policy::address_allowed(snapshot, found, asked.client);
  if (admitted && !resource.damaged && asked.token_over) return verdict.refuse("token", kTokenOver);
  const policy::RequestFacts facts{.snapshot = snapshot,
                                   .resource = resource,
                                   .method = asked.method,
                                   .path = found.path,
                                   .upgrade = asked.websocket,
                                   .client = asked.client,
                                   .identity = asked.identity ? &*asked.identity : nullptr,
                                   .now = asked.now};
  verdict.decision = policy::decide(facts);
  policy::Explanation told = policy::explain(facts);
  std::ranges::move(told.steps, std::back_inserter(verdict.steps));
  verdict.status = admitted && resource.damaged ? 503 : status_of(verdict.decision.outcome);
  if (told.decision.outcome != verdict.decision.outcome || told.decision.rule != verdict.decision.rule)
    verdict.say(Finding::kNote, "explanation",
                "what is told above does not lead to the decision, which counts: please report this");
}

Verdict judge(const policy::Snapshot& snapshot, const std::string& gate_host, const AskedRequest& asked) {
  Verdict out;
  if (!policy::is_served(asked.method)) {
    out.refuse("method", {Code::kUnsupported, Side::kClient, "this method is not served"});
    return out;
  }
  std::string scratch;
  policy::FoundPlace found;
  if (const auto placed = policy::find_place(snapshot, gate_host, asked.host, asked.path, scratch, found); !placed) {
    const bool nothing = placed.error().code == Code::kNotFound;
    if (nothing)
      out.say(Finding::kNo, "host",
              snapshot.has_host(asked.host) ? "no resource of " + asked.host + " has a prefix of this path"
                                            : "no resource is at " + asked.host);
    out.refuse(nothing ? "place" : "path", placed.error());
    return out;
  }
  tell_limits(snapshot.platform().rate_limits, "platform", out);
  if (found.at_gate)
    judge_gate(snapshot, asked, found, out);
  else
    judge_resource(snapshot, asked, found, out);
  return out;
}

std::string answer_words(const Verdict& verdict) {
  if (verdict.status == 0) return "what comes from there";
  const std::string out = std::to_string(verdict.status) + " (" + verdict.decision.reason + ")";
  switch (verdict.decision.outcome) {
    case Outcome::kSignIn:
      return out + "; a browser's page load is sent to the sign-in";
    case Outcome::kStepUp:
      return out + "; a browser's page load is sent to the gate, to show a factor";
    case Outcome::kAllow:
    case Outcome::kDeny:
      break;
  }
  return out;
}

// Nobody is let in where a sign-in is asked for.
std::string_view first_word(Outcome outcome) {
  return to_string(outcome == Outcome::kSignIn ? Outcome::kDeny : outcome);
}

void print_json(std::ostream& out, const Verdict& verdict) {
  nlohmann::ordered_json value{{"decision", first_word(verdict.decision.outcome)},
                               {"reason", verdict.decision.reason},
                               {"status", nullptr},
                               {"resource", nullptr},
                               {"user", nullptr},
                               {"role", to_string(verdict.decision.role)},
                               {"rule", nullptr},
                               {"steps", nlohmann::ordered_json::array()}};
  if (verdict.status != 0) value["status"] = verdict.status;
  if (verdict.resource)
    value["resource"] = {{"kind", to_string(verdict.resource->kind)}, {"name", verdict.resource->name}};
  if (verdict.decision.user) value["user"] = verdict.decision.user->name;
  if (verdict.decision.rule >= 0) value["rule"] = verdict.decision.rule;
  for (const policy::Step& step : verdict.steps)
    value["steps"].push_back({{"check", step.check}, {"finding", to_string(step.finding)}, {"text", step.text}});
  out << value.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace

int run_explain(Terminal& terminal, const ExplainOptions& options) {
  auto asked = read_request(options);
  if (!asked) return refuse(terminal, asked.error());
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  auto rows = node->store->resources_since(storage::Generation{0});
  if (!rows) return refuse(terminal, failure_of("cannot read the resources", rows.error()));
  const auto records = storage::judged(std::move(rows->changed), *node->keyring);
  const auto snapshot = policy::Snapshot::build(count(rows->generation), records);
  asked->now = node->clock.wall();
  if (const auto known = identify(*node->store, *snapshot, options, *asked); !known)
    return refuse(terminal, known.error());

  Verdict verdict = judge(*snapshot, node->config.gate.host, *asked);
  verdict.say(Finding::kNote, "answer", answer_words(verdict));
  if (options.format == Format::kJson) {
    print_json(terminal.out, verdict);
    return kDone;
  }
  terminal.out << first_word(verdict.decision.outcome) << '\n';
  for (const policy::Step& step : verdict.steps) {
    std::string word(to_string(step.finding));
    word.resize(4, ' ');
    terminal.out << "  " << word << "  " << printable(step.check) << ": " << printable(step.text) << '\n';
  }
  return kDone;
}

}  // namespace sallyport::cli
