// sallyport apply: brings the resources into the state that the files say, in one transaction.
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/documents.h"
#include "cli/node_parts.h"
#include "cli/provider_documents.h"

namespace sallyport::cli {

int run_apply(Terminal& terminal, const ApplyOptions& options) {
  auto documents = read_documents(options.files, terminal.in);
  if (!documents) return refuse(terminal, documents.error());
  // Nor with --prune: a pipe that broke must not empty the gateway.
  if (documents->values.empty())
    return refuse(terminal, {options.prune ? "there is no resource in what was given: --prune would delete everything"
                                           : "there is no resource in what was given"});
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());

  if (Mistakes mistakes = check_provider_documents(documents->values, node->clock.wall()); !mistakes.empty()) {
    Failure failed{"nothing was changed", std::move(mistakes)};
    documents->locate(failed.mistakes);
    return refuse(terminal, failed);
  }
  const auto mode = options.dry_run ? storage::ApplyMode::kDryRun : storage::ApplyMode::kCommit;
  const auto prune = options.prune ? storage::Prune::kYes : storage::Prune::kNo;
  auto service = make_service(*node);
  auto outcome = service.apply(documents->values, mode, prune, actor(), node->config.gate.host);
  if (!outcome) {
    Failure failed = failure_of("nothing was changed", std::move(outcome.error()));
    documents->locate(failed.mistakes);
    return refuse(terminal, failed);
  }
  for (const storage::PlannedChange& change : outcome->changes)
    terminal.out << change.sign << ' ' << policy::to_string(change.kind) << ' ' << change.name << '\n';
  terminal.out.flush();
  if (options.dry_run || outcome->changes.empty()) return kDone;
  make_saml_key_for(terminal, *node, outcome->changes);
  tell_or_warn(terminal, node->control_socket(), outcome->generation);
  return kDone;
}

}  // namespace sallyport::cli
