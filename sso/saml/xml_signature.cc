#include "sso/saml/xml_signature.h"

#include <libxml/tree.h>
#include <libxml/valid.h>
#include <xmlsec/xmlsec.h>
// above the others of its library
#include <openssl/err.h>
#include <openssl/evp.h>
#include <xmlsec/buffer.h>
#include <xmlsec/keys.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/templates.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>

#include <array>

#include "sso/saml/codec.h"
#include "sso/saml/names.h"
#include "sso/saml/xml_library.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
using Context = CHandle<xmlSecDSigCtx, xmlSecDSigCtxDestroy>;

const xmlChar* raw(const char* text) { return reinterpret_cast<const xmlChar*>(text); }

std::unexpected<Error> no_library() { return fail(Code::kInternal, Side::kSelf, "xmlsec1 did not take our settings"); }

// A context that knows this key, same-document references and the transforms that are taken, and no others.
Result<Context> context_for(EVP_PKEY* key) {
  Context context(xmlSecDSigCtxCreate(nullptr));
  if (!context) return no_library();
  context->flags = XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS | XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES |
                   XMLSEC_DSIG_FLAGS_STORE_SIGNATURE;
  context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
  const auto signature = std::to_array<xmlSecTransformId>(
      {xmlSecTransformExclC14NId, xmlSecOpenSSLTransformRsaSha256Id, xmlSecOpenSSLTransformRsaSha384Id,
       xmlSecOpenSSLTransformRsaSha512Id, xmlSecOpenSSLTransformEcdsaSha256Id, xmlSecOpenSSLTransformEcdsaSha384Id,
       xmlSecOpenSSLTransformEcdsaSha512Id});
  const auto reference = std::to_array<xmlSecTransformId>(
      {xmlSecTransformEnvelopedId, xmlSecTransformExclC14NId, xmlSecOpenSSLTransformSha256Id,
       xmlSecOpenSSLTransformSha384Id, xmlSecOpenSSLTransformSha512Id});
  for (const xmlSecTransformId id : signature)
    if (xmlSecDSigCtxEnableSignatureTransform(context.get(), id) != 0) return no_library();
  for (const xmlSecTransformId id : reference)
    if (xmlSecDSigCtxEnableReferenceTransform(context.get(), id) != 0) return no_library();

  context->signKey = xmlSecKeyCreate();
  if (!context->signKey || EVP_PKEY_up_ref(key) != 1) return no_library();
  const xmlSecKeyDataPtr data = xmlSecOpenSSLEvpKeyAdopt(key);
  if (!data) {
    EVP_PKEY_free(key);
    return no_library();
  }
  if (xmlSecKeySetValue(context->signKey, data) != 0) {
    xmlSecKeyDataDestroy(data);
    return no_library();
  }
  return context;
}

std::string bytes_of(xmlSecBufferPtr buffer) {
  if (!buffer || !xmlSecBufferGetData(buffer)) return {};
  return {reinterpret_cast<const char*>(xmlSecBufferGetData(buffer)), xmlSecBufferGetSize(buffer)};
}

// The id becomes one that "#id" finds: on this element, and on no other.
Result<void> register_id(XmlDocument& document, const XmlElement& element, const std::string& id) {
  xmlAttr* attribute = xmlHasProp(element.node(), raw("ID"));
  const xmlChar* name = raw(id.c_str());
  if (!attribute || attribute->ns || !xmlAddID(nullptr, document.handle(), name, attribute) ||
      xmlGetID(document.handle(), name) != attribute)
    return malformed(kFrom, "signed element has no id");
  return {};
}

void remove_key_info(const XmlElement& signature) {
  for (const XmlElement& key_info : signature.children(kSignatureSpace, "KeyInfo")) {
    xmlUnlinkNode(key_info.node());
    xmlFreeNode(key_info.node());
  }
}

struct Outcome {
  bool digest_fits = false;
  bool signature_fits = false;
  std::string signed_info;  // the bytes that the key signed
  std::string bytes;        // the bytes that were digested
};

Result<Outcome> try_key(const XmlElement& signature, const VerifyKey& key) {
  TRY(const Context context, context_for(key.handle()));
  Outcome out;
  ERR_set_mark();
  const int state = xmlSecDSigCtxVerify(context.get(), signature.node());
  ERR_pop_to_mark();
  xmlSecPtrListPtr references = &context->signedInfoReferences;
  if (xmlSecPtrListGetSize(references) != 1) return out;
  auto* reference = static_cast<xmlSecDSigReferenceCtxPtr>(xmlSecPtrListGetItem(references, 0));
  if (!reference) return out;
  out.digest_fits = reference->status == xmlSecDSigStatusSucceeded;
  out.signature_fits = out.digest_fits && state == 0 && context->status == xmlSecDSigStatusSucceeded;
  if (!out.signature_fits) return out;
  out.signed_info = bytes_of(xmlSecDSigCtxGetPreSignBuffer(context.get()));
  out.bytes = bytes_of(xmlSecDSigReferenceCtxGetPreDigestBuffer(reference));
  return out;
}

// Once more, without xmlsec1, from what the key has signed: that SignedInfo names these very bytes.
Result<void> compare_digest(const Outcome& outcome, const SignatureShape& shape) {
  constexpr Error kDiffers{Code::kUnauthenticated, kFrom, "signed bytes are not those that were digested"};
  const auto info = XmlDocument::parse(outcome.signed_info, kMessageRules);
  if (!info) return std::unexpected(kDiffers);
  const auto references = info->root().children(kSignatureSpace, "Reference");
  if (references.size() != 1 || references[0].attribute("URI") != "#" + shape.id) return std::unexpected(kDiffers);
  const auto values = references[0].children(kSignatureSpace, "DigestValue");
  const auto methods = references[0].children(kSignatureSpace, "DigestMethod");
  if (values.size() != 1 || methods.size() != 1 || methods[0].attribute("Algorithm") != shape.digest->uri)
    return std::unexpected(kDiffers);
  const auto value = xml_base64(values[0].text());
  if (!value || !constant_time_equal(*value, digest_of(shape.digest->digest, as_bytes(outcome.bytes))))
    return std::unexpected(kDiffers);
  return {};
}

// The signature of a message of ours, still without values.
xmlNode* add_template(XmlDocument& document, const std::string& id) {
  const XmlElement root = document.root();
  const auto children = root.children();
  xmlNode* signature = xmlSecTmplSignatureCreateNsPref(document.handle(), xmlSecTransformExclC14NId,
                                                       xmlSecOpenSSLTransformRsaSha256Id, nullptr, raw("ds"));
  if (!signature) return nullptr;
  if (children.empty())
    xmlAddChild(root.node(), signature);
  else
    xmlAddNextSibling(children[0].node(), signature);
  const std::string uri = "#" + id;
  xmlNode* reference =
      xmlSecTmplSignatureAddReference(signature, xmlSecOpenSSLTransformSha256Id, nullptr, raw(uri.c_str()), nullptr);
  if (!reference || !xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId) ||
      !xmlSecTmplReferenceAddTransform(reference, xmlSecTransformExclC14NId))
    return nullptr;
  return signature;
}

}  // namespace

Result<std::string> verify_enveloped(XmlDocument& document, const XmlElement& signature,
                                     std::span<const VerifyKey> keys, Checks& checks) {
  use_xml_library();
  TRY(const SignatureShape shape,
      checks.note("signature's shape", "one reference to its own element, exclusive C14N, known algorithms",
                  read_signature_shape(signature)));
  remove_key_info(signature);
  CHECKED(register_id(document, *signature.parent(), shape.id));

  bool tried = false;
  for (const VerifyKey& key : keys) {
    if (key.kind() != shape.algorithm->key) continue;
    tried = true;
    TRY(Outcome outcome, try_key(signature, key));
    CHECKED(checks.require(outcome.digest_fits, "signature's digest", "that of the signed element",
                           outcome.digest_fits ? "the same" : "another",
                           {Code::kUnauthenticated, kFrom, "signature's digest is not that of what it signs"}));
    if (!outcome.signature_fits) continue;
    CHECKED(checks.note("signature's bytes", "those that were digested", compare_digest(outcome, shape)));
    CHECKED(checks.require(true, "signature's key", "one of the provider's metadata", key.fingerprint(), {}));
    return std::move(outcome.bytes);
  }
  constexpr Error kNoKeyFits{Code::kUnauthenticated, kFrom, "signature is of none of the provider's keys"};
  CHECKED(checks.require(false, "signature's key", "one of the provider's metadata",
                         tried ? "signed with another" : "of another kind", kNoKeyFits));
  return std::unexpected(kNoKeyFits);
}

Result<std::string> sign_enveloped(std::string_view message, const SpKey& key) {
  use_xml_library();
  TRY(XmlDocument document, XmlDocument::parse(message, kMetadataRules));
  const std::string id = document.root().attribute("ID").value_or("");
  CHECKED(register_id(document, document.root(), id));
  xmlNode* signature = add_template(document, id);
  TRY(const Context context, context_for(key.handle()));
  if (!signature || xmlSecDSigCtxSign(context.get(), signature) != 0 || context->status != xmlSecDSigStatusSucceeded)
    return no_library();
  return document.serialize();
}

}  // namespace sallyport::sso::saml
