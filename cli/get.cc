// sallyport get: resources as they are stored. Secrets read back as a placeholder, so the output can be applied again.
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/node_parts.h"
#include "cli/store_lookup.h"
#include "cli/table.h"
#include "conf/yaml_json.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;

std::string text_of(const ordered_json& document, const char* key) {
  const auto found = document.find(key);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

// What tells resources of its kind apart at a glance.
std::string summary(const ordered_json& document) {
  const std::string kind = text_of(document, "kind");
  if (kind == "user") {
    std::string out = text_of(document, "email");
    for (const char* const flag : {"admin", "suspended"})
      if (document.value(flag, false)) out += (out.empty() ? "" : ", ") + std::string(flag);
    return out;
  }
  if (kind == "team") {
    const auto members = document.find("members");
    const size_t count = members != document.end() && members->is_object() ? members->size() : 0;
    return std::to_string(count) + (count == 1 ? " member" : " members");
  }
  if (kind == "platform") return "";
  if (kind == "service_account") {
    const std::string role = text_of(document, "role");
    return text_of(document, "team") + ", " + (role.empty() ? "none" : role) +
           (document.value("suspended", false) ? ", suspended" : "");
  }
  const auto upstream = document.find("upstream");
  const std::string url = upstream != document.end() && upstream->is_object() ? text_of(*upstream, "url") : "";
  return text_of(document, "team") + "  " + text_of(document, "at") + " -> " + url;
}

void print_table(std::ostream& out, const std::vector<ordered_json>& documents) {
  Table table({"KIND", "NAME", "ABOUT"});
  for (const ordered_json& document : documents)
    table.add({text_of(document, "kind"), text_of(document, "name"), summary(document)});
  table.print(out);
}

void print_yaml(std::ostream& out, const std::vector<ordered_json>& documents) {
  for (size_t i = 0; i < documents.size(); ++i) out << (i > 0 ? "---\n" : "") << conf::write_yaml(documents[i]);
}

}  // namespace

int run_get(Terminal& terminal, const GetOptions& options) {
  std::optional<policy::Kind> kind;
  if (options.kind != "all") {
    const auto read = read_kind(options.kind);
    if (!read) return refuse(terminal, read.error());
    kind = *read;
  } else if (!options.name.empty()) {
    return refuse(terminal, {"`get all` takes no name"});
  }
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  auto service = make_service(*node);
  const auto documents = service.get(kind, options.name);
  const bool missing =
      documents ? documents->empty() && !options.name.empty() : documents.error().code == Code::kNotFound;
  if (missing) return refuse(terminal, {"there is no " + std::string(policy::to_string(*kind)) + " " + options.name});
  if (!documents) return refuse(terminal, failure_of("cannot read the resources", documents.error()));

  const bool one = !options.name.empty();
  switch (options.format == Format::kDefault ? (one ? Format::kYaml : Format::kTable) : options.format) {
    case Format::kJson: {
      const ordered_json value = one ? documents->front() : ordered_json(*documents);
      terminal.out << value.dump(2) << '\n';
      break;
    }
    case Format::kYaml:
      print_yaml(terminal.out, *documents);
      break;
    case Format::kTable:
    case Format::kDefault:
      print_table(terminal.out, *documents);
      break;
  }
  return kDone;
}

}  // namespace sallyport::cli
