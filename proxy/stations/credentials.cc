#include "proxy/stations/credentials.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/http/url.h"
#include "base/json_text.h"

namespace sallyport::proxy {
namespace {

constexpr size_t kEntriesMax = 4096;

// Appends to a growing secret; the old block is wiped when it is replaced.
Result<void> append(SecretBytes& to, std::string_view bytes) {
  TRY(SecretBytes grown, SecretBytes::of_size(to.size() + bytes.size()));
  std::ranges::copy(to.view(), grown.span().begin());
  std::ranges::copy(as_bytes(bytes), grown.span().begin() + static_cast<ptrdiff_t>(to.size()));
  to = std::move(grown);
  return {};
}

// RFC 7617 s2: base64(user ":" password).
Result<void> append_basic(SecretBytes& to, std::string_view user, std::string_view password) {
  SecretBytes pair;
  CHECKED(append(pair, user));
  CHECKED(append(pair, ":"));
  CHECKED(append(pair, password));
  std::string text = base64_encode(pair.view());
  const auto added = append(to, text);
  wipe(text);
  return added;
}

// The inside of a JSON string (RFC 8259 s7): quotes, backslashes and control characters escaped.
Result<void> append_json(SecretBytes& to, std::string_view secret) {
  std::string text;
  text.reserve(6 * secret.size() + 2);  // the longest an escape gets: no copy is left behind by growing
  append_json_string(text, secret);
  const auto added = append(to, std::string_view(text).substr(1, text.size() - 2));
  wipe(text);
  return added;
}

Result<void> append_coded(SecretBytes& to, const policy::TemplatePart& part, std::string_view secret) {
  switch (part.coding) {
    case policy::TemplatePart::Coding::kPlain:
      return append(to, secret);
    case policy::TemplatePart::Coding::kBasicUserPassword:
      return append_basic(to, part.text, secret);
    case policy::TemplatePart::Coding::kJsonString:
      return append_json(to, secret);
  }
  return fail(Code::kInternal, Side::kSelf, "a coding that nobody knows");
}

bool fits_in_a_header(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

}  // namespace

CredentialPtr Credentials::find(const policy::CompiledResource& resource, const policy::CredentialRule& rule) const {
  const auto it = entries_.find(&rule);
  return it != entries_.end() && it->second.resource.get() == &resource ? it->second.rendered : nullptr;
}

Task<Result<SecretBytes>> Credentials::secret_of(const policy::CompiledResource& resource, const std::string& name) {
  const std::string field = "secrets." + name;
  const auto at = std::ranges::find(resource.secrets, field, &policy::SealedField::field);
  if (at == resource.secrets.end())
    co_return fail(Code::kNotFound, Side::kSelf, "a secret that is to be injected is not set");
  storage::SealedRecord record{.context = {.installation = installation_,
                                           .kind = std::string(policy::to_string(resource.kind)),
                                           .record = resource.id,
                                           .field = field,
                                           .destination = resource.destination,
                                           .epoch = at->epoch},
                               .sealed = at->sealed};
  auto unsealing = keys_.unseal(std::move(record));
  co_return co_await unsealing;
}

Task<Result<SecretBytes>> Credentials::value_of(const policy::CompiledResource& resource,
                                                const std::vector<policy::TemplatePart>& parts) {
  SecretBytes out;
  for (const policy::TemplatePart& part : parts) {
    if (part.secret.empty()) {
      CO_CHECKED(append(out, part.text));
      continue;
    }
    auto finding = secret_of(resource, part.secret);
    CO_TRY(const SecretBytes secret, co_await finding);
    CO_CHECKED(append_coded(out, part, secret.reveal()));
  }
  co_return out;
}

Task<Result<CredentialPtr>> Credentials::make(const policy::CompiledResource& resource,
                                              const policy::CredentialRule& rule) {
  RenderedCredential rendered;
  for (const policy::InjectedValue& header : rule.inject.headers) {
    auto making = value_of(resource, header.parts);
    CO_TRY(const SecretBytes value, co_await making);
    if (!fits_in_a_header(value.reveal()))
      co_return fail(Code::kMalformed, Side::kSelf,
                     "a secret with a line break or control character cannot stand in a header");
    rendered.names.push_back(lower(header.name));
    rendered.authorization |= rendered.names.back() == "authorization";
    CO_CHECKED(append(rendered.headers, header.name));
    CO_CHECKED(append(rendered.headers, ": "));
    CO_CHECKED(append(rendered.headers, value.reveal()));
    CO_CHECKED(append(rendered.headers, "\r\n"));
  }
  for (const policy::InjectedValue& parameter : rule.inject.query) {
    auto making = value_of(resource, parameter.parts);
    CO_TRY(const SecretBytes value, co_await making);
    if (!rendered.query.empty()) CO_CHECKED(append(rendered.query, "&"));
    CO_CHECKED(append(rendered.query, http::percent_encode(parameter.name)));
    CO_CHECKED(append(rendered.query, "="));
    std::string text = http::percent_encode(value.reveal());
    const auto added = append(rendered.query, text);
    wipe(text);
    CO_CHECKED(added);
  }
  auto making_message = value_of(resource, rule.inject.first_message);
  CO_TRY(rendered.first_message, co_await making_message);
  if (entries_.size() >= kEntriesMax) entries_.clear();
  auto out = std::make_shared<const RenderedCredential>(std::move(rendered));
  entries_[&rule] = {resource.shared_from_this(), out};
  co_return CredentialPtr(std::move(out));
}

void Credentials::retire_others(const policy::Snapshot& snapshot) {
  std::erase_if(entries_, [&](const auto& entry) {
    const policy::CompiledResource& resource = *entry.second.resource;
    return snapshot.resource(resource.name, resource.kind) != &resource;
  });
}

}  // namespace sallyport::proxy
