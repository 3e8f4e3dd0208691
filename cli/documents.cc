#include "cli/documents.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <expected>
#include <filesystem>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/secret.h"

namespace sallyport::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;
constexpr size_t kCaBytesMax = size_t{1} << 20;
constexpr size_t kMetadataBytesMax = size_t{4} << 20;

// Or why it cannot be read, as it goes on from "cannot be read".
using Text = std::expected<std::string, std::string>;
std::unexpected<std::string> unreadable(int error) { return std::unexpected(std::string(": ") + std::strerror(error)); }

Text read_all(std::istream& in, size_t bytes_max) {
  std::string out;
  char buffer[16384];
  do {
    in.read(buffer, sizeof buffer);
    out.append(buffer, static_cast<size_t>(in.gcount()));
    if (out.size() > bytes_max)
      return std::unexpected(": it is larger than " + std::to_string(bytes_max >> 20) + " MiB");
  } while (in);
  wipe(std::as_writable_bytes(std::span(buffer)));
  if (in.bad()) return unreadable(errno);
  return out;
}

Text read_file(const fs::path& path, size_t bytes_max) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return unreadable(EISDIR);
  std::ifstream in(path, std::ios::binary);
  if (!in) return unreadable(errno);
  return read_all(in, bytes_max);
}

void add_mistake(Mistakes& mistakes, const std::string& file, std::string message) {
  mistakes.push_back({.path = "", .message = std::move(message), .code = "unreadable", .file = file, .line = 0});
}

// A folder becomes its files.
std::vector<std::string> expand(const std::vector<std::string>& names, Mistakes& mistakes) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    std::error_code wrong;
    if (name == "-" || !fs::is_directory(name, wrong)) {
      out.push_back(name);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry : fs::directory_iterator(name, wrong)) {
      const auto ending = entry.path().extension();
      if (ending == ".yaml" || ending == ".yml" || ending == ".json") inside.push_back(entry.path().string());
    }
    if (wrong)
      add_mistake(mistakes, name, "cannot be read: " + wrong.message());
    else if (inside.empty())
      add_mistake(mistakes, name, "has no .yaml, .yml or .json file in it");
    std::ranges::sort(inside);
    out.insert(out.end(), inside.begin(), inside.end());
  }
  return out;
}

// A key that may hold the name of a file, and what its text looks like when it is no name.
struct FileKey {
  const char* outer;
  const char* inner;
  const char* path;
  size_t bytes_max;
  bool (*is_text)(std::string_view);
};
bool is_pem(std::string_view text) { return text.contains("-----BEGIN"); }
bool is_url_or_xml(std::string_view text) { return text.contains("://") || text.contains('<'); }
constexpr FileKey kFileKeys[] = {
    {"upstream", "ca", "upstream.ca", kCaBytesMax, is_pem},
    {"saml", "metadata", "saml.metadata", kMetadataBytesMax, is_url_or_xml},
    {"saml", "metadata_signers", "saml.metadata_signers", kCaBytesMax, is_pem},
};

// Replaces a path by the text it names; what is wrong with it, if anything.
std::optional<std::string> inline_file(json& document, const FileKey& key, const fs::path& folder) {
  if (!document.is_object()) return std::nullopt;
  const auto outer = document.find(key.outer);
  if (outer == document.end() || !outer->is_object()) return std::nullopt;
  const auto inner = outer->find(key.inner);
  if (inner == outer->end() || !inner->is_string()) return std::nullopt;
  const auto& text = inner->get_ref<const std::string&>();
  if (text.empty() || key.is_text(text)) return std::nullopt;
  auto content = read_file(folder / text, key.bytes_max);
  if (!content) return "the file cannot be read" + content.error();
  *inner = std::move(*content);
  return std::nullopt;
}

void take_documents(std::vector<conf::YamlDocument> documents, const std::string& file, const fs::path& folder,
                    Documents& out, Mistakes& mistakes) {
  for (conf::YamlDocument& document : documents) {
    if (document.json().is_null()) continue;  // an empty document between two `---`
    for (const FileKey& key : kFileKeys) {
      const auto wrong = inline_file(document.json(), key, folder);
      if (!wrong) continue;
      Mistakes one{{.path = key.path, .message = *wrong, .code = "unreadable", .file = "", .line = 0}};
      conf::locate_mistakes(one, document, file);
      mistakes.push_back(std::move(one.front()));
    }
    out.values.push_back(std::move(document.json()));
    out.origins.push_back({file, std::move(document)});
  }
}

}  // namespace

std::optional<IndexedPath> split_index(std::string_view path) {
  if (!path.starts_with('[')) return std::nullopt;
  size_t index = 0;
  const char* const last = path.data() + path.size();
  const auto [end, error] = std::from_chars(path.data() + 1, last, index);
  if (error != std::errc() || end == last || *end != ']') return std::nullopt;
  std::string_view rest(end + 1, static_cast<size_t>(last - end - 1));
  if (rest.starts_with('.')) rest.remove_prefix(1);
  return IndexedPath{index, std::string(rest)};
}

void Documents::locate(Mistakes& mistakes) const {
  for (Mistake& mistake : mistakes) {
    auto split = split_index(mistake.path);
    if (!split || split->index >= origins.size()) continue;
    const Origin& origin = origins[split->index];
    mistake.path = std::move(split->rest);
    Mistakes one{std::move(mistake)};
    conf::locate_mistakes(one, origin.document, origin.file);
    mistake = std::move(one.front());
    // A mistake of the whole document stands where the document begins.
    if (mistake.file.empty()) mistake.file = origin.file;
    if (mistake.line == 0) mistake.line = origin.document.first_line;
  }
}

Outcome<Documents> read_documents(const std::vector<std::string>& names, std::istream& in) {
  Documents out;
  Mistakes mistakes;
  bool stdin_taken = false;
  for (const std::string& name : expand(names, mistakes)) {
    const bool standard = name == "-";
    if (standard && std::exchange(stdin_taken, true)) continue;
    const std::string file = standard ? "(standard input)" : name;
    auto text = standard ? read_all(in, kResourceFileBytesMax) : read_file(name, kResourceFileBytesMax);
    if (!text) {
      add_mistake(mistakes, file, "cannot be read" + text.error());
      continue;
    }
    auto documents = conf::read_yaml(*text, file);
    wipe(*text);
    if (documents)
      take_documents(std::move(*documents), file, standard ? fs::path() : fs::path(name).parent_path(), out, mistakes);
    else
      std::ranges::move(documents.error(), std::back_inserter(mistakes));
  }
  if (!mistakes.empty()) return failure(std::move(mistakes));
  return out;
}

}  // namespace sallyport::cli
