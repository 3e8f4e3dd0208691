#include "policy/explanation_words.h"

#include "base/units.h"

namespace sallyport::policy {
namespace {

constexpr size_t kNamedMax = 8;  // of a list; the rest is counted

template <class List, class Word>
std::string listed(const List& list, Word word) {
  std::string out;
  size_t said = 0;
  for (const auto& each : list) {
    if (said == kNamedMax) return out + " and " + std::to_string(list.size() - said) + " more";
    out += (said++ == 0 ? "" : ", ") + std::string(word(each));
  }
  return out;
}

std::vector<std::string> secrets_in(const std::vector<TemplatePart>& parts) {
  std::vector<std::string> out;
  for (const TemplatePart& part : parts)
    if (!part.secret.empty()) out.push_back("secrets." + part.secret);
  return out;
}

std::string part_words(std::string what, const std::vector<TemplatePart>& parts) {
  const std::vector<std::string> secrets = secrets_in(parts);
  return secrets.empty() ? what : what + " (" + words_of(secrets, "") + ")";
}

}  // namespace

std::string words_of(const std::vector<Role>& roles) {
  return roles.empty() ? "nobody" : listed(roles, [](Role role) { return to_string(role); });
}

std::string words_of(const std::vector<std::string>& texts, std::string_view none) {
  return texts.empty() ? std::string(none) : listed(texts, [](const std::string& text) { return text; });
}

std::string words_of(const CidrList& networks) {
  return listed(networks, [](const Cidr& network) { return network.to_string(); });
}

std::string address_words(const CidrList& networks, const IpAddress& address) {
  if (networks.empty()) return "no list: every address may";
  for (const Cidr& network : networks)
    if (network.contains(address)) return address.to_string() + " is in " + network.to_string();
  return address.to_string() + " is in none of " + words_of(networks);
}

std::string injection_words(const Injection& inject) {
  std::vector<std::string> out;
  for (const InjectedValue& header : inject.headers) out.push_back(part_words("header " + header.name, header.parts));
  for (const InjectedValue& query : inject.query) out.push_back(part_words("query " + query.name, query.parts));
  if (!inject.first_message.empty()) out.push_back(part_words("first message", inject.first_message));
  return words_of(out, "nothing is put in");
}

std::string factor_words(const Identity& identity, WallMicros now) {
  const bool mfa = identity.strength == Strength::kMfa;
  if (identity.means == Means::kToken)
    return mfa ? "a token made with a second factor, which is never fresh" : "a token made without a second factor";
  if (!mfa) return "a session by password alone";
  if (!identity.factor_at) return "a session with a second factor, shown nobody knows when";
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - *identity.factor_at);
  if (ago.count() < 0) return "a session with a second factor that was shown in the future";
  return "a session with a second factor, shown " + to_duration_text(ago) + " ago";
}

std::string upstream_words(const Upstream& upstream, std::string_view path) {
  std::string_view base = upstream.url.path;
  if (base.ends_with('/')) base.remove_suffix(1);
  return upstream.url.scheme + "://" + upstream.url.authority() + std::string(base) + std::string(path);
}

}  // namespace sallyport::policy
