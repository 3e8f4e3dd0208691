// sallyport user passwd, reset-link, suspend, resume, mfa-reset.
#include <ostream>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/node_parts.h"
#include "cli/read_password.h"
#include "cli/store_lookup.h"
#include "cli/when.h"
#include "sso/cookies.h"
#include "sso/login_flow.h"
#include "sso/pages.h"

namespace sallyport::cli {
namespace {

constexpr std::chrono::days kResetLinkLifeMax{7};

// set_password() and set_suspended() do not say which generation they made: the newest one has it in any case.
int tell_newest(Terminal& terminal, NodeParts& node) {
  if (const auto generation = node.store->generation()) tell_or_warn(terminal, node.control_socket(), *generation);
  return kDone;
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
  auto service = make_service(*node);
  const auto change = options.must_change ? storage::ChangeAtOnce::kYes : storage::ChangeAtOnce::kNo;
  if (auto done = service.set_password(options.name, *password, change, actor()); !done)
    return refuse(terminal, failure_of("nothing was changed", std::move(done.error())));
  return tell_newest(terminal, *node);
}

int run_user_reset_link(Terminal& terminal, const UserOptions& options) {
  const auto life = parse_duration(options.expires);
  if (!life || *life > kResetLinkLifeMax)
    return refuse(terminal, {"--expires is a time like 90s, 15m, 24h or 7d, and at most 7d"});
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const WallMicros ends = node->clock.wall() + *life;
  std::string code = sso::random_handle();
  const auto make = [&](const UserId& user, uint64_t epoch) {
    return sso::to_record(sso::ResetLink{user, epoch}, code, *node->keyring, ends);
  };
  auto service = make_service(*node);
  const auto generation = service.put_reset_link(options.name, make, actor(), "until " + show_time(ends));
  if (!generation) {
    wipe(code);
    return refuse(terminal, failure_of("no link was made", generation.error()));
  }
  const http::Url& gate = node->config.gate;
  terminal.out << gate.scheme << "://" << gate.authority() << sso::kResetPath << "?code=" << code << '\n';
  terminal.out.flush();
  wipe(code);
  tell_or_warn(terminal, node->control_socket(), *generation);
  return kDone;
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
