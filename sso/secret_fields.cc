#include "sso/secret_fields.h"

#include <nlohmann/json.hpp>

#include "base/http/cookie.h"

namespace sallyport::sso {
namespace {

constexpr size_t kFormFieldsMax = 16;

struct WipedForm {
  http::FormFields fields;
  explicit WipedForm(http::FormFields read) : fields(std::move(read)) {}
  WipedForm(const WipedForm&) = delete;
  WipedForm& operator=(const WipedForm&) = delete;
  ~WipedForm() {
    for (auto& [name, value] : fields) wipe(value);
  }
};

struct WipedObject {
  nlohmann::json value;
  explicit WipedObject(std::string_view text) : value(nlohmann::json::parse(text, nullptr, false)) {}
  WipedObject(const WipedObject&) = delete;
  WipedObject& operator=(const WipedObject&) = delete;
  ~WipedObject() {
    if (!value.is_object()) return;
    for (auto& [name, member] : value.items())
      if (auto* const text = member.get_ptr<std::string*>()) wipe(*text);
  }
};

Result<SecretBytes> secret_of(const std::string* text) {
  return SecretBytes::copy_of(text == nullptr ? std::string_view() : std::string_view(*text));
}

}  // namespace

Result<void> fill_from_form(const SecretBytes& body, std::span<const std::string_view> names,
                            std::span<SecretBytes> out) {
  TRY(http::FormFields read, http::parse_form(body.reveal(), kFormFieldsMax));
  const WipedForm form(std::move(read));
  for (size_t i = 0; i < names.size(); ++i) {
    TRY(out[i], secret_of(http::find_field(form.fields, names[i])));
  }
  return {};
}

Result<void> fill_from_json(const SecretBytes& body, std::span<const std::string_view> names,
                            std::span<SecretBytes> out) {
  WipedObject object(body.reveal());
  if (!object.value.is_object()) return malformed(Side::kClient, "this is no JSON object");
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found = object.value.find(names[i]);
    TRY(out[i], secret_of(found == object.value.end() ? nullptr : found->get_ptr<std::string*>()));
  }
  return {};
}

}  // namespace sallyport::sso
