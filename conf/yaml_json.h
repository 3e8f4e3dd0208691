// YAML as this project takes it: documents turned into JSON with the line of every node. Duplicate keys, anchors,
// aliases, tags and non-string keys are mistakes. yaml-cpp is included by the .cc alone.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/mistake.h"

namespace sallyport::conf {

// Path ("a.b[0].c") -> 1-based line.
using Lines = std::map<std::string, int>;

struct YamlDocument {
  YamlDocument();
  ~YamlDocument();
  YamlDocument(YamlDocument&&) noexcept;
  YamlDocument& operator=(YamlDocument&&) noexcept;
  nlohmann::json& json();
  const nlohmann::json& json() const;
  Lines lines;
  int first_line = 1;

 private:
  struct Value;
  std::unique_ptr<Value> value_;
};

constexpr size_t kYamlBytesMax = size_t{64} << 20;

// errors: syntax and everything refused above, all of them, with file and line; also control bytes, what is not UTF-8,
// more than 64 levels or 8 million values, and numbers that do not fit. Messages quote keys, never values. JSON text is
// YAML and reads as well. Documents that are empty (or null) are left out. Plain scalars become null, bool, integer,
// float or string by the core schema ("yes"/"no" stay strings); quoted ones strings.
std::expected<std::vector<YamlDocument>, Mistakes> read_yaml(std::string_view text, const std::string& file);
// Block style, with a line break at the end. JSON objects come sorted by key, so the order is made here: kind, name,
// team, type and at first, then as they come. Reads back as the same value.
std::string write_yaml(const nlohmann::json& document);

// Fills in file and line of mistakes that carry a path.
void locate_mistakes(Mistakes& mistakes, const YamlDocument& document, const std::string& file);

}  // namespace sallyport::conf
