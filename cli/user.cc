// sallyport user passwd, suspend, resume, mfa-reset.
#include <ostream>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/node_parts.h"
#include "cli/read_password.h"
#include "cli/store_lookup.h"
#include "sso/password.h"

namespace sallyport::cli {
namespace {

// set_password() and set_suspended() do not say which generation they made: the newest one has it in any case.
int tell_newest(Terminal& terminal, NodeParts& node) {
  if (const auto generation = node.store->generation()) tell_or_warn(terminal, node.control_socket(), *generation);
  return kDone;
}

// A password that is already in force is refused (FEATURES A1). Where the old one cannot be opened there is nothing to
// compare with, and a new one is just what is needed.
bool is_in_force(NodeParts& node, const policy::ResourceRecord& user, const SecretBytes& password) {
  for (const policy::SealedField& field : user.secrets) {
    if (field.field != "password") continue;
    const auto phc = node.keyring->unseal(storage::secret_context(user, field, ""), field.sealed);
    if (phc && sso::verify_password(*phc, password).value_or(false)) return true;
  }
  return false;
}

int set_suspended(Terminal& terminal, const UserOptions& options, bool suspended) {
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  auto service = make_service(*node);
  if (auto done = service.set_suspended(options.name, suspended, actor()); !done)
    return refuse(terminal, failure_of("nothing was changed", std::move(done.error())));
  return tell_newest(terminal, *node);
}

}  // namespace

int run_user_passwd(Terminal& terminal, const UserOptions& options) {
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto user = find_record(*node->store, policy::Kind::kUser, options.name);
  if (!user) return refuse(terminal, user.error());
  auto password =
      options.password_stdin ? read_password_line(terminal.in) : ask_password("New password of " + options.name + ": ");
  if (!password) return refuse(terminal, password.error());
  if (is_in_force(*node, *user, *password))
    return refuse(terminal, {"that is the password already in force; nothing was changed"});
  auto service = make_service(*node);
  if (auto done = service.set_password(options.name, *password, actor()); !done)
    return refuse(terminal, failure_of("nothing was changed", std::move(done.error())));
  return tell_newest(terminal, *node);
}

int run_user_suspend(Terminal& terminal, const UserOptions& options) { return set_suspended(terminal, options, true); }
int run_user_resume(Terminal& terminal, const UserOptions& options) { return set_suspended(terminal, options, false); }

int run_user_mfa_reset(Terminal& terminal, const UserOptions& options) {
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  auto service = make_service(*node);
  auto had = service.reset_factors(options.name, actor());
  if (!had) return refuse(terminal, failure_of("nothing was changed", std::move(had.error())));
  if (!*had) warn(terminal, options.name + " has no second factor; nothing was changed");
  return tell_newest(terminal, *node);
}

}  // namespace sallyport::cli
