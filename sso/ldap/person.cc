#include "sso/ldap/person.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json_text.h"

namespace sallyport::sso::ldap {
namespace {

using Names = std::vector<std::string>;

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kTextBytesMax = 320;  // an e-mail address has at most 254

Names subject_attributes(const policy::ProviderAttributes& attributes) {
  if (!attributes.subject.empty()) return {attributes.subject};
  return {"entryUUID", "objectGUID"};
}
Names email_attributes(const policy::ProviderAttributes& attributes) {
  return {attributes.email.empty() ? "mail" : attributes.email};
}
Names name_attributes(const policy::ProviderAttributes& attributes) {
  if (!attributes.name.empty()) return {attributes.name};
  return {"uid", "sAMAccountName"};
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return x == y || ((x | 0x20) == (y | 0x20) && (x | 0x20) >= 'a' && (x | 0x20) <= 'z');
  });
}

bool is_bytes(std::string_view attribute) { return same(attribute, "objectGUID") || same(attribute, "objectSid"); }

// The first attribute of these that the entry has.
std::string_view present(const Entry& entry, const Names& names) {
  const auto found = std::ranges::find_if(names, [&](const std::string& name) { return !entry.values(name).empty(); });
  return found == names.end() ? std::string_view() : *found;
}

Result<std::string> subject_in(const Entry& entry, const Names& names, Checks& checks) {
  constexpr Error kNone{Code::kMalformed, kFrom, "the directory does not say who that is for ever"};
  const std::string_view attribute = present(entry, names);
  const auto& values = entry.values(attribute);
  std::string value;
  if (values.size() == 1) value = is_bytes(attribute) ? hex_encode(as_bytes(values.front())) : values.front();
  const bool good = !value.empty() && value.size() <= kSubjectBytesMax && is_plain_text(value);
  std::string wanted = "one value of " + names.front();
  for (size_t i = 1; i < names.size(); ++i) wanted += " or " + names[i];
  CHECKED(checks.require(good, "subject", wanted,
                         values.size() == 1 ? (good ? std::string(attribute) : "one that is no text of a fit length")
                                            : std::to_string(values.size()),
                         kNone));
  return value;
}

Result<std::string> text_in(const Entry& entry, const Names& names, Checks& checks) {
  const std::string_view attribute = present(entry, names);
  if (attribute.empty()) return std::string();
  const std::string& value = entry.values(attribute).front();
  CHECKED(checks.demand(value.size() <= kTextBytesMax && is_plain_text(value), "text",
                        std::string(attribute) + " as text", "something else",
                        {Code::kMalformed, kFrom, "an attribute of the person is no text"}));
  return value;
}

}  // namespace

std::string group_attribute(const policy::IdentityProvider& provider) {
  // What a claim or a SAML attribute is called by default is none of a directory's.
  const std::string& configured = provider.groups.attribute;
  return configured.empty() || configured == policy::GroupRules().attribute ? "memberOf" : configured;
}

std::vector<std::string> wanted_attributes(const policy::IdentityProvider& provider) {
  Names out;
  const auto& attributes = provider.attributes;
  for (const Names& some : {subject_attributes(attributes), email_attributes(attributes), name_attributes(attributes)})
    out.insert(out.end(), some.begin(), some.end());
  if (provider.ldap.groups_dn.empty()) out.push_back(group_attribute(provider));
  return out;
}

Result<ExternalIdentity> person_in(const Entry& entry, const policy::ProviderAttributes& attributes, Checks& checks) {
  ExternalIdentity out;
  TRY(out.subject, subject_in(entry, subject_attributes(attributes), checks));
  TRY(out.email, text_in(entry, email_attributes(attributes), checks));
  TRY(out.name, text_in(entry, name_attributes(attributes), checks));
  out.means = "ldap";
  return out;
}

}  // namespace sallyport::sso::ldap
