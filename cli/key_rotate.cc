// sallyport key rotate-jwt: the key in reserve signs from now on what upstreams are told, and a new one is published.
#include <ostream>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/node_parts.h"
#include "sso/assertion_key_store.h"

namespace sallyport::cli {

int run_key_rotate_jwt(Terminal& terminal, const std::string& config) {
  auto node = open_node(config);
  if (!node) return refuse(terminal, node.error());
  const auto rolled = sso::roll_over(*node->store, *node->keyring, node->clock.wall(), sso::RollOver::kNow, actor());
  if (!rolled) return refuse(terminal, failure_of("cannot put another key in force", rolled.error()));
  if (rolled->published_for < sso::kPublishedFirst)
    warn(terminal,
         "this key was published only just now: an upstream that kept the key set refuses it until it asks again");
  tell_or_warn(terminal, node->control_socket(), rolled->generation);
  terminal.out << "signs  " << rolled->signs << "\nnext   " << rolled->next << '\n';
  return kDone;
}

}  // namespace sallyport::cli
