#include "sso/saml/assertion.h"

#include <algorithm>
#include <array>

#include "base/time_text.h"
#include "sso/saml/names.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kConfirmationsMax = 8;
constexpr size_t kAttributesMax = 512;
constexpr size_t kValuesMax = 4096;
constexpr size_t kNameIdBytesMax = 1024;

// Each child is one of `known`, at most as often as it says.
struct Known {
  std::string_view name;
  size_t times_max;
};
Result<void> check_children(const XmlElement& parent, std::span<const Known> known, const char* check, Error otherwise,
                            Checks& checks) {
  std::vector<size_t> times(known.size());
  for (const XmlElement& child : parent.children()) {
    const auto row = std::ranges::find(known, child.name(), &Known::name);
    const bool taken = row != known.end() && child.space() == kAssertionSpace &&
                       ++times[static_cast<size_t>(row - known.begin())] <= row->times_max;
    if (!taken) return checks.require(false, check, "known elements, each once", child.name(), otherwise);
  }
  return {};
}

std::optional<XmlElement> only_child(const XmlElement& parent, std::string_view name) {
  const auto found = parent.children(kAssertionSpace, name);
  if (found.size() != 1) return {};
  return found[0];
}

Result<void> check_in_response_to(const std::optional<std::string>& found, const ResponseRules& rules, Checks& checks) {
  return checks.require(found == rules.in_response_to, "confirmation's InResponseTo",
                        rules.in_response_to.value_or("none"), found.value_or("none"),
                        {Code::kDenied, kFrom, "assertion answers another request"});
}

// Profiles s4.1.4.2: what a bearer confirmation has to say.   returns: NotOnOrAfter
Result<WallMicros> check_bearer(const XmlElement& confirmation, const ResponseRules& rules, const TimeWindow& window,
                                Checks& checks) {
  const auto data = only_child(confirmation, "SubjectConfirmationData");
  CHECKED(checks.demand(data.has_value(), "confirmation's data", "one SubjectConfirmationData", "none, or several",
                        {Code::kMalformed, kFrom, "bearer confirmation has no data"}));
  const std::string recipient = data->attribute("Recipient").value_or("none");
  CHECKED(checks.require(recipient == rules.consumer_url, "recipient", rules.consumer_url, recipient,
                         {Code::kDenied, kFrom, "assertion is for another recipient"}));
  CHECKED(checks.demand(!data->attribute("NotBefore"), "confirmation's NotBefore", "none", "one",
                        {Code::kMalformed, kFrom, "bearer confirmation has a NotBefore"}));
  CHECKED(check_in_response_to(data->attribute("InResponseTo"), rules, checks));
  return check_not_over("confirmation's NotOnOrAfter", data->attribute("NotOnOrAfter").value_or("none"), window,
                        checks);
}

// One bearer confirmation that holds is enough (Core s2.4.1).   returns: until when the last of them does
Result<WallMicros> check_confirmations(const XmlElement& subject, const ResponseRules& rules, const TimeWindow& window,
                                       Checks& checks) {
  const auto all = subject.children(kAssertionSpace, "SubjectConfirmation");
  CHECKED(checks.demand(all.size() <= kConfirmationsMax, "confirmations", "8 at most", std::to_string(all.size()),
                        {Code::kLimit, kFrom, "assertion has too many confirmations"}));
  Result<WallMicros> outcome = fail(Code::kDenied, kFrom, "assertion has no bearer confirmation");
  Checks last;
  for (const XmlElement& confirmation : all) {
    if (confirmation.attribute("Method") != kBearer) continue;
    Checks these;
    const Result<WallMicros> holds = check_bearer(confirmation, rules, window, these);
    if (outcome && (!holds || *holds <= *outcome)) continue;
    outcome = holds;
    last = std::move(these);
  }
  if (last.list().empty()) CHECKED(checks.require(false, "confirmation", kBearer, "none of them", outcome.error()));
  checks.append(last);
  return outcome;
}

Result<void> check_audience(const XmlElement& conditions, const ResponseRules& rules, Checks& checks) {
  const auto restrictions = conditions.children(kAssertionSpace, "AudienceRestriction");
  CHECKED(checks.demand(!restrictions.empty(), "audience", rules.audience, "none",
                        {Code::kDenied, kFrom, "assertion has no audience"}));
  for (const XmlElement& restriction : restrictions) {  // each has to hold, one audience in it is enough
    std::string said;
    bool fits = false;
    for (const XmlElement& audience : restriction.children(kAssertionSpace, "Audience")) {
      fits |= audience.text() == rules.audience;
      said.append(said.empty() ? "" : " ").append(audience.text());
    }
    CHECKED(checks.require(fits, "audience", rules.audience, said,
                           {Code::kDenied, kFrom, "assertion is for another audience"}));
  }
  return {};
}

// returns: NotOnOrAfter, if it is said
Result<std::optional<WallMicros>> check_conditions(const XmlElement& assertion, const ResponseRules& rules,
                                                   const TimeWindow& window, Checks& checks) {
  const auto conditions = only_child(assertion, "Conditions");
  CHECKED(checks.demand(conditions.has_value(), "conditions", "one Conditions", "none, or several",
                        {Code::kMalformed, kFrom, "assertion has no conditions"}));
  // OneTimeUse asks for what happens anyway; ProxyRestriction is for those who issue assertions on its strength, which
  // nobody does here. A condition that is not understood makes the assertion indeterminate (Core s2.5.1): refused.
  constexpr std::array<Known, 3> kKnown{{{"AudienceRestriction", 16}, {"OneTimeUse", 1}, {"ProxyRestriction", 1}}};
  CHECKED(check_children(*conditions, kKnown, "conditions",
                         {Code::kUnsupported, kFrom, "assertion has a condition that is not understood, or one twice"},
                         checks));
  if (const auto text = conditions->attribute("NotBefore"))
    CHECKED(check_not_before("NotBefore", *text, window, checks));
  std::optional<WallMicros> until;
  if (const auto text = conditions->attribute("NotOnOrAfter")) {
    TRY(until, check_not_over("NotOnOrAfter", *text, window, checks));
  }
  CHECKED(check_audience(*conditions, rules, checks));
  return until;
}

Result<void> read_authentication(const XmlElement& assertion, const ResponseRules& rules, const TimeWindow& window,
                                 Claims& claims, Checks& checks) {
  const auto statement = only_child(assertion, "AuthnStatement");
  CHECKED(checks.demand(statement.has_value(), "authentication", "one AuthnStatement", "none, or several",
                        {Code::kMalformed, kFrom, "assertion has not exactly one AuthnStatement"}));
  TRY(claims.authn_instant,
      check_not_before("AuthnInstant", statement->attribute("AuthnInstant").value_or("none"), window, checks));
  if (rules.authenticated_after)
    CHECKED(checks.require(claims.authn_instant >= *rules.authenticated_after - window.skew, "fresh sign-in",
                           "after " + show_time(*rules.authenticated_after), show_time(claims.authn_instant),
                           {Code::kDenied, kFrom, "sign-in at the provider is older than was asked for"}));
  claims.session_index = statement->attribute("SessionIndex");
  if (const auto text = statement->attribute("SessionNotOnOrAfter")) {
    TRY(claims.session_not_on_or_after, check_not_over("SessionNotOnOrAfter", *text, window, checks));
  }
  const auto context = only_child(*statement, "AuthnContext");
  CHECKED(checks.demand(context.has_value(), "authentication context", "one AuthnContext", "none, or several",
                        {Code::kMalformed, kFrom, "assertion has no authentication context"}));
  const auto references = context->children(kAssertionSpace, "AuthnContextClassRef");
  if (references.size() == 1) claims.authn_context = references[0].text();
  if (rules.authn_contexts.empty())
    return checks.require(true, "authentication context", "any", claims.authn_context, {});
  const bool wanted = std::ranges::find(rules.authn_contexts, claims.authn_context) != rules.authn_contexts.end() &&
                      !claims.authn_context.empty();
  return checks.require(wanted, "authentication context", rules.authn_contexts[0], claims.authn_context,
                        {Code::kDenied, kFrom, "authentication context is none that was asked for"});
}

// A value that is XML has no text, and xsi:nil says that there is none.
std::optional<std::string> value_of(const XmlElement& value) {
  const auto nil = value.attribute("nil", kInstanceSpace);
  if (value.has_children() || nil == "true" || nil == "1") return {};
  return value.text();
}

Result<void> read_attributes(const XmlElement& assertion, Claims& claims, Checks& checks) {
  size_t values = 0;
  for (const XmlElement& statement : assertion.children(kAssertionSpace, "AttributeStatement")) {
    for (const XmlElement& each : statement.children()) {
      CHECKED(checks.demand(each.is(kAssertionSpace, "Attribute"), "attribute", "in clear", each.name(),
                            {Code::kUnsupported, kFrom, "assertion has an encrypted or unknown attribute"}));
      Attribute attribute{each.attribute("Name").value_or(""),
                          each.attribute("NameFormat").value_or(""),
                          each.attribute("FriendlyName").value_or(""),
                          {}};
      for (const XmlElement& value : each.children(kAssertionSpace, "AttributeValue")) {
        ++values;
        if (auto text = value_of(value)) attribute.values.push_back(*std::move(text));
      }
      claims.attributes.push_back(std::move(attribute));
      if (claims.attributes.size() > kAttributesMax || values > kValuesMax)
        return checks.require(false, "attributes", "512 with 4096 values at most", "more",
                              {Code::kLimit, kFrom, "assertion has too many attributes"});
    }
  }
  return checks.require(true, "attributes", "512 with 4096 values at most",
                        std::to_string(claims.attributes.size()) + " with " + std::to_string(values) + " values", {});
}

}  // namespace

Result<NameId> read_name_id(const XmlElement& holder, std::span<const SpKey> keys, CbcMode cbc, Checks& checks) {
  std::vector<XmlElement> found = holder.children(kAssertionSpace, "NameID");
  const auto encrypted = holder.children(kAssertionSpace, "EncryptedID");
  const size_t others = holder.children(kAssertionSpace, "BaseID").size();
  CHECKED(checks.demand(found.size() + encrypted.size() == 1 && others == 0, "NameID", "one NameID or EncryptedID",
                        std::to_string(found.size() + encrypted.size() + others),
                        {Code::kMalformed, kFrom, "subject has not exactly one NameID"}));
  std::optional<XmlDocument> inner;
  if (!encrypted.empty()) {
    TRY(inner, decrypt_element(encrypted[0], keys, cbc, checks));
    found = inner->root().children(kAssertionSpace, "NameID");
    CHECKED(checks.demand(found.size() == 1, "NameID", "a NameID inside", "another element",
                          {Code::kMalformed, kFrom, "encrypted NameID holds something else"}));
  }
  const XmlElement& element = found[0];
  NameId out{element.text(), element.attribute("Format").value_or(""), element.attribute("NameQualifier").value_or(""),
             element.attribute("SPNameQualifier").value_or("")};
  const bool plain = !out.value.empty() && out.value.size() <= kNameIdBytesMax &&
                     std::ranges::none_of(out.value, [](char c) { return c >= 0 && c < 0x20; });
  CHECKED(checks.require(plain && !element.has_children(), "NameID", "1 to 1024 bytes of text", plain ? "text" : "none",
                         {Code::kMalformed, kFrom, "NameID is not 1 to 1024 bytes of text"}));
  return out;
}

Result<Claims> read_assertion(const XmlElement& assertion, const ResponseRules& rules, WallMicros now, Checks& checks) {
  const TimeWindow window{now, rules.clock_skew};
  constexpr std::array<Known, 7> kKnown{{{"Issuer", 1},
                                         {"Signature", 0},  // verified, and taken out with the enveloped transform
                                         {"Subject", 1},
                                         {"Conditions", 1},
                                         {"Advice", 1},
                                         {"AuthnStatement", 1},
                                         {"AttributeStatement", 16}}};
  CHECKED(check_version(assertion, checks));
  CHECKED(check_children(assertion, kKnown, "assertion's parts",
                         {Code::kUnsupported, kFrom, "assertion has a part that is not understood, or one twice"},
                         checks));
  Claims claims;
  claims.assertion_id = assertion.attribute("ID").value_or("");
  CHECKED(checks.require(!claims.assertion_id.empty(), "assertion's id", "one", claims.assertion_id,
                         {Code::kMalformed, kFrom, "assertion has no id"}));
  CHECKED(check_issuer(assertion, rules.provider, Absent::kRefused, checks));
  claims.issuer = rules.provider;
  CHECKED(check_issued(assertion, window, checks));

  const auto subject = only_child(assertion, "Subject");
  CHECKED(checks.demand(subject.has_value(), "subject", "one Subject", "none, or several",
                        {Code::kMalformed, kFrom, "assertion has no subject"}));
  TRY(claims.name_id, read_name_id(*subject, rules.own_keys, rules.cbc, checks));
  TRY(const WallMicros confirmed_until, check_confirmations(*subject, rules, window, checks));
  TRY(const std::optional<WallMicros> valid_until, check_conditions(assertion, rules, window, checks));
  claims.not_on_or_after = std::min(confirmed_until, valid_until.value_or(confirmed_until));
  claims.replay_until = claims.not_on_or_after + rules.clock_skew;
  CHECKED(read_authentication(assertion, rules, window, claims, checks));
  CHECKED(read_attributes(assertion, claims, checks));
  return claims;
}

}  // namespace sallyport::sso::saml
