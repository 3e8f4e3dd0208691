// sallyport sso trace: what the flight recorder has of an identity provider.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/node_parts.h"
#include "cli/store_lookup.h"
#include "cli/table.h"
#include "cli/when.h"
#include "sso/flight_recorder.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;
using storage::SignInAttempt;

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

void print_json(Terminal& terminal, const ordered_json& value) {
  terminal.out << value.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

void print_attempts(Terminal& terminal, const std::vector<SignInAttempt>& attempts) {
  Table table({"REFERENCE", "WHEN", "OUTCOME", "USER", "FROM", "WHY"});
  for (const SignInAttempt& attempt : attempts)
    table.add({attempt.reference, show_time(attempt.at), attempt.outcome, or_dash(attempt.user),
               or_dash(attempt.client), attempt.reason});
  table.print(terminal.out);
}

void print_attempt(Terminal& terminal, const SignInAttempt& attempt) {
  print_attempts(terminal, {attempt});
  terminal.out << '\n';
  const auto checks = sso::read_checks(attempt.checks);
  if (!checks) {
    terminal.out << "what was checked does not read any more\n";
    return;
  }
  Table table({"CHECK", "EXPECTED", "FOUND", "PASSED"});
  for (const sso::ReportedCheck& check : *checks)
    table.add({check.name, or_dash(check.expected), or_dash(check.found), check.passed ? "yes" : "no"});
  table.print(terminal.out);
}

}  // namespace

int run_sso_trace(Terminal& terminal, const SsoTraceOptions& options) {
  std::optional<std::string> reference;
  if (!options.reference.empty()) {
    reference = sso::parse_reference(options.reference);
    if (!reference) {
      refuse(terminal, {"a reference is 8 letters and digits like 4KX2-9QTD"});
      return kWrongUsage;
    }
  }
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  auto attempts = node->store->sign_in_attempts(options.name, sso::kAttemptsKept);
  if (!attempts) return refuse(terminal, failure_of("cannot read the attempts", attempts.error()));
  if (attempts->empty()) {  // those of a provider that is gone are there still
    const auto provider = find_record(*node->store, policy::Kind::kIdentityProvider, options.name);
    if (!provider) return refuse(terminal, provider.error());
  }
  if (reference) {
    std::erase_if(*attempts, [&](const SignInAttempt& attempt) { return attempt.reference != *reference; });
    if (attempts->empty())
      return refuse(terminal, {"there is no attempt " + *reference + " among the last " +
                               std::to_string(sso::kAttemptsKept) + " at this provider"});
    if (options.format == Format::kJson)
      print_json(terminal, sso::attempt_json(attempts->front()));
    else
      print_attempt(terminal, attempts->front());
    return kDone;
  }
  if (options.format == Format::kJson) {
    ordered_json all = ordered_json::array();
    for (const SignInAttempt& attempt : *attempts) all.push_back(sso::attempt_json(attempt));
    print_json(terminal, all);
  } else {
    print_attempts(terminal, *attempts);
  }
  return kDone;
}

}  // namespace sallyport::cli
