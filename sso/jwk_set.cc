#include "sso/jwk_set.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "sso/strict_json.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr Side kFrom = Side::kIdentityProvider;

struct Named {
  JoseAlgorithm algorithm;
  std::string_view name;
  PublicKeyKind key;
};
constexpr Named kAlgorithms[] = {
    {JoseAlgorithm::kRs256, "RS256", PublicKeyKind::kRsa},
    {JoseAlgorithm::kPs256, "PS256", PublicKeyKind::kRsa},
    {JoseAlgorithm::kEs256, "ES256", PublicKeyKind::kP256},
    {JoseAlgorithm::kEdDsa, "EdDSA", PublicKeyKind::kEd25519},
};

const Named& named(JoseAlgorithm algorithm) { return *std::ranges::find(kAlgorithms, algorithm, &Named::algorithm); }

std::unexpected<Error> broken(const char* what) { return malformed(kFrom, what); }

// A member that is base64url of bytes; the empty text is none.
Result<Bytes> bytes_of(const json& key, const char* member) {
  const std::string* text = text_member(key, member);
  if (text == nullptr || text->empty()) return broken("a JWK without one of its numbers");
  return base64url_decode(*text);
}

// RFC 7517 s4.2 and 4.3: is it meant for signatures?
bool is_for_signatures(const json& key) {
  if (key.contains("use") && key["use"] != "sig") return false;
  if (!key.contains("key_ops")) return true;
  return key["key_ops"].is_array() && std::ranges::find(key["key_ops"], json("verify")) != key["key_ops"].end();
}

bool is_looked_at(const json& key) {
  const std::string* type = text_member(key, "kty");
  if (type == nullptr || !is_for_signatures(key)) return false;
  if (key.contains("alg")) {
    const std::string* algorithm = text_member(key, "alg");
    if (algorithm == nullptr || !jose_algorithm(*algorithm)) return false;
  }
  const std::string* curve = text_member(key, "crv");
  return *type == "RSA" || (*type == "EC" && curve != nullptr && *curve == "P-256") ||
         (*type == "OKP" && curve != nullptr && *curve == "Ed25519");
}

Result<PublicKey> read_numbers(const json& key) {
  if (key.contains("d")) return broken("a JWK that publishes its private half");
  const std::string& type = *text_member(key, "kty");
  if (type == "RSA") {
    TRY(const Bytes modulus, bytes_of(key, "n"));
    TRY(const Bytes exponent, bytes_of(key, "e"));
    return PublicKey::rsa(modulus, exponent, kJwkRsaBytesMax);
  }
  TRY(const Bytes x, bytes_of(key, "x"));
  if (type == "OKP") return PublicKey::ed25519(x);
  TRY(const Bytes y, bytes_of(key, "y"));
  return PublicKey::p256(x, y);
}

Result<VerifyingJwk> read_key(const json& key) {
  std::string kid;
  if (key.contains("kid")) {
    const std::string* said = text_member(key, "kid");
    if (said == nullptr || said->empty() || said->size() > kKidBytesMax) return broken("a JWK's kid is no short text");
    kid = *said;
  }
  TRY(PublicKey numbers, read_numbers(key));
  std::optional<JoseAlgorithm> algorithm;
  if (const std::string* said = text_member(key, "alg")) algorithm = jose_algorithm(*said);
  if (algorithm && named(*algorithm).key != numbers.kind()) return broken("a JWK whose alg is for another type of key");
  return VerifyingJwk(std::move(kid), algorithm, std::move(numbers));
}

}  // namespace

std::string_view to_string(JoseAlgorithm algorithm) { return named(algorithm).name; }

std::optional<JoseAlgorithm> jose_algorithm(std::string_view name) {
  const auto found = std::ranges::find(kAlgorithms, name, &Named::name);
  if (found == std::end(kAlgorithms)) return std::nullopt;
  return found->algorithm;
}

Bytes jose_hash(JoseAlgorithm algorithm, std::string_view text) {
  if (algorithm == JoseAlgorithm::kEdDsa) return sha512(as_bytes(text));
  const Sha256 digest = sha256(as_bytes(text));
  return Bytes(digest.begin(), digest.end());
}

bool VerifyingJwk::takes(JoseAlgorithm algorithm) const {
  return named(algorithm).key == key_.kind() && (!algorithm_ || *algorithm_ == algorithm);
}

bool VerifyingJwk::fits(JoseAlgorithm algorithm, std::string_view message, ByteView signature) const {
  if (!takes(algorithm)) return false;
  switch (algorithm) {
    case JoseAlgorithm::kRs256:
    case JoseAlgorithm::kEdDsa:
      return key_.fits(as_bytes(message), signature);
    case JoseAlgorithm::kPs256:
      return key_.fits_pss(as_bytes(message), signature);
    case JoseAlgorithm::kEs256:
      return key_.fits_raw_ecdsa(as_bytes(message), signature);
  }
  return false;
}

Result<JwkSet> read_jwk_set(std::string_view text) {
  if (text.size() > kJwkSetBytesMax) return fail(Code::kTooLarge, kFrom, "key set is too large");
  const auto document = parse_strict_object(text);
  if (!document) return broken("key set is no JSON object, or has a member twice");
  const auto keys = document->find("keys");
  if (keys == document->end() || !keys->is_array()) return broken("key set has no list of keys");
  if (keys->size() > kJwkSetKeysMax) return fail(Code::kLimit, kFrom, "key set has too many keys");
  JwkSet out;
  for (const json& each : *keys) {
    if (!each.is_object()) return broken("key set holds something that is no object");
    if (!is_looked_at(each)) {
      ++out.foreign;
      continue;
    }
    if (auto key = read_key(each))
      out.keys.push_back(*std::move(key));
    else
      ++out.broken;
  }
  return out;
}

}  // namespace sallyport::sso
