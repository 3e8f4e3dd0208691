// What the page's script gives to navigator.credentials: the options of the two ceremonies in JSON (Web Authentication
// Level 3 s5.1.10, 5.1.11), bytes as base64url.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "sso/factors.h"
#include "sso/webauthn.h"

namespace sallyport::sso {

// residentKey and userVerification `preferred`: what the authenticator then does is noted with the passkey.
nlohmann::json creation_options(const RelyingParty& party, std::string_view user, ByteView user_handle,
                                const WebauthnChallenge& challenge, const std::vector<Passkey>& exclude);

// allow: the passkeys of who has signed in so far; empty: whichever the browser offers, and so nothing told of anybody.
nlohmann::json request_options(const RelyingParty& party, const WebauthnChallenge& challenge, UserVerification wanted,
                               const std::vector<Passkey>& allow);

}  // namespace sallyport::sso
