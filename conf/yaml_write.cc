// JSON as block-style YAML that reads back as the same value.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "conf/yaml_json.h"
#include "conf/yaml_scalar.h"

namespace sallyport::conf {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 5> kFirstKeys{"kind", "name", "team", "type", "at"};

// Text that means itself without quotes: letters and digits first and last, nothing in it that YAML could take for its
// own.
bool is_plain(std::string_view text) {
  constexpr std::string_view kInside = "-_./@+";
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || scalar_kind(text) != ScalarKind::kText) return false;
  if (!is_word(text.front()) && text.front() != '/') return false;
  for (size_t i = 1; i < text.size(); ++i) {
    const bool inner_colon = text[i] == ':' && i + 1 < text.size();
    if (!is_word(text[i]) && kInside.find(text[i]) == kInside.npos && !inner_colon) return false;
  }
  return true;
}

// JSON's string form is YAML's double-quoted one (YAML 1.2.2 s1.3), except that DEL must be escaped to be printable.
std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '\x7f')
      out += "\\u007f";
    else
      out += c;
  }
  return out;
}

// Lines that can stand as a literal block (YAML 1.2.2 s8.1.2) without any escape: certificates above all.
bool is_block(std::string_view text) {
  if (text.size() < 2 || !text.ends_with('\n') || text.ends_with("\n\n")) return false;
  const bool printable = std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); });
  const bool indented = text.front() == ' ' || text.front() == '\n' || text.find("\n ") != text.npos;
  return printable && !indented && text.find(" \n") == text.npos;
}

std::string scalar(const Json& value) {
  if (!value.is_string()) return value.dump();
  const std::string& text = value.get_ref<const std::string&>();
  return is_plain(text) ? text : quoted(text);
}

void write(const Json& value, size_t indent, std::string& out);

void write_block(std::string_view text, size_t indent, std::string& out) {
  out += " |\n";
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end > 0) out.append(indent, ' ');
    out.append(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
}

// What stands behind "key:" or "-".
void write_value(const Json& value, size_t indent, std::string& out) {
  if (value.is_structured() && !value.empty()) {
    out += '\n';
    return write(value, indent, out);
  }
  if (value.is_string() && is_block(value.get_ref<const std::string&>()))
    return write_block(value.get_ref<const std::string&>(), indent, out);
  out += ' ' + scalar(value) + '\n';
}

std::vector<const std::string*> ordered_keys(const Json& object) {
  std::vector<const std::string*> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(&key);
  const auto rank = [](const std::string* key) {
    return std::ranges::find(kFirstKeys, std::string_view(*key)) - kFirstKeys.begin();
  };
  std::ranges::sort(keys, [&](const std::string* a, const std::string* b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : *a < *b;
  });
  return keys;
}

void write(const Json& value, size_t indent, std::string& out) {
  if (value.is_object()) {
    for (const std::string* key : ordered_keys(value)) {
      out.append(indent, ' ');
      out += (is_plain(*key) ? *key : quoted(*key)) + ':';
      write_value(value[*key], indent + 2, out);
    }
    return;
  }
  for (const Json& element : value) {
    out.append(indent, ' ');
    out += '-';
    if (element.is_structured() && !element.empty()) {
      // The first key goes beside the dash.
      std::string inner;
      write(element, indent + 2, inner);
      out += ' ';
      out.append(inner, indent + 2);
    } else {
      write_value(element, indent + 2, out);
    }
  }
}

}  // namespace

std::string write_yaml(const Json& document) {
  std::string out;
  if (document.is_structured() && !document.empty())
    write(document, 0, out);
  else
    out = scalar(document) + "\n";
  return out;
}

}  // namespace sallyport::conf
