// YAML and resources: whatever is read is written and read back the same; what read_resource takes holds nothing that
// could frame a message or take another place; a snapshot of it stands, and finds it where it says it is.
#include <nlohmann/json.hpp>

#include "conf/node_config.h"
#include "conf/yaml_json.h"
#include "policy/decision.h"
#include "policy/texts.h"
#include "tests/fuzz/require.h"

using namespace sallyport;
using namespace sallyport::policy;

namespace {

bool is_clean_text(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

void require_mistakes(const Mistakes& mistakes) {
  require(!mistakes.empty() && mistakes.size() <= 201);
  for (const Mistake& mistake : mistakes)
    require(!mistake.message.empty() && !mistake.code.empty() && is_clean_text(mistake.message) &&
            is_clean_text(mistake.path));
}

void require_injection(const Injection& injection) {
  for (const InjectedValue& header : injection.headers) {
    require(check_injected_header(header.name).has_value());
    for (const TemplatePart& part : header.parts)
      require(is_clean_text(part.text) && (part.secret.empty() || is_secret_name(part.secret)));
  }
  for (const InjectedValue& value : injection.query) {
    require(is_clean_text(value.name));
    for (const TemplatePart& part : value.parts) require(is_clean_text(part.text));
  }
  for (const TemplatePart& part : injection.first_message)
    require(is_clean_text(part.text) && (part.secret.empty() || part.coding == TemplatePart::Coding::kJsonString));
}

void require_paths(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) require(parse_rule_path(path) == path);
}

void require_protected(const Protected& spec) {
  require(is_name(spec.team) && !spec.upstream.url.host.empty());
  const bool v6 = spec.at.host.find(':') != spec.at.host.npos;
  const auto again = parse_at((v6 ? "[" + spec.at.host + "]" : spec.at.host) + spec.at.prefix);
  require(again && again->host == spec.at.host && again->prefix == spec.at.prefix);
  for (const CredentialRule& rule : spec.credentials) require_injection(rule.inject);
  for (const AccessRule& rule : spec.access) require_paths(rule.paths);
  for (const Area& area : spec.areas) {
    require_paths(area.paths);
    require(!area.paths.empty());
  }
  for (const std::string& origin : spec.origins) require(parse_origin(origin) == origin);
  require(!spec.upstream.host || is_clean_text(*spec.upstream.host));
}

void require_snapshot(const Resource& resource, const nlohmann::json& document) {
  ResourceRecord record;
  record.id.bytes[0] = std::byte{1};
  record.kind = resource.kind;
  record.name = resource.name;
  record.spec = document.dump();
  const auto snapshot = Snapshot::build(1, std::span(&record, 1));
  require(!snapshot->platform_damaged());
  const auto* spec = std::get_if<Protected>(&resource.body);
  if (!spec) return;
  const std::string path = spec->at.prefix + "/x";
  const Place place = snapshot->locate(spec->at.host, path);
  require(place.resource && place.path == "/x" && place.resource->name == resource.name);
  const Decision decision = decide({.snapshot = *snapshot,
                                    .resource = *place.resource,
                                    .method = "GET",
                                    .path = place.path,
                                    .upgrade = false,
                                    .client = {},
                                    .identity = nullptr,
                                    .now = {}});
  require(decision.outcome == Outcome::kDeny);  // its team is not there
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  const auto config = conf::parse_node_config(input, "f");
  if (!config) require_mistakes(config.error());
  const auto documents = conf::read_yaml(input, "f");
  if (!documents) {
    require_mistakes(documents.error());
    return 0;
  }
  for (const conf::YamlDocument& document : *documents) {
    const auto again = conf::read_yaml(conf::write_yaml(document.json()), "g");
    require(again && again->size() == 1 && again->front().json() == document.json());
    auto resource = read_resource(document.json());
    if (!resource) {
      require_mistakes(resource.error());
      conf::locate_mistakes(resource.error(), document, "f");
      for (const Mistake& mistake : resource.error()) require(mistake.line >= 1);
      continue;
    }
    require(is_name(resource->name) && parse_kind(to_string(resource->kind)) == resource->kind);
    if (const auto* spec = std::get_if<Protected>(&resource->body)) require_protected(*spec);
    require_snapshot(*resource, document.json());
  }
  return 0;
}
