#include "sso/saml/xml_encryption.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "sso/saml/aes.h"
#include "sso/saml/codec.h"
#include "sso/saml/names.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr Error kNotDecrypted{Code::kUnauthenticated, kFrom, "encrypted element cannot be decrypted"};

constexpr std::string_view kOaepMgf1p = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
constexpr std::string_view kOaep11 = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

struct NamedDigest {
  std::string_view uri;
  Digest digest;
};
constexpr std::array<NamedDigest, 4> kOaepDigests{{{"http://www.w3.org/2000/09/xmldsig#sha1", Digest::kSha1},
                                                   {"http://www.w3.org/2001/04/xmlenc#sha256", Digest::kSha256},
                                                   {"http://www.w3.org/2001/04/xmldsig-more#sha384", Digest::kSha384},
                                                   {"http://www.w3.org/2001/04/xmlenc#sha512", Digest::kSha512}}};
constexpr std::array<NamedDigest, 4> kMasks{{{"http://www.w3.org/2009/xmlenc11#mgf1sha1", Digest::kSha1},
                                             {"http://www.w3.org/2009/xmlenc11#mgf1sha256", Digest::kSha256},
                                             {"http://www.w3.org/2009/xmlenc11#mgf1sha384", Digest::kSha384},
                                             {"http://www.w3.org/2009/xmlenc11#mgf1sha512", Digest::kSha512}}};

std::string algorithm_of(const XmlElement& element) { return element.attribute("Algorithm").value_or(""); }

template <class Table>
std::optional<Digest> find(const Table& table, std::string_view uri) {
  const auto row = std::ranges::find(table, uri, &NamedDigest::uri);
  if (row == table.end()) return {};
  return row->digest;
}

struct KeyTransport {
  Digest digest = Digest::kSha1;
  Digest mask = Digest::kSha1;
};

// XML Encryption 1.1 s5.5.2: an OAEP label is possible, and nobody has one.
Result<KeyTransport> read_key_transport(const XmlElement& method) {
  constexpr Error kNone{Code::kUnsupported, kFrom, "key transport is not one that is taken"};
  const std::string uri = algorithm_of(method);
  if (uri != kOaepMgf1p && uri != kOaep11) return std::unexpected(kNone);
  KeyTransport out;
  bool has_digest = false;
  bool has_mask = false;
  for (const XmlElement& child : method.children()) {
    std::optional<Digest> found;
    if (child.is(kSignatureSpace, "DigestMethod") && !std::exchange(has_digest, true)) {
      found = find(kOaepDigests, algorithm_of(child));
      if (found) out.digest = *found;
    } else if (child.is(kEncryption11Space, "MGF") && uri == kOaep11 && !std::exchange(has_mask, true)) {
      found = find(kMasks, algorithm_of(child));
      if (found) out.mask = *found;
    }
    if (!found || child.has_children()) return std::unexpected(kNone);
  }
  return out;
}

struct Parts {
  XmlElement method;
  XmlElement cipher_value;
  std::vector<XmlElement> rest;
};

// EncryptionMethod, CipherData with a CipherValue, and what else there is, of an EncryptedData or EncryptedKey.
Result<Parts> read_parts(const XmlElement& encrypted) {
  constexpr Error kShape{Code::kMalformed, kFrom, "encrypted element has another shape"};
  std::vector<XmlElement> methods;
  std::vector<XmlElement> data;
  std::vector<XmlElement> rest;
  for (const XmlElement& child : encrypted.children()) {
    const bool method = child.is(kEncryptionSpace, "EncryptionMethod");
    (method ? methods : child.is(kEncryptionSpace, "CipherData") ? data : rest).push_back(child);
  }
  if (methods.size() != 1 || data.size() != 1) return std::unexpected(kShape);
  const auto values = data[0].children();
  if (values.size() != 1 || !values[0].is(kEncryptionSpace, "CipherValue") || values[0].has_children())
    return std::unexpected(kShape);
  return Parts{methods[0], values[0], std::move(rest)};
}

// The one EncryptedKey, wherever of the two places it is.
Result<XmlElement> find_key(const XmlElement& encrypted, const Parts& data) {
  std::vector<XmlElement> found = encrypted.children(kEncryptionSpace, "EncryptedKey");
  for (const XmlElement& rest : data.rest) {
    if (!rest.is(kSignatureSpace, "KeyInfo")) return malformed(kFrom, "encrypted element has another shape");
    for (const XmlElement& key : rest.children(kEncryptionSpace, "EncryptedKey")) found.push_back(key);
  }
  if (found.size() != 1) return malformed(kFrom, "encrypted element has not exactly one key");
  return found[0];
}

Result<std::string> decrypt(const CipherAlgorithm& cipher, const Parts& data, const KeyTransport& transport,
                            const Parts& key, std::span<const SpKey> keys) {
  const auto wrapped = xml_base64(key.cipher_value.text());
  const auto bytes = xml_base64(data.cipher_value.text());
  if (!wrapped || !bytes) return std::unexpected(kNotDecrypted);
  for (const SpKey& own : keys) {
    const auto session_key = own.unwrap(*wrapped, transport.digest, transport.mask);
    if (!session_key || session_key->size() != cipher.key_bytes) continue;
    auto plain = aes_decrypt(cipher, session_key->view(), *bytes);
    if (plain) return plain;
  }
  return std::unexpected(kNotDecrypted);
}

Result<XmlDocument> parse_inside(const XmlElement& encrypted, std::string_view plain) {
  std::string text = "<Decrypted";
  for (const auto& [prefix, name] : encrypted.namespaces())
    text.append(prefix.empty() ? " xmlns" : " xmlns:")
        .append(prefix)
        .append("=\"")
        .append(xml_escaped(name))
        .append("\"");
  text.append(">").append(plain).append("</Decrypted>");
  TRY(XmlDocument document, XmlDocument::parse(text, kMessageRules));
  if (document.root().children().size() != 1) return malformed(kFrom, "decrypted text is not one element");
  return document;
}

}  // namespace

Result<XmlDocument> decrypt_element(const XmlElement& encrypted, std::span<const SpKey> keys, CbcMode cbc,
                                    Checks& checks) {
  const auto children = encrypted.children();
  CHECKED(
      checks.demand(!children.empty() && children.size() <= 2 && children[0].is(kEncryptionSpace, "EncryptedData") &&
                        (children.size() == 1 || children[1].is(kEncryptionSpace, "EncryptedKey")) &&
                        children[0].attribute("Type").value_or(kEncryptedElement) == kEncryptedElement,
                    "encryption's shape", "one EncryptedData of an element", std::to_string(children.size()) + " parts",
                    {Code::kMalformed, kFrom, "encrypted element has another shape"}));
  TRY(const Parts data, checks.note("encrypted data", "a method and a value", read_parts(children[0])));
  TRY(const XmlElement key_element, checks.note("encrypted key", "one", find_key(encrypted, data)));
  TRY(const Parts key, checks.note("encrypted key's shape", "a method and a value", read_parts(key_element)));

  const std::string cipher_uri = algorithm_of(data.method);
  const CipherAlgorithm* cipher = find_cipher_algorithm(cipher_uri);
  CHECKED(checks.demand(cipher && !data.method.has_children(), "encryption's algorithm", "AES in GCM mode", cipher_uri,
                        {Code::kUnsupported, kFrom, "encryption's algorithm is not one that is taken"}));
  CHECKED(checks.require(cipher->mode == CipherMode::kGcm || cbc == CbcMode::kTaken, "encryption's mode",
                         cbc == CbcMode::kTaken ? "GCM or CBC" : "GCM", cipher_uri,
                         {Code::kUnsupported, kFrom, "CBC encryption is not taken here"}));
  const auto transport = read_key_transport(key.method);
  CHECKED(checks.require(transport.has_value(), "key transport", "RSA-OAEP", algorithm_of(key.method),
                         transport ? Error{} : transport.error()));
  TRY(const std::string plain,
      checks.note("decryption", "a key of ours fits", decrypt(*cipher, data, *transport, key, keys)));
  return checks.note("decrypted text", "one element, well-formed", parse_inside(encrypted, plain));
}

}  // namespace sallyport::sso::saml
