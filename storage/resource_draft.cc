#include "storage/resource_draft.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/time_text.h"

namespace sallyport::storage {
namespace {

using nlohmann::json;

struct Secrets {
  std::vector<SecretEdit> edits;
  std::optional<SecretBytes> password;
};

class SecretTaker {
 public:
  SecretTaker(size_t index, Mistakes& mistakes) : index_(index), mistakes_(mistakes) {}

  Secrets take(json& document) {
    Secrets out;
    if (!document.is_object()) return out;
    if (const auto found = document.find("password"); found != document.end()) out.password = take_password(*found);
    const auto found = document.find("secrets");
    if (found == document.end() || found->is_null()) return out;
    if (!found->is_object()) {
      wipe_all(*found);
      *found = json::object();
      complain("secrets", "must be a mapping of names to texts", "wrong_type");
      return out;
    }
    for (auto& [name, value] : found->items()) {
      if (auto edit = take_secret("secrets." + name, value)) out.edits.push_back(*std::move(edit));
    }
    return out;
  }

 private:
  void complain(std::string_view path, std::string message, const char* code) {
    mistakes_.push_back({path_in(index_, path), std::move(message), code, "", 0});
  }

  // Strings anywhere below are overwritten before they go.
  static void wipe_all(json& value) {
    if (value.is_string()) {
      wipe(value.get_ref<std::string&>());
    } else if (value.is_structured()) {
      for (json& inner : value) wipe_all(inner);
    }
    value = nullptr;
  }

  std::optional<SecretBytes> take_text(const std::string& path, json& value) {
    if (!value.is_string()) {
      complain(path, value.is_structured() ? "must be text" : "must be text: put it in quotes", "wrong_type");
      wipe_all(value);
      return std::nullopt;
    }
    auto secret = SecretBytes::copy_of(std::string_view(value.get_ref<const std::string&>()));
    wipe_all(value);
    if (!secret) {
      complain(path, secret.error().what, "out_of_range");
      return std::nullopt;
    }
    return *std::move(secret);
  }

  std::optional<SecretEdit> take_secret(const std::string& field, json& value) {
    SecretEdit out{.field = field, .what = SecretEdit::What::kDelete, .value = {}};
    if (value.is_null()) return out;
    if (value.is_string() && value.get_ref<const std::string&>() == policy::kSecretPlaceholder) {
      value = nullptr;
      out.what = SecretEdit::What::kKeep;
      return out;
    }
    auto text = take_text(field, value);
    if (!text) return std::nullopt;
    if (text->empty()) {
      complain(field, "must not be empty; null deletes it", "out_of_range");
      return std::nullopt;
    }
    out.what = SecretEdit::What::kSet;
    out.value = *std::move(text);
    return out;
  }

  std::optional<SecretBytes> take_password(json& value) {
    if (value.is_null()) return std::nullopt;
    if (value.is_string() && value.get_ref<const std::string&>() == policy::kSecretPlaceholder) {
      value = nullptr;
      return std::nullopt;
    }
    return take_text("password", value);
  }

  size_t index_;
  Mistakes& mistakes_;
};

// nlohmann's dump() throws on text that is not UTF-8.
bool is_utf8(const json& value) {
  try {
    (void)value.dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

}  // namespace

std::string path_in(size_t index, std::string_view path) {
  std::string out = "[" + std::to_string(index) + "]";
  if (!path.empty() && path.front() != '[') out += '.';
  return out.append(path);
}

std::string canonical_spec(const json& document) {
  json spec = document;
  for (const char* key : {"kind", "name", "secrets", "password"}) spec.erase(key);
  return spec.dump();
}

Result<json> document_of(policy::Kind kind, const std::string& name, const std::string& spec) {
  json document = json::parse(spec, nullptr, false);
  if (!document.is_object()) return malformed(Side::kStorage, "the spec of a resource does not read");
  document["kind"] = policy::to_string(kind);
  document["name"] = name;
  return document;
}

Result<std::string> with_marks(const std::string& spec, const PasswordMarks& marks) {
  json out = json::parse(spec, nullptr, false);
  if (!out.is_object()) return malformed(Side::kStorage, "the spec of a resource does not read");
  out.erase("password_set");
  out.erase("change_password");
  if (marks.set) out["password_set"] = show_time(*marks.set);
  if (marks.change) out["change_password"] = true;
  return out.dump();
}

std::vector<Draft> take_apart(std::vector<json>& documents, Mistakes& mistakes) {
  std::vector<Secrets> secrets;
  for (size_t i = 0; i < documents.size(); ++i) secrets.push_back(SecretTaker(i, mistakes).take(documents[i]));
  std::vector<Draft> out;
  std::set<std::pair<policy::Kind, std::string>> seen;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (!is_utf8(documents[i])) {
      mistakes.push_back({path_in(i, ""), "must be UTF-8", "invalid_value", "", 0});
      continue;
    }
    auto resource = policy::read_resource(documents[i]);
    if (!resource) {
      for (Mistake& mistake : resource.error()) {
        mistake.path = path_in(i, mistake.path);
        mistakes.push_back(std::move(mistake));
      }
      continue;
    }
    if (!seen.emplace(resource->kind, resource->name).second) {
      mistakes.push_back({path_in(i, "name"), "is there twice", "duplicate", "", 0});
      continue;
    }
    out.push_back({.index = i,
                   .resource = *std::move(resource),
                   .spec = canonical_spec(documents[i]),
                   .secrets = std::move(secrets[i].edits),
                   .password = std::move(secrets[i].password)});
  }
  return out;
}

}  // namespace sallyport::storage
