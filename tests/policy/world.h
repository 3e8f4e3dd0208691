// Records for snapshots: ids are made of a word, so that a test can say who is meant.
#pragma once

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "policy/snapshot.h"
#include "tests/policy/documents.h"

namespace sallyport::policy {

inline RecordId id_of(std::string_view word) {
  RecordId id;
  const uint64_t hash = std::hash<std::string_view>{}(word);
  std::memcpy(id.bytes.data(), &hash, sizeof hash);
  std::memcpy(id.bytes.data() + 8, word.data(), std::min<size_t>(word.size(), 8));
  return id;
}

// The record of a document, with the id of "kind/name" (users: of the name).
inline ResourceRecord record_of(nlohmann::json document, uint64_t version = 1) {
  ResourceRecord record;
  record.kind = parse_kind(document.at("kind").get<std::string>()).value();
  record.name = document.at("name").get<std::string>();
  record.id = id_of(record.kind == Kind::kUser ? record.name : std::string(to_string(record.kind)) + "/" + record.name);
  record.version = version;
  document.erase("kind");
  document.erase("name");
  record.spec = document.dump();
  return record;
}

inline ResourceRecord user_record(const std::string& name, std::string_view patch = "{}") {
  nlohmann::json document = {{"kind", "user"}, {"name", name}, {"email", name + "@example.test"}};
  return record_of(patched(document, patch));
}
inline ResourceRecord team_record(const std::string& name, std::string_view members, std::string_view patch = "{}") {
  nlohmann::json document = {{"kind", "team"}, {"name", name}, {"members", nlohmann::json::parse(members)}};
  return record_of(patched(document, patch));
}
inline ResourceRecord datasource_record(const std::string& name, const std::string& at, std::string_view patch = "{}") {
  nlohmann::json document = datasource_document();
  document["name"] = name;
  document["at"] = at;
  return record_of(patched(document, patch));
}
inline ResourceRecord instance_record(const std::string& name, const std::string& at, std::string_view patch = "{}") {
  nlohmann::json document = instance_document();
  document["name"] = name;
  document["at"] = at;
  return record_of(patched(document, patch));
}
inline ResourceRecord platform_record(std::string_view patch = "{}") {
  return record_of(patched(platform_document(), patch));
}

}  // namespace sallyport::policy
