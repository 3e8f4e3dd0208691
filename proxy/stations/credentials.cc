#include "proxy/stations/credentials.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/http/url.h"

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

const RenderedCredential* Credentials::find(const policy::CompiledResource& resource, const policy::CredentialRule& rule) const {
  const auto it = entries_.find(&rule);
  return it != entries_.end() && it->second->resource.get() == &resource ? &it->second->rendered : nullptr;
}

Task<Result<SecretBytes>> Credentials::secret_of(const policy::CompiledResource& resource, const std::string& name) {
  const std::string field = "secrets." + name;
  const auto at = std::ranges::find(resource.secrets, field, &policy::SealedField::field);
  if (at == resource.secrets.end()) co_return fail(Code::kNotFound, Side::kSelf, "a secret that is to be injected is not set");
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

Task<Result<SecretBytes>> Credentials::value_of(const policy::CompiledResource& resource, const policy::InjectedValue& value) {
  SecretBytes out;
  for (const policy::TemplatePart& part : value.parts) {
    if (part.secret.empty()) {
      CO_CHECKED(append(out, part.text));
      continue;
    }
    auto finding = secret_of(resource, part.secret);
    CO_TRY(const SecretBytes secret, co_await finding);
    if (part.coding == policy::TemplatePart::Coding::kPlain) {
      CO_CHECKED(append(out, secret.reveal()));
      continue;
    }
    SecretBytes pair;  // RFC 7617 s2: base64(user ":" password)
    CO_CHECKED(append(pair, part.text));
    CO_CHECKED(append(pair, ":"));
    CO_CHECKED(append(pair, secret.reveal()));
    std::string text = base64_encode(pair.view());
    const auto added = append(out, text);
    wipe(text);
    CO_CHECKED(added);
  }
  co_return out;
}

Task<Result<const RenderedCredential*>> Credentials::make(const policy::CompiledResource& resource,
                                                          const policy::CredentialRule& rule) {
  auto entry = std::make_unique<Entry>();
  entry->resource = resource.shared_from_this();
  entry->rule = &rule;
  RenderedCredential& rendered = entry->rendered;
  for (const policy::InjectedValue& header : rule.inject.headers) {
    auto making = value_of(resource, header);
    CO_TRY(const SecretBytes value, co_await making);
    if (!fits_in_a_header(value.reveal()))
      co_return fail(Code::kMalformed, Side::kSelf, "a secret with a line break or control character cannot stand in a header");
    rendered.names.push_back(lower(header.name));
    rendered.authorization |= rendered.names.back() == "authorization";
    CO_CHECKED(append(rendered.headers, header.name));
    CO_CHECKED(append(rendered.headers, ": "));
    CO_CHECKED(append(rendered.headers, value.reveal()));
    CO_CHECKED(append(rendered.headers, "\r\n"));
  }
  for (const policy::InjectedValue& parameter : rule.inject.query) {
    auto making = value_of(resource, parameter);
    CO_TRY(const SecretBytes value, co_await making);
    if (!rendered.query.empty()) CO_CHECKED(append(rendered.query, "&"));
    CO_CHECKED(append(rendered.query, http::percent_encode(parameter.name)));
    CO_CHECKED(append(rendered.query, "="));
    std::string text = http::percent_encode(value.reveal());
    const auto added = append(rendered.query, text);
    wipe(text);
    CO_CHECKED(added);
  }
  if (entries_.size() >= kEntriesMax) entries_.clear();
  const RenderedCredential* const out = &rendered;
  entries_[&rule] = std::move(entry);
  co_return out;
}

void Credentials::retire_others(const policy::Snapshot& snapshot) {
  std::erase_if(entries_, [&](const auto& entry) {
    const policy::CompiledResource& resource = *entry.second->resource;
    return snapshot.resource(resource.name, resource.kind) != &resource;
  });
}

}  // namespace sallyport::proxy
