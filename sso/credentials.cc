#include "sso/credentials.h"

#include <nlohmann/json.hpp>

#include "base/http/cookie.h"

namespace sallyport::sso {
namespace {

constexpr size_t kFormFieldsMax = 16;

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t from = text.find_first_not_of(kSpace);
  if (from == text.npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(kSpace) - from + 1));
}

std::unexpected<Error> incomplete() { return malformed(Side::kClient, "a sign-in needs user and password"); }

// The fields of a form, wiped when they have been read.
struct WipedFields {
  http::FormFields fields;
  explicit WipedFields(http::FormFields read) : fields(std::move(read)) {}
  WipedFields(const WipedFields&) = delete;
  WipedFields& operator=(const WipedFields&) = delete;
  ~WipedFields() {
    for (auto& [name, value] : fields) wipe(value);
  }
  std::string get(std::string_view name) const {
    const std::string* const value = http::find_field(fields, name);
    return value == nullptr ? std::string() : *value;
  }
};

// The JSON of a sign-in, its secret wiped when it has been read.
struct WipedJson {
  nlohmann::json value;
  const char* secret;
  explicit WipedJson(std::string_view text, const char* secret_name = "password")
      : value(nlohmann::json::parse(text, nullptr, false)), secret(secret_name) {}
  WipedJson(const WipedJson&) = delete;
  WipedJson& operator=(const WipedJson&) = delete;
  ~WipedJson() {
    if (auto* const member = text(secret)) wipe(*member);
  }
  std::string* text(const char* name) {
    if (!value.is_object()) return nullptr;
    const auto found = value.find(name);
    return found == value.end() ? nullptr : found->get_ptr<std::string*>();
  }
};

}  // namespace

Result<Credentials> read_credentials_form(const SecretBytes& body) {
  TRY(http::FormFields read, http::parse_form(body.reveal(), kFormFieldsMax));
  const WipedFields form(std::move(read));
  const std::string* const user = http::find_field(form.fields, "user");
  const std::string* const password = http::find_field(form.fields, "password");
  Credentials out;
  out.flow = form.get("flow");
  out.csrf = form.get("csrf");
  if (user != nullptr) out.user = trimmed(*user);
  if (password != nullptr) {
    TRY(out.password, SecretBytes::copy_of(*password));
  }
  return out;
}

Result<Credentials> read_credentials_json(const SecretBytes& body) {
  WipedJson json(body.reveal());
  const std::string* const user = json.text("user");
  const std::string* const password = json.text("password");
  if (user == nullptr || password == nullptr) return incomplete();
  Credentials out;
  out.user = trimmed(*user);
  TRY(out.password, SecretBytes::copy_of(*password));
  if (const std::string* const flow = json.text("flow")) out.flow = *flow;
  if (out.user.empty() || out.password.empty()) return incomplete();
  return out;
}

std::string read_form_field(const SecretBytes& body, std::string_view name) {
  auto fields = http::parse_form(body.reveal(), kFormFieldsMax);
  if (!fields) return {};
  const std::string* const value = http::find_field(*fields, name);
  return value == nullptr ? std::string() : *value;
}

Result<SecretBytes> read_secret_field(const SecretBytes& form, std::string_view name) {
  TRY(http::FormFields read, http::parse_form(form.reveal(), kFormFieldsMax));
  const WipedFields fields(std::move(read));
  const std::string* const value = http::find_field(fields.fields, name);
  return value == nullptr ? SecretBytes() : SecretBytes::copy_of(*value);
}

Result<SecretBytes> read_secret_member(const SecretBytes& json, const char* name) {
  WipedJson read(json.reveal(), name);
  if (!read.value.is_object()) return malformed(Side::kClient, "not a JSON object");
  const std::string* const value = read.text(name);
  return value == nullptr ? SecretBytes() : SecretBytes::copy_of(*value);
}

}  // namespace sallyport::sso
