#include "sso/saml/envelope.h"

#include <algorithm>
#include <array>

#include "sso/saml/names.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;

bool is_called_assertion(const XmlElement& element) {
  return element.name() == "Assertion" || element.name() == "EncryptedAssertion";
}

// Core s3.2.2, s3.3.3: the order of a response's parts.
Result<void> check_order(const XmlElement& response) {
  struct Part {
    std::string_view space;
    std::string_view name;
  };
  constexpr std::array<Part, 6> kOrder{{{kAssertionSpace, "Issuer"},
                                        {kSignatureSpace, "Signature"},
                                        {kProtocolSpace, "Extensions"},
                                        {kProtocolSpace, "Status"},
                                        {kAssertionSpace, "Assertion"},
                                        {kAssertionSpace, "EncryptedAssertion"}}};
  auto next = kOrder.begin();
  for (const XmlElement& child : response.children()) {
    next = std::find_if(next, kOrder.end(), [&](const Part& part) { return child.is(part.space, part.name); });
    if (next == kOrder.end()) return malformed(kFrom, "response has a part that is not known, twice, or out of order");
    ++next;
  }
  return {};
}

// Nothing in the document is called as what counts, except what counts.
Result<void> check_alone(const XmlDocument& document, const XmlElement& root, const XmlElement& assertion,
                         std::initializer_list<const std::optional<XmlElement>*> signatures) {
  for (const XmlElement& element : document.elements()) {
    if (is_called_assertion(element) && element != assertion)
      return malformed(kFrom, "response has more than one assertion");
    if (element.name() == "Response" && element != root) return malformed(kFrom, "response has another one inside");
    if (element.name() == "Signature" &&
        std::ranges::none_of(signatures, [&](const auto* own) { return *own == element; }))
      return malformed(kFrom, "signature stands in an unexpected place");
  }
  return {};
}

Result<Envelope> envelope_of(const XmlDocument& document) {
  const XmlElement root = document.root();
  std::vector<XmlElement> assertions = document.elements();
  std::erase_if(assertions, [](const XmlElement& element) { return !is_called_assertion(element); });
  if (assertions.empty()) return malformed(kFrom, "response has no assertion");
  if (assertions.size() > 1) return malformed(kFrom, "response has more than one assertion");
  const XmlElement assertion = assertions[0];
  if (assertion.parent() != root || assertion.space() != kAssertionSpace)
    return malformed(kFrom, "assertion stands in an unexpected place");
  const bool encrypted = assertion.name() == "EncryptedAssertion";
  TRY(const auto response_signature, own_signature(root));
  std::optional<XmlElement> assertion_signature;
  if (!encrypted) {
    TRY(assertion_signature, own_signature(assertion));
  }
  CHECKED(check_alone(document, root, assertion, {&response_signature, &assertion_signature}));
  CHECKED(check_order(root));
  return Envelope{assertion, encrypted, response_signature, assertion_signature};
}

Result<Inner> inner_of(const XmlDocument& decrypted) {
  const XmlElement assertion = decrypted.root().children()[0];
  if (!assertion.is(kAssertionSpace, "Assertion")) return malformed(kFrom, "decrypted element is no assertion");
  TRY(const auto signature, own_signature(assertion));
  CHECKED(check_alone(decrypted, decrypted.root(), assertion, {&signature}));
  return Inner{assertion, signature};
}

}  // namespace

Result<std::optional<XmlElement>> own_signature(const XmlElement& signed_element) {
  const auto children = signed_element.children();
  const auto found = signed_element.children(kSignatureSpace, "Signature");
  if (found.empty()) return std::optional<XmlElement>();
  if (found.size() > 1) return malformed(kFrom, "element has two signatures");
  const auto issuers = signed_element.children(kAssertionSpace, "Issuer");
  const size_t place = issuers.empty() ? 0 : 1;
  if (children[place] != found[0] || (place == 1 && children[0] != issuers[0]))
    return malformed(kFrom, "signature stands in an unexpected place");
  return std::optional(found[0]);
}

Result<Envelope> read_envelope(const XmlDocument& document, Checks& checks) {
  return checks.note("shape", "one assertion, signatures in their places", envelope_of(document));
}

Result<Inner> read_inner(const XmlDocument& decrypted, Checks& checks) {
  return checks.note("decrypted shape", "one assertion, its signature in its place", inner_of(decrypted));
}

}  // namespace sallyport::sso::saml
