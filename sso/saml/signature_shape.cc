// The one shape of a signature that is taken, read before anything is verified.
#include <algorithm>
#include <array>

#include "sso/saml/codec.h"
#include "sso/saml/names.h"
#include "sso/saml/xml_signature.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kIdBytesMax = 256;
constexpr size_t kPrefixListBytesMax = 256;  // each prefix is looked for at each element, before anything is verified

std::string algorithm_of(const XmlElement& element) { return element.attribute("Algorithm").value_or(""); }

bool is_id(std::string_view id) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !id.empty() && id.size() <= kIdBytesMax && is_letter(id[0]) && std::ranges::all_of(id, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

// Exclusive C14N without comments; it may name prefixes that are kept though nothing uses them (InclusiveNamespaces).
bool is_exclusive_c14n(const XmlElement& method) {
  const auto children = method.children();
  return algorithm_of(method) == kExclusiveC14n && children.size() <= 1 &&
         std::ranges::all_of(children, [](const XmlElement& child) {
           return child.is(kExclusiveC14n, "InclusiveNamespaces") && !child.has_children() &&
                  child.attribute("PrefixList").value_or("").size() <= kPrefixListBytesMax;
         });
}

bool is_base64(const XmlElement& element) {
  const auto bytes = xml_base64(element.text());
  return !element.has_children() && bytes && !bytes->empty();
}

// The children of `parent`, if they are exactly these of XML Signature.
template <size_t N>
Result<std::vector<XmlElement>> exactly(const XmlElement& parent, const std::array<std::string_view, N>& names,
                                        const char* otherwise) {
  std::vector<XmlElement> children = parent.children();
  bool same = children.size() == N;
  for (size_t i = 0; same && i < N; ++i) same = children[i].is(kSignatureSpace, names[i]);
  if (!same) return malformed(kFrom, otherwise);
  return children;
}

Result<void> check_transforms(const XmlElement& transforms) {
  const auto list = transforms.children();
  const bool known = list.size() == 2 && list[0].is(kSignatureSpace, "Transform") &&
                     list[1].is(kSignatureSpace, "Transform") && algorithm_of(list[0]) == kEnveloped &&
                     !list[0].has_children() && is_exclusive_c14n(list[1]);
  if (!known) return malformed(kFrom, "signature's transforms are not enveloped and exclusive C14N");
  return {};
}

}  // namespace

Result<SignatureShape> read_signature_shape(const XmlElement& signature) {
  const auto parent = signature.parent();
  if (!parent || !signature.is(kSignatureSpace, "Signature")) return malformed(kFrom, "signature stands in no element");
  auto parts = signature.children();
  if (parts.size() == 3 && parts[2].is(kSignatureSpace, "KeyInfo")) parts.pop_back();
  if (parts.size() != 2 || !parts[0].is(kSignatureSpace, "SignedInfo") ||
      !parts[1].is(kSignatureSpace, "SignatureValue"))
    return malformed(kFrom, "signature has other parts than SignedInfo, SignatureValue and KeyInfo");
  if (!is_base64(parts[1])) return malformed(kFrom, "signature's value is not base64");

  if (parts[0].children(kSignatureSpace, "Reference").size() > 1)
    return malformed(kFrom, "signature has several references");
  TRY(const auto info,
      exactly(parts[0], std::to_array<std::string_view>({"CanonicalizationMethod", "SignatureMethod", "Reference"}),
              "signature's SignedInfo has another shape"));
  if (!is_exclusive_c14n(info[0])) return malformed(kFrom, "signature's canonicalization is not exclusive C14N");
  const auto* algorithm = find_signature_algorithm(algorithm_of(info[1]));
  if (!algorithm || info[1].has_children())
    return fail(Code::kUnsupported, kFrom, "signature's algorithm is not one that is taken");
  TRY(const auto reference,
      exactly(info[2], std::to_array<std::string_view>({"Transforms", "DigestMethod", "DigestValue"}),
              "signature's reference has another shape"));
  CHECKED(check_transforms(reference[0]));
  const auto* digest = find_digest_algorithm(algorithm_of(reference[1]));
  if (!digest || reference[1].has_children())
    return fail(Code::kUnsupported, kFrom, "signature's digest is not one that is taken");
  if (!is_base64(reference[2])) return malformed(kFrom, "signature's digest value is not base64");

  const std::string id = parent->attribute("ID").value_or("");
  if (!is_id(id)) return malformed(kFrom, "signed element has no id");
  const auto uri = info[2].attribute("URI");
  if (!uri || *uri != "#" + id) return malformed(kFrom, "signature refers to something else than what it stands in");
  return SignatureShape{algorithm, digest, id};
}

}  // namespace sallyport::sso::saml
