// YAML as this project takes it: documents turned into JSON with the line of every node. Duplicate keys, anchors, aliases,
// tags and non-string keys are mistakes. yaml-cpp is included by the .cc alone.
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

// errors: syntax and everything refused above, all of them, with file and line. JSON text is YAML and reads as well.
// Plain scalars become null, bool, integer, float or string by the core schema ("yes"/"no" stay strings); quoted ones strings.
std::expected<std::vector<YamlDocument>, Mistakes> read_yaml(std::string_view text, const std::string& file);
std::string write_yaml(const nlohmann::json& document);  // block style, keys in the given order

// Fills in file and line of mistakes that carry a path.
void locate_mistakes(Mistakes& mistakes, const YamlDocument& document, const std::string& file);

}  // namespace sallyport::conf
