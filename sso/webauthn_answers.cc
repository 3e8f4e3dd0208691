// The JSON of passkeys: what a browser's navigator.credentials gives back (Web Authentication Level 3 s5.1), read once
// and strictly.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sso/strict_json.h"
#include "sso/webauthn.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr size_t kClientDataBytesMax = 4096;
// s5.8.4; hints for the browser, so a word that is not known is left out and not refused.
constexpr std::string_view kTransports[] = {"ble", "hybrid", "internal", "nfc", "smart-card", "usb"};

std::unexpected<Error> broken(const char* what) { return malformed(Side::kClient, what); }

Result<Bytes> bytes_member(const json& object, const char* key) {
  const std::string* const text = text_member(object, key);
  if (text == nullptr) return broken("a passkey's answer without one of its members");
  return base64url_decode(*text);
}

// Level 3 s5.8.1. Other members may be there, and will be (browsers add some to say so).
Result<ClientData> read_client_data(ByteView bytes) {
  if (bytes.size() > kClientDataBytesMax) return broken("client data that is too long");
  TRY(const json data, parse_strict_object(as_text(bytes)));
  const std::string* const type = text_member(data, "type");
  const std::string* const origin = text_member(data, "origin");
  if (type == nullptr || origin == nullptr) return broken("client data without type or origin");
  TRY(const Bytes challenge, bytes_member(data, "challenge"));
  ClientData out;
  if (challenge.size() != out.challenge.size()) return broken("a challenge that is not ours");
  std::ranges::copy(challenge, out.challenge.begin());
  out.type = *type;
  out.origin = *origin;
  const auto cross = data.find("crossOrigin");
  if (cross != data.end() && !cross->is_boolean()) return broken("crossOrigin is true or false");
  out.framed = (cross != data.end() && cross->get<bool>()) || data.contains("topOrigin");
  const auto binding = data.find("tokenBinding");  // Level 2; gone from Level 3
  if (binding != data.end() && !binding->is_object()) return broken("tokenBinding is an object");
  if (binding != data.end()) {
    const std::string* const status = text_member(*binding, "status");
    out.token_bound = status == nullptr || *status != "supported";
  }
  out.hash = sha256(bytes);
  return out;
}

// {id, rawId, type, response: {clientDataJSON, ...}}: what both have.
struct Common {
  const json& response;
  Bytes id;
  ClientData client_data;
};

Result<Common> read_common(const json& credential) {
  if (!credential.is_object()) return broken("a credential is an object");
  const std::string* const type = text_member(credential, "type");
  if (type == nullptr || *type != "public-key") return broken("not a public-key credential");
  const auto response = credential.find("response");
  if (response == credential.end() || !response->is_object()) return broken("a passkey's answer without a response");
  Common out{*response, {}, {}};
  TRY(out.id, bytes_member(credential, "id"));
  TRY(const Bytes raw_id, bytes_member(credential, "rawId"));
  if (raw_id != out.id) return broken("id and rawId differ");
  if (out.id.size() > kWebauthnIdBytesMax) return broken("a credential id that is too long");
  TRY(const Bytes client_data, bytes_member(*response, "clientDataJSON"));
  TRY(out.client_data, read_client_data(client_data));
  return out;
}

std::vector<std::string> read_transports(const json& response) {
  std::vector<std::string> out;
  const auto found = response.find("transports");
  if (found == response.end() || !found->is_array()) return out;
  for (const std::string_view known : kTransports)
    if (std::ranges::find(*found, json(known)) != found->end()) out.emplace_back(known);
  return out;
}

// credProps.rk (s10.1.3); where the browser does not say, a platform's own authenticator keeps what it was asked to
// keep.
bool read_resident(const json& credential) {
  const auto results = credential.find("clientExtensionResults");
  if (results != credential.end() && results->is_object())
    if (const auto props = results->find("credProps"); props != results->end() && props->is_object())
      if (const auto rk = props->find("rk"); rk != props->end() && rk->is_boolean()) return rk->get<bool>();
  const std::string* const attachment = text_member(credential, "authenticatorAttachment");
  return attachment != nullptr && *attachment == "platform";
}

}  // namespace

Result<RegistrationAnswer> read_registration(const json& credential) {
  TRY(Common common, read_common(credential));
  RegistrationAnswer out;
  TRY(out.attestation_object, bytes_member(common.response, "attestationObject"));
  out.credential_id = std::move(common.id);
  out.client_data = std::move(common.client_data);
  out.transports = read_transports(common.response);
  out.resident = read_resident(credential);
  return out;
}

Result<AssertionAnswer> read_assertion(const json& credential) {
  TRY(Common common, read_common(credential));
  const json& response = common.response;
  AssertionAnswer out;
  TRY(out.authenticator_data, bytes_member(response, "authenticatorData"));
  TRY(out.signature, bytes_member(response, "signature"));
  if (const auto handle = response.find("userHandle"); handle != response.end() && !handle->is_null()) {
    TRY(out.user_handle, bytes_member(response, "userHandle"));
  }
  out.credential_id = std::move(common.id);
  out.client_data = std::move(common.client_data);
  return out;
}

}  // namespace sallyport::sso
