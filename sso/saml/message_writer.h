// How our own messages are put together and sent off.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "sso/saml/keys.h"
#include "sso/saml/redirect.h"

namespace sallyport::sso::saml {

// `<samlp:NAME` with both namespaces, ID, Version, IssueInstant and Destination, still open for more attributes.
std::string message_head(std::string_view name, std::string_view id, std::string_view destination, WallMicros now);
void append_attribute(std::string& out, std::string_view name, std::string_view value);  // with a space in front
void append_element(std::string& out, std::string_view name, std::string_view content);  // text, escaped here

// Where a browser is sent: the destination, whose own query stays, with the message in the query.   key: null for
// unsigned
Result<std::string> redirect_url(std::string_view destination, MessageKind kind, std::string_view xml,
                                 std::string_view relay_state, const SpKey* key);

// What a form's SAMLRequest or SAMLResponse holds.   key: null for unsigned
Result<std::string> posted_message(std::string_view xml, const SpKey* key);

}  // namespace sallyport::sso::saml
