#include "policy/passage.h"

#include <algorithm>

namespace sallyport::policy {
namespace {

bool same(const std::vector<TemplatePart>& a, const std::vector<TemplatePart>& b) {
  return std::ranges::equal(a, b, [](const TemplatePart& x, const TemplatePart& y) {
    return x.text == y.text && x.secret == y.secret && x.coding == y.coding;
  });
}

bool same(const std::vector<InjectedValue>& a, const std::vector<InjectedValue>& b) {
  return std::ranges::equal(
      a, b, [](const InjectedValue& x, const InjectedValue& y) { return x.name == y.name && same(x.parts, y.parts); });
}

bool same_upstream(const Upstream& a, const Upstream& b) {
  return a.url.to_string() == b.url.to_string() && a.networks == b.networks && a.ca_pem == b.ca_pem &&
         a.server_name == b.server_name && a.host == b.host && a.source_address == b.source_address;
}

bool same_sealed(const CompiledResource& a, const CompiledResource& b, const std::vector<TemplatePart>& parts) {
  return std::ranges::all_of(parts, [&](const TemplatePart& part) {
    if (part.secret.empty()) return true;
    const std::string field = "secrets." + part.secret;
    const auto x = std::ranges::find(a.secrets, field, &SealedField::field);
    const auto y = std::ranges::find(b.secrets, field, &SealedField::field);
    return x != a.secrets.end() && y != b.secrets.end() && x->epoch == y->epoch && x->sealed == y->sealed;
  });
}

bool same_secrets(const CompiledResource& a, const CompiledResource& b, const Injection& inject) {
  const auto all = [&](const std::vector<InjectedValue>& values) {
    return std::ranges::all_of(values, [&](const InjectedValue& value) { return same_sealed(a, b, value.parts); });
  };
  return all(inject.headers) && all(inject.query) && same_sealed(a, b, inject.first_message);
}

}  // namespace

bool same_passage(const CompiledResource& was, const Decision& then, const CompiledResource& is, const Decision& now) {
  if (then.messages != now.messages || then.role != now.role) return false;
  if ((then.user == nullptr) != (now.user == nullptr)) return false;
  if (&was == &is) return then.credential == now.credential;
  if (!same_upstream(was.spec.upstream, is.spec.upstream)) return false;
  if (was.spec.pass_certificate != is.spec.pass_certificate) return false;
  if ((then.credential == nullptr) != (now.credential == nullptr)) return false;
  if (then.credential == nullptr) return true;
  const Injection& a = then.credential->inject;
  const Injection& b = now.credential->inject;
  return same(a.headers, b.headers) && same(a.query, b.query) && same(a.first_message, b.first_message) &&
         same_secrets(was, is, a);
}

}  // namespace sallyport::policy
