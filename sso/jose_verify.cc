#include "sso/jose_verify.h"

#include <nlohmann/json.hpp>

#include "sso/strict_json.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr Side kFrom = Side::kIdentityProvider;

struct Parts {
  std::string_view header, payload, signature;
  std::string_view signed_text;  // header.payload
};

Result<Parts> split(std::string_view token) {
  if (token.size() > kJwsBytesMax) return fail(Code::kTooLarge, kFrom, "token is too large");
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos)
    return malformed(kFrom, "token has not three parts");
  Parts out{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
            token.substr(0, second)};
  if (out.header.empty() || out.payload.empty()) return malformed(kFrom, "token has an empty part");
  if (out.header.size() > kJwsHeaderBytesMax) return fail(Code::kTooLarge, kFrom, "token's header is too large");
  return out;
}

Result<Bytes> decoded(std::string_view part) {
  auto out = base64url_decode(part);
  if (!out) return malformed(kFrom, "token is no exact base64url");
  return *std::move(out);
}

// A member of the header that is a text of at most kKidBytesMax, or is not there.
Result<std::string> optional_text(const json& header, const char* member) {
  if (!header.contains(member)) return std::string();
  const std::string* text = text_member(header, member);
  if (text == nullptr || text->size() > kKidBytesMax)
    return malformed(kFrom, "token's header has a member of another type");
  return *text;
}

Result<JwsHeader> read_header(std::string_view part) {
  TRY(const Bytes bytes, decoded(part));
  const auto header = parse_strict_object(as_text(bytes));
  if (!header) return malformed(kFrom, "token's header is no JSON object, or has a member twice");
  // RFC 7515 s4.1.11: none is understood here. RFC 7797 s6 wants b64 to be critical.
  if (header->contains("crit") || header->contains("b64"))
    return fail(Code::kUnsupported, kFrom, "token's header has critical members");
  const std::string* name = text_member(*header, "alg");
  const auto algorithm = name == nullptr ? std::nullopt : jose_algorithm(*name);
  if (!algorithm) return fail(Code::kUnsupported, kFrom, "token's algorithm is not one that is taken");
  JwsHeader out;
  out.algorithm = *algorithm;
  TRY(out.kid, optional_text(*header, "kid"));
  TRY(out.typ, optional_text(*header, "typ"));
  return out;
}

std::string shown(const JwsHeader& header) {
  return std::string(to_string(header.algorithm)) + (header.kid.empty() ? ", no kid" : ", kid " + header.kid);
}

}  // namespace

Result<JwsHeader> read_jws_header(std::string_view token) {
  TRY(const Parts parts, split(token));
  return read_header(parts.header);
}

const VerifyingJwk* find_jwk(const JwkSet& keys, const JwsHeader& header) {
  const VerifyingJwk* found = nullptr;
  for (const VerifyingJwk& key : keys.keys) {
    if (!key.takes(header.algorithm) || (!header.kid.empty() && key.kid() != header.kid)) continue;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

Result<VerifiedJws> verify_jws(std::string_view token, const JwkSet& keys, Checks& checks) {
  TRY(const Parts parts, checks.note("token", "three parts, not too large", split(token)));
  TRY(JwsHeader header, checks.note("algorithm", kJoseAlgorithms, read_header(parts.header)));
  const VerifyingJwk* key = find_jwk(keys, header);
  CHECKED(checks.require(key != nullptr, "key", "one of " + std::to_string(keys.keys.size()) + " of the provider",
                         shown(header), {Code::kUnauthenticated, kFrom, "token is of none of the provider's keys"}));
  TRY(const Bytes signature, checks.note("signature's coding", "base64url", decoded(parts.signature)));
  CHECKED(checks.require(key->fits(header.algorithm, parts.signed_text, signature), "signature", "fits the key",
                         shown(header), {Code::kUnauthenticated, kFrom, "token's signature does not fit"}));
  TRY(const Bytes payload, checks.note("payload", "base64url", decoded(parts.payload)));
  return VerifiedJws{std::move(header), to_text(payload)};
}

}  // namespace sallyport::sso
