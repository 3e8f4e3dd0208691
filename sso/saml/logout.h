// Single logout (Core s3.7, Profiles s4.4), both ways: what we send, and what arrives, by Redirect or POST. Everything
// that arrives has to be signed: by the query (Redirect), or by a signature whose digested bytes are parsed anew
// (POST).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sso/checks.h"
#include "sso/saml/claims.h"
#include "sso/saml/keys.h"
#include "sso/saml/redirect.h"
#include "sso/saml/xml_encryption.h"

namespace sallyport::sso::saml {

struct LogoutRequest {
  std::string id;
  NameId name_id;
  std::vector<std::string> session_indexes;  // none: all of this person's sessions; 64 at most
};

// To be sent with redirect_url() or posted_message() of message_writer.h; signed, as the profile demands.
std::string logout_request_xml(const LogoutRequest& request, std::string_view issuer, std::string_view destination,
                               WallMicros now);

enum class LogoutStatus : uint8_t { kSuccess, kPartial, kFailed };
struct LogoutResponse {
  std::string id;
  std::string in_response_to;
  LogoutStatus status;
};
std::string logout_response_xml(const LogoutResponse& response, std::string_view issuer, std::string_view destination,
                                WallMicros now);

struct LogoutRules {
  std::string provider;     // its entityID
  std::string destination;  // our endpoint, as it stands in our metadata
  std::vector<VerifyKey> provider_keys;
  std::vector<SpKey> own_keys;  // for an EncryptedID
  std::chrono::seconds clock_skew{60};
  CbcMode cbc = CbcMode::kRefused;
};

enum class Binding : uint8_t { kRedirect, kPost };
struct Incoming {
  Binding binding;
  std::string text;  // the query as it was sent; or the form's field, percent coding removed
};

constexpr std::chrono::minutes kLogoutAgeMax{10};  // of a request that does not say how long it is valid

struct ReceivedLogout {
  LogoutRequest request;
  std::string relay_state;    // of a redirect, where it is signed; a form's is the caller's to read
  WallMicros replay_until{};  // how long request.id has to be remembered
};
struct LogoutRequestVerdict {
  Result<ReceivedLogout> request;
  Checks checks;
};
// errors: as of verify_response() and read_redirect()
LogoutRequestVerdict verify_logout_request(const LogoutRules& rules, const Incoming& incoming, WallMicros now);

struct LogoutResponseVerdict {
  Result<LogoutStatus> status;
  Checks checks;
};
// in_response_to: the id of the request that we sent
LogoutResponseVerdict verify_logout_response(const LogoutRules& rules, const Incoming& incoming,
                                             std::string_view in_response_to, WallMicros now);

}  // namespace sallyport::sso::saml
