// sallyport key rotate-saml: another key for SAML, announced in the metadata before it signs.
#include <ostream>

#include "base/time_text.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/node_parts.h"
#include "sso/saml_keys.h"

namespace sallyport::cli {

int run_key_rotate_saml(Terminal& terminal, const RotateSamlOptions& options) {
  auto after = std::chrono::duration_cast<std::chrono::milliseconds>(sso::kSamlKeyAnnounced);
  if (!options.after.empty()) {
    const auto said = parse_duration(options.after);
    if (!said) {
      refuse(terminal, {"--after: " + std::string(said.error().what)});
      return kWrongUsage;
    }
    after = *said;
  }
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const WallMicros now = node->clock.wall();
  const auto material = sso::make_saml_key(now);
  if (!material) return refuse(terminal, failure_of("cannot make a key", material.error()));
  const auto added = sso::add_saml_key(*node->store, *node->keyring, *material, now, now + after, actor());
  if (!added) return refuse(terminal, failure_of("cannot put the key into the store", added.error()));
  tell_or_warn(terminal, node->control_socket(), *added);
  terminal.out << "signs from " << show_time(now + after)
               << "\nGive your providers the metadata anew before that; the key of now is kept 30 days longer.\n";
  return kDone;
}

}  // namespace sallyport::cli
