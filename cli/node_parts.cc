#include "cli/node_parts.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/master_key.h"
#include "cli/store_lookup.h"
#include "sso/password.h"

namespace sallyport::cli {
namespace {

// The platform's rules; the defaults while there is no platform that can be read.
sso::PasswordRules password_rules(storage::Store& store) {
  const auto rows = store.resources_since(storage::Generation{0});
  if (!rows) return {};
  for (const storage::ResourceRow& row : rows->changed) {
    if (row.record.kind != policy::Kind::kPlatform) continue;
    nlohmann::json document = nlohmann::json::parse(row.record.spec, nullptr, false);
    if (!document.is_object()) return {};
    document["kind"] = "platform";
    document["name"] = row.record.name;
    const auto platform = policy::read_resource(document);
    if (!platform) return {};
    const auto& body = std::get<policy::Platform>(platform->body);
    return {body.password_min_length, body.password_min_score};
  }
  return {};
}

}  // namespace

Outcome<std::string> find_config(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* const named = std::getenv("SALLYPORT_CONFIG"); named != nullptr && *named != '\0')
    return std::string(named);
  for (const char* const place : {"sallyport.yaml", "/etc/sallyport/sallyport.yaml"}) {
    std::error_code ignored;
    if (std::filesystem::exists(place, ignored)) return std::string(place);
  }
  return failure(
      "no configuration found: give -c FILE or set SALLYPORT_CONFIG (neither ./sallyport.yaml nor "
      "/etc/sallyport/sallyport.yaml is there; `sallyport init` makes one)");
}

Outcome<conf::NodeConfig> load_config(const std::string& given) {
  auto file = find_config(given);
  if (!file) return std::unexpected(std::move(file.error()));
  auto config = conf::read_node_config(*file);
  if (!config) return failure(std::move(config.error()));
  if (Mistakes mistakes = conf::check_files(*config); !mistakes.empty()) return failure(std::move(mistakes));
  return std::move(*config);
}

Outcome<NodeParts> open_node(const std::string& given_config, StoreUse use) {
  auto file = find_config(given_config);
  if (!file) return std::unexpected(std::move(file.error()));
  auto config = conf::read_node_config(*file);
  if (!config) return failure(std::move(config.error()));
  return open_node(std::move(*config), use);
}

Outcome<NodeParts> open_node(conf::NodeConfig config, StoreUse use) {
  auto masters = read_master_keys(config.master_keys);
  if (!masters) return std::unexpected(std::move(masters.error()));
  auto store = open_store(config.storage.sqlite_path, use);
  if (!store) return std::unexpected(std::move(store.error()));
  NodeParts node;
  auto keyring = storage::Keyring::open(**store, std::move(*masters), as_bytes(config.salt), node.clock.wall());
  if (!keyring)
    return failure("the keys of " + config.file + " do not open " + config.storage.sqlite_path, keyring.error());
  node.config = std::move(config);
  node.store = std::move(*store);
  node.keyring = std::move(*keyring);
  return node;
}

storage::ResourceService make_service(NodeParts& node) {
  return {*node.store, *node.keyring, node.clock,
          // The rules are read when there is a password: that is a walk over all resources.
          [&store = *node.store](const SecretBytes& password, const std::string& user, const std::string& email,
                                 const SecretBytes* last_phc) -> std::expected<SecretBytes, std::string> {
            auto made = sso::make_password(password, password_rules(store), user, email, last_phc);
            if (!made) return std::unexpected(std::string(made.error().what));
            if (made->mistake) return std::unexpected(*std::move(made->mistake));
            return std::move(made->phc);
          }};
}

std::string actor() { return "cli:" + std::to_string(::geteuid()); }

Failure failure_of(std::string_view while_doing, storage::ApplyFailure failed) {
  Failure out{std::string(while_doing)};
  if (failed.error) out = failure_of(while_doing, *failed.error);
  out.mistakes = std::move(failed.mistakes);
  return out;
}

}  // namespace sallyport::cli
