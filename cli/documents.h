// Resource files as documents for the resource service, and the way back from its mistakes to FILE:LINE.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "conf/yaml_json.h"

namespace sallyport::cli {

constexpr size_t kResourceFileBytesMax = size_t{64} << 20;

struct Documents {
  std::vector<nlohmann::json> values;
  // What each came from, by its index.
  struct Origin {
    std::string file;
    conf::YamlDocument document;  // for its lines; the value has moved to `values`
  };
  std::vector<Origin> origins;

  // Turns paths "[INDEX].a.b" into a file, a line and the path "a.b".
  void locate(Mistakes& mistakes) const;
};

// names: files, folders (their *.yaml, *.yml and *.json, by name) and "-" for `in`. `upstream.ca` given as a path
// (relative to its file) is replaced by the text of that file.   errors: every mistake of all of them.
Outcome<Documents> read_documents(const std::vector<std::string>& names, std::istream& in);

// "[12].a.b" -> 12 and "a.b"; nothing for another form.
struct IndexedPath {
  size_t index;
  std::string rest;
};
std::optional<IndexedPath> split_index(std::string_view path);

}  // namespace sallyport::cli
