#include "sso/saml/redirect.h"

#include <map>
#include <optional>

#include "base/http/cookie.h"
#include "base/http/url.h"
#include "sso/saml/codec.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr std::string_view kDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
constexpr size_t kParametersMax = 16;

std::string_view name_of(MessageKind kind) { return kind == MessageKind::kRequest ? "SAMLRequest" : "SAMLResponse"; }

// The binding's parameters as they stand, percent coding included; others are not looked at.
class Parameters {
 public:
  static Result<Parameters> read(std::string_view query) {
    if (query.size() > kQueryBytesMax) return fail(Code::kTooLarge, kFrom, "query is too large");
    Parameters out;
    for (size_t count = 0; !query.empty(); ++count) {
      if (count == kParametersMax) return fail(Code::kLimit, kFrom, "query has too many parameters");
      const std::string_view pair = query.substr(0, query.find('&'));
      query.remove_prefix(std::min(pair.size() + 1, query.size()));
      const size_t equals = pair.find('=');
      const auto name = http::percent_decode(pair.substr(0, equals));
      if (!name) return malformed(kFrom, "query is malformed");
      if (!is_known(*name)) continue;
      // A name in another spelling would be signed by one rule and read by another.
      if (*name != pair.substr(0, equals) || equals == pair.npos) return malformed(kFrom, "query is malformed");
      if (!out.raw_.emplace(*name, pair.substr(equals + 1)).second)
        return malformed(kFrom, "query has a parameter twice");
    }
    return out;
  }

  std::optional<std::string_view> raw(std::string_view name) const {
    const auto found = raw_.find(name);
    if (found == raw_.end()) return {};
    return found->second;
  }
  // "" when it is not there
  Result<std::string> text(std::string_view name) const {
    return http::form_decode(raw(name).value_or(std::string_view()));
  }
  // The same of base64, in which a '+' that somebody has left as it was cannot be a space.
  Result<std::string> base64(std::string_view name) const {
    return http::percent_decode(raw(name).value_or(std::string_view()));
  }

 private:
  static bool is_known(std::string_view name) {
    return name == "SAMLRequest" || name == "SAMLResponse" || name == "RelayState" || name == "SigAlg" ||
           name == "Signature" || name == "SAMLEncoding";
  }
  std::map<std::string, std::string_view, std::less<>> raw_;
};

void append(std::string& query, std::string_view name, std::string_view raw) {
  query.append(query.empty() ? "" : "&").append(name).append("=").append(raw);
}

Result<RedirectMessage> read_message(const Parameters& parameters) {
  const bool request = parameters.raw("SAMLRequest").has_value();
  if (request == parameters.raw("SAMLResponse").has_value())
    return malformed(kFrom, "query has not exactly one message");
  const MessageKind kind = request ? MessageKind::kRequest : MessageKind::kResponse;
  TRY(const std::string encoding, parameters.text("SAMLEncoding"));
  if (!encoding.empty() && encoding != kDeflate) return fail(Code::kUnsupported, kFrom, "query has another encoding");
  TRY(std::string relay_state, parameters.text("RelayState"));
  if (relay_state.size() > kRelayStateBytesMax) return fail(Code::kTooLarge, kFrom, "RelayState is too large");
  TRY(const std::string coded, parameters.base64(name_of(kind)));
  TRY(std::string xml, decode_redirected(coded, kRedirectedBytesMax));
  return RedirectMessage{kind, std::move(xml), std::move(relay_state)};
}

Result<void> check_signature(const Parameters& parameters, std::span<const VerifyKey> keys, Checks& checks) {
  const auto uri = parameters.text("SigAlg");
  const auto signature_text = parameters.base64("Signature");
  const auto signature = signature_text ? xml_base64(*signature_text) : std::unexpected(signature_text.error());
  CHECKED(checks.demand(uri && !uri->empty() && signature && !signature->empty(), "signed", "SigAlg and Signature",
                        "neither, or broken", {Code::kUnauthenticated, kFrom, "query is not signed"}));
  const SignatureAlgorithm* algorithm = find_signature_algorithm(*uri);
  CHECKED(checks.require(algorithm != nullptr, "signature's algorithm", "RSA or ECDSA with SHA-256 or more", *uri,
                         {Code::kUnsupported, kFrom, "signature's algorithm is not one that is taken"}));
  std::string message;
  for (const std::string_view name : {"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg"})
    if (const auto raw = parameters.raw(name)) append(message, name, *raw);
  for (const VerifyKey& key : keys)
    if (key.fits(*algorithm, as_bytes(message), *signature))
      return checks.require(true, "signature's key", "one of the provider's metadata", key.fingerprint(), {});
  return checks.require(false, "signature's key", "one of the provider's metadata", "signed with another",
                        {Code::kUnauthenticated, kFrom, "signature is of none of the provider's keys"});
}

}  // namespace

Result<std::string> redirect_query(MessageKind kind, std::string_view xml, std::string_view relay_state,
                                   const SpKey* key) {
  std::string query;
  append(query, name_of(kind), http::percent_encode(encode_redirected(xml)));
  if (!relay_state.empty()) append(query, "RelayState", http::percent_encode(relay_state));
  if (!key) return query;
  append(query, "SigAlg", http::percent_encode(signature_algorithm_for(key->kind()).uri));
  TRY(const Bytes signature, key->sign(as_bytes(query)));
  append(query, "Signature", http::percent_encode(base64_encode(signature)));
  return query;
}

Result<RedirectMessage> read_redirect(std::string_view query, std::span<const VerifyKey> keys, Checks& checks) {
  TRY(const Parameters parameters, checks.note("query", "each parameter once", Parameters::read(query)));
  CHECKED(check_signature(parameters, keys, checks));  // first: nobody else's bytes are inflated
  return checks.note("decoding", "DEFLATE and base64, not too large", read_message(parameters));
}

}  // namespace sallyport::sso::saml
