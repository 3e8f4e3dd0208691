#include "sso/oidc/claims.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/http/field.h"
#include "sso/oidc/token_claims.h"
#include "sso/strict_json.h"

namespace sallyport::sso::oidc {
namespace {

using nlohmann::json;

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kEmailBytesMax = 254;  // RFC 5321 s4.5.3.1.3
constexpr size_t kNameBytesMax = 200;
constexpr size_t kMeansBytesMax = 100;

Error broken(const char* what) { return {Code::kMalformed, kFrom, what}; }

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}
bool without_control_bytes(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// A member by its whole name, which may hold dots ("https://example.test/groups"), else down a path of names.
const json* find_claim(const json& claims, std::string_view name) {
  if (!claims.is_object()) return nullptr;
  if (const auto found = claims.find(name); found != claims.end()) return &*found;
  const json* at = &claims;
  while (true) {
    const std::string_view step = name.substr(0, name.find('.'));
    const auto found = at->is_object() ? at->find(step) : at->end();
    if (found == at->end()) return nullptr;
    at = &*found;
    if (step.size() == name.size()) return at;
    name.remove_prefix(step.size() + 1);
  }
}

// The first that has the claim.
struct Sources {
  std::array<const json*, 2> documents;
  const json* holder(std::string_view name) const {
    for (const json* each : documents)
      if (find_claim(*each, name) != nullptr) return each;
    return nullptr;
  }
  const json* claim(std::string_view name) const {
    const json* document = holder(name);
    return document == nullptr ? nullptr : find_claim(*document, name);
  }
  const std::string* text(std::string_view name) const {
    const json* found = claim(name);
    return found == nullptr ? nullptr : found->get_ptr<const std::string*>();
  }
};

// Some say it as a text (Cognito).
bool is_true(const json* claim) { return claim != nullptr && (*claim == true || *claim == "true"); }

bool is_email(const std::string& text) {
  const size_t at = text.rfind('@');
  return text.size() <= kEmailBytesMax && at != text.npos && at > 0 && at + 1 < text.size() && printable(text) &&
         text.find(' ') == text.npos;
}

// Not to have one is no reason to refuse: it leads to no account by itself.
std::string read_email(const policy::IdentityProvider& provider, const Sources& sources, Checks& checks) {
  const std::string claim = provider.attributes.email.empty() ? "email" : provider.attributes.email;
  const json* document = sources.holder(claim);
  const auto* text = document == nullptr ? nullptr : find_claim(*document, claim)->get_ptr<const std::string*>();
  // It is about the claim `email` (Core s5.1), and vouches for no other.
  const bool verified = !provider.oidc.require_email_verified ||
                        (claim == "email" && document != nullptr && is_true(find_claim(*document, "email_verified")));
  const char* found = text == nullptr                        ? "none"
                      : !is_email(*text)                     ? "not an address: it does not count"
                      : !verified                            ? "not verified: it does not count"
                      : provider.oidc.require_email_verified ? "verified"
                                                             : "there, verified or not";
  checks.add(true, "e-mail address", provider.oidc.require_email_verified ? "verified" : "any", found);
  return text != nullptr && is_email(*text) && verified ? *text : std::string();
}

std::string read_name(const policy::IdentityProvider& provider, const Sources& sources) {
  const std::string& configured = provider.attributes.name;
  for (const std::string_view claim : configured.empty() ? std::vector<std::string_view>{"preferred_username", "name"}
                                                         : std::vector<std::string_view>{configured}) {
    const std::string* text = sources.text(claim);
    if (text != nullptr && !text->empty() && text->size() <= kNameBytesMax && without_control_bytes(*text))
      return *text;
  }
  return {};
}

Result<std::vector<std::string>> group_list(const json* claim) {
  std::vector<std::string> out;
  if (claim == nullptr || claim->is_null()) return out;
  const bool one = claim->is_string();
  if (!one && !claim->is_array()) return std::unexpected(broken("groups are neither a text nor a list of texts"));
  if (!one && claim->size() > kAssertedGroupsMax) return fail(Code::kLimit, kFrom, "too many groups");
  for (const json& each : one ? json::array({*claim}) : *claim) {
    const auto* text = each.get_ptr<const std::string*>();
    if (text == nullptr) return std::unexpected(broken("groups are neither a text nor a list of texts"));
    if (text->size() > kAssertedGroupBytesMax) return fail(Code::kLimit, kFrom, "a group's name is too long");
    if (!text->empty()) out.push_back(*text);
  }
  return out;
}

Result<std::vector<std::string>> read_groups(const policy::IdentityProvider& provider, const Sources& sources,
                                             Checks& checks) {
  const std::string& claim = provider.groups.attribute;
  if (claim.empty()) return std::vector<std::string>();
  auto groups = group_list(sources.claim(claim));
  // Entra leaves out more than 200 and names another place (s5.6.2, aggregated claims) that nobody follows here.
  const json* elsewhere = sources.claim("_claim_names");
  const bool left_out = groups && groups->empty() && elsewhere != nullptr && find_claim(*elsewhere, claim) != nullptr;
  std::string found = groups ? std::to_string(groups->size()) : groups.error().what;
  if (left_out) found = "left out by the provider: there are too many";
  CHECKED(checks.require(groups.has_value(), "groups", claim + ": a list of texts", found,
                         groups ? Error{} : groups.error()));
  return groups;
}

// Core s2: acr, or the methods of amr, in short.
std::string read_means(const json& id_token) {
  std::string out = "oidc";
  if (const std::string* acr = text_member(id_token, "acr")) {
    out.append(", ").append(*acr);
  } else if (const auto amr = id_token.find("amr"); amr != id_token.end() && amr->is_array()) {
    for (const json& each : *amr)
      if (const auto* text = each.get_ptr<const std::string*>(); text != nullptr && out.size() < kMeansBytesMax)
        out.append(out == "oidc" ? ", " : " ").append(*text);
  }
  if (out.size() > kMeansBytesMax) out.resize(kMeansBytesMax);
  return printable(out) ? out : "oidc";
}

}  // namespace

Result<json> read_userinfo(std::string_view content_type, std::string_view body, std::string_view sub, Checks& checks) {
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
  CHECKED(checks.require(http::iequals(type, "application/json"), "userinfo", "application/json", content_type,
                         broken("userinfo is no JSON")));
  CHECKED(checks.demand(body.size() <= kUserinfoBytesMax, "userinfo", "at most 256 KiB", "larger",
                        {Code::kTooLarge, kFrom, "userinfo is too large"}));
  auto claims = parse_strict_object(body);
  CHECKED(checks.demand(claims.has_value(), "userinfo", "a JSON object", claims ? "" : claims.error().what,
                        broken("userinfo is no JSON object, or has a member twice")));
  const std::string* said = text_member(*claims, "sub");
  const bool same = said != nullptr && *said == sub;
  CHECKED(checks.require(same, "userinfo's sub", "that of the ID token",
                         same   ? "that"
                         : said ? "another"
                                : "none",
                         {Code::kDenied, kFrom, "userinfo is about somebody else"}));
  return claims;
}

Result<ExternalIdentity> identity_of(const policy::IdentityProvider& provider, const json& id_token,
                                     const json& userinfo, Checks& checks) {
  const Sources sources{{&userinfo, &id_token}};
  const std::string claim = provider.attributes.subject.empty() ? "sub" : provider.attributes.subject;
  // Whose account it is, is said by what was signed for this sign-in, or by nobody.
  const json* found = find_claim(id_token, claim);
  const auto* subject = found == nullptr ? nullptr : found->get_ptr<const std::string*>();
  CHECKED(checks.require(is_subject(subject), "subject", claim + ": 1 to 255 printable characters",
                         is_subject(subject) ? "ok" : "none, or another",
                         broken("ID token lacks the claim that tells people apart")));
  ExternalIdentity out;
  out.subject = *subject;
  out.email = read_email(provider, sources, checks);
  out.name = read_name(provider, sources);
  TRY(out.groups, read_groups(provider, sources, checks));
  out.means = read_means(id_token);
  return out;
}

}  // namespace sallyport::sso::oidc
