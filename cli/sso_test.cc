// sallyport sso test: what can be found out about an identity provider without a person.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/node_parts.h"
#include "cli/table.h"
#include "sso/provider_health.h"
#include "storage/resource_service.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;

Outcome<std::shared_ptr<const policy::CompiledProvider>> find_provider(NodeParts& node, const std::string& name) {
  auto rows = node.store->resources_since(storage::Generation{0});
  if (!rows) return failure("cannot read the resources", rows.error());
  const auto records = storage::judged(std::move(rows->changed), *node.keyring);
  const auto snapshot = policy::Snapshot::build(count(rows->generation), records);
  const policy::CompiledProvider* const found = snapshot->provider(name);
  if (found == nullptr) return failure("there is no identity_provider `" + name + "`");
  if (found->damaged) return failure("the record of identity_provider `" + name + "` is damaged");
  return found->shared_from_this();
}

Outcome<SecretBytes> open_secret(const NodeParts& node, const policy::CompiledProvider& provider) {
  const std::string_view field =
      provider.spec.type == policy::ProviderType::kOidc ? "secrets.client_secret" : "secrets.bind_password";
  const auto sealed = std::ranges::find(provider.secrets, field, &policy::SealedField::field);
  if (sealed == provider.secrets.end()) return SecretBytes();
  auto opened = node.keyring->unseal(
      storage::secret_context(policy::Kind::kIdentityProvider, provider.id, *sealed, provider.destination),
      sealed->sealed);
  if (!opened) return failure("cannot open " + std::string(field), opened.error());
  return *std::move(opened);
}

void print(Terminal& terminal, const sso::ProviderHealth& health) {
  Table table({"", "CHECK", "EXPECTED", "FOUND"});
  for (const sso::Check& check : health.checks.list())
    table.add({check.passed ? "ok" : "FAILED", check.name, check.expected, check.found});
  table.print(terminal.out);
  for (const std::string& hint : health.hints) terminal.out << "note: " << hint << '\n';
}

void print_json(Terminal& terminal, const sso::ProviderHealth& health) {
  ordered_json checks = ordered_json::array();
  for (const sso::Check& check : health.checks.list())
    checks.push_back(
        {{"name", check.name}, {"expected", check.expected}, {"found", check.found}, {"passed", check.passed}});
  const ordered_json out{{"passed", health.passed()}, {"checks", checks}, {"notes", health.hints}};
  terminal.out << out.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace

int run_sso_test(Terminal& terminal, const SsoTestOptions& options) {
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto provider = find_provider(*node, options.name);
  if (!provider) return refuse(terminal, provider.error());
  auto secret = open_secret(*node, **provider);
  if (!secret) return refuse(terminal, secret.error());
  CurlFetcher fetcher;
  const sso::ProviderHealth health =
      sso::check_provider_health(**provider, {fetcher, node->clock, node->config.gate, *std::move(secret)});
  if (options.format == Format::kJson)
    print_json(terminal, health);
  else
    print(terminal, health);
  return health.passed() ? kDone : kRefused;
}

}  // namespace sallyport::cli
