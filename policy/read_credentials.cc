// What is put into a request: `inject`, the presets of `auth` over it, or `credentials` per role.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/http/field.h"
#include "base/shape.h"
#include "policy/read_protected.h"
#include "policy/template_text.h"

namespace sallyport::policy {
namespace {

using Json = nlohmann::json;
using Coding = TemplatePart::Coding;

bool same_name(const InjectedValue& a, const InjectedValue& b, TemplateUse use) {
  return use == TemplateUse::kHeader ? http::iequals(a.name, b.name) : a.name == b.name;
}

// Adds `value` unless its name is taken (header names in any case).
bool add_value(std::vector<InjectedValue>& values, InjectedValue value, TemplateUse use) {
  if (std::ranges::any_of(values, [&](const InjectedValue& other) { return same_name(other, value, use); }))
    return false;
  values.push_back(std::move(value));
  return true;
}

void read_values(const Json& inject, std::string_view key, TemplateUse use, const std::string& path,
                 std::vector<InjectedValue>& out, Mistakes& mistakes) {
  const Json* values = member(inject, key);
  if (!values || !values->is_object()) return;
  for (const auto& [name, value] : values->items()) {
    if (!value.is_string()) continue;
    auto parts = parse_template(value.get_ref<const std::string&>(), use);
    if (!parts) continue;
    if (!add_value(out, {name, *std::move(parts)}, use)) {
      mistakes.push_back({join_path(join_path(path, key), name), "stands twice, in other capitals", "conflict", "", 0});
    }
  }
}

Injection read_inject(const Json& inject, const std::string& path, Mistakes& mistakes) {
  Injection out;
  read_values(inject, "headers", TemplateUse::kHeader, path, out.headers, mistakes);
  read_values(inject, "query", TemplateUse::kQuery, path, out.query, mistakes);
  if (const auto text = text_at(inject, "first_message")) {
    if (auto parts = parse_template(*text, TemplateUse::kJson)) out.first_message = *std::move(parts);
  }
  return out;
}

TemplatePart literal(std::string_view text) { return {std::string(text), "", Coding::kPlain}; }
TemplatePart secret(std::string_view name) { return {"", std::string(name), Coding::kPlain}; }

// Which keys go with which type.
void check_auth_keys(const Json& auth, std::string_view type, Mistakes& mistakes) {
  const auto only_for = [&](std::string_view key, std::string_view its_type, const char* message) {
    if (member(auth, key) && type != its_type) mistakes.push_back({join_path("auth", key), message, "conflict", "", 0});
  };
  only_for("username", "basic", "belongs to type basic alone");
  only_for("header", "api_key", "belongs to type api_key alone");
  only_for("query", "api_key", "belongs to type api_key alone");
  if (type == "basic" && !member(auth, "username"))
    mistakes.push_back({"auth.username", "is missing; basic needs a user name and secrets.password", "missing", "", 0});
  if (type == "api_key" && !member(auth, "header") == !member(auth, "query")) {
    mistakes.push_back({"auth", "api_key needs either `header` or `query`, the name of what carries secrets.key",
                        member(auth, "header") ? "conflict" : "missing", "", 0});
  }
}

// Adds what the preset puts in.
void read_auth(const Json& auth, Injection& inject, Mistakes& mistakes) {
  const std::string_view type = text_at(auth, "type").value_or("none");
  check_auth_keys(auth, type, mistakes);
  bool added = true;
  if (type == "basic") {
    TemplatePart pair{std::string(text_at(auth, "username").value_or("")), "password", Coding::kBasicUserPassword};
    added = add_value(inject.headers, {"Authorization", {literal("Basic "), std::move(pair)}}, TemplateUse::kHeader);
  } else if (type == "bearer") {
    added = add_value(inject.headers, {"Authorization", {literal("Bearer "), secret("token")}}, TemplateUse::kHeader);
  } else if (type == "api_key") {
    if (const auto header = text_at(auth, "header"))
      added = add_value(inject.headers, {std::string(*header), {secret("key")}}, TemplateUse::kHeader);
    else if (const auto query = text_at(auth, "query"))
      added = add_value(inject.query, {std::string(*query), {secret("key")}}, TemplateUse::kQuery);
  }
  if (!added) mistakes.push_back({"auth", "puts in what `inject` puts in already", "conflict", "", 0});
}

}  // namespace

std::vector<CredentialRule> read_credentials(const Json& document, Mistakes& mistakes) {
  std::vector<CredentialRule> rules;
  const Json* inject = member(document, "inject");
  const Json* auth = member(document, "auth");
  const Json* credentials = member(document, "credentials");
  CredentialRule always;
  if (inject) always.inject = read_inject(*inject, "inject", mistakes);
  if (auth && auth->is_object()) read_auth(*auth, always.inject, mistakes);
  const bool injects =
      !always.inject.headers.empty() || !always.inject.query.empty() || !always.inject.first_message.empty();
  if (credentials && credentials->is_array() && !credentials->empty()) {
    if (injects)
      mistakes.push_back({"credentials", "stands in place of `inject` and `auth`: use one", "conflict", "", 0});
    for (size_t i = 0; i < credentials->size(); ++i) {
      const Json& entry = (*credentials)[i];
      const Json* its_inject = member(entry, "inject");
      CredentialRule rule{read_roles(entry, "roles"), {}, ""};
      if (its_inject) rule.inject = read_inject(*its_inject, join_path("credentials", i) + ".inject", mistakes);
      rules.push_back(std::move(rule));
    }
  } else if (injects) {
    rules.push_back(std::move(always));
  }
  return rules;
}

std::vector<std::string> secrets_used(const std::vector<CredentialRule>& rules) {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<TemplatePart>& parts) {
    for (const TemplatePart& part : parts) {
      if (!part.secret.empty()) names.push_back(part.secret);
    }
  };
  for (const CredentialRule& rule : rules) {
    for (const InjectedValue& header : rule.inject.headers) add(header.parts);
    for (const InjectedValue& parameter : rule.inject.query) add(parameter.parts);
    add(rule.inject.first_message);
  }
  std::ranges::sort(names);
  const auto rest = std::ranges::unique(names);
  names.erase(rest.begin(), rest.end());
  return names;
}

}  // namespace sallyport::policy
