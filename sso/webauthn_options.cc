#include "sso/webauthn_options.h"

#include <nlohmann/json.hpp>

#include "sso/cose_key.h"
#include "sso/passkey_challenge.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr int64_t kTimeout = std::chrono::milliseconds(kPasskeyChallengeLife).count();

json descriptors(const std::vector<Passkey>& passkeys) {
  json out = json::array();
  for (const Passkey& passkey : passkeys) {
    json one{{"type", "public-key"}, {"id", base64url_encode(passkey.credential_id)}};
    if (!passkey.transports.empty()) one["transports"] = passkey.transports;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

json creation_options(const RelyingParty& party, std::string_view user, ByteView user_handle,
                      const WebauthnChallenge& challenge, const std::vector<Passkey>& exclude) {
  json algorithms = json::array();
  for (const CoseAlgorithm algorithm : kCoseAlgorithms)
    algorithms.push_back({{"type", "public-key"}, {"alg", static_cast<int>(algorithm)}});
  return {{"rp", {{"id", party.id}, {"name", party.id}}},
          {"user", {{"id", base64url_encode(user_handle)}, {"name", user}, {"displayName", user}}},
          {"challenge", base64url_encode(challenge)},
          {"pubKeyCredParams", std::move(algorithms)},
          {"timeout", kTimeout},
          {"excludeCredentials", descriptors(exclude)},
          {"authenticatorSelection",
           {{"residentKey", "preferred"}, {"requireResidentKey", false}, {"userVerification", "preferred"}}},
          {"attestation", "none"},
          {"extensions", {{"credProps", true}}}};
}

json request_options(const RelyingParty& party, const WebauthnChallenge& challenge, UserVerification wanted,
                     const std::vector<Passkey>& allow) {
  return {{"challenge", base64url_encode(challenge)},
          {"timeout", kTimeout},
          {"rpId", party.id},
          {"allowCredentials", descriptors(allow)},
          {"userVerification", to_string(wanted)}};
}

}  // namespace sallyport::sso
