// The passkey's part of the pages: what the script makes buttons of, and the one script there is. Without script, or
// where the browser knows no passkeys, each says how to go on otherwise.
#pragma once

#include <string>
#include <string_view>

#include "sso/gate.h"
#include "sso/html.h"

namespace sallyport::sso {

constexpr std::string_view kPasskeyPath = "/.sallyport/webauthn";
constexpr std::string_view kPasskeyOptionsPath = "/.sallyport/webauthn/options";
constexpr std::string_view kPasskeyScriptPath = "/.sallyport/webauthn.js";
constexpr std::string_view kAddPasskeyPath = "/.sallyport/account/factors/passkey";

// "Sign in with a passkey", below the form. flow: the handle, may be empty.
Html passkey_sign_in(std::string_view flow);
// "Use your passkey". then: our own word for where it goes on to on the gate; may be empty.
Html passkey_as_factor(std::string_view flow, std::string_view then);
// The form that adds one; csrf: of kFactorsPurpose.
Html passkey_form(std::string_view csrf, std::string_view flow);

// The script, its address with a hash of its content, and its answer.
std::string_view passkey_script();
const std::string& passkey_script_url();
GateReply passkey_script_reply();

// Lets the page of this reply load the script, and the script ask the gate: no page may but those that have a use for
// it.
void allow_passkey_script(GateReply& page);

}  // namespace sallyport::sso
