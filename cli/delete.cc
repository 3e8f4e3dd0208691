// sallyport delete: one resource.
#include <ostream>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/node_parts.h"
#include "cli/store_lookup.h"

namespace sallyport::cli {

int run_delete(Terminal& terminal, const DeleteOptions& options) {
  const auto kind = read_kind(options.kind);
  if (!kind) return refuse(terminal, kind.error());
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  auto service = make_service(*node);
  auto outcome = service.remove(*kind, options.name, actor());
  if (!outcome) return refuse(terminal, failure_of("nothing was deleted", std::move(outcome.error())));
  for (const storage::PlannedChange& change : outcome->changes)
    terminal.out << change.sign << ' ' << policy::to_string(change.kind) << ' ' << change.name << '\n';
  tell_or_warn(terminal, node->control_socket(), outcome->generation);
  return kDone;
}

}  // namespace sallyport::cli
