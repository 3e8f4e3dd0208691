// What we send to begin a sign-in (Core s3.4.1), and the ids of all our messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace sallyport::sso::saml {

// "_" and 128 random bits in hex: an id that nobody guesses (Core s1.3.4). The caller keeps it, to expect the answer to
// it.
std::string new_message_id();

struct AuthnRequest {
  std::string id;  // new_message_id()
  WallMicros now{};
  std::string issuer;                       // our entityID
  std::string destination;                  // the provider's endpoint
  std::string consumer_url;                 // where the answer is to go, by POST
  std::string name_id_format;               // "" for whichever
  std::vector<std::string> authn_contexts;  // one of these and no other; empty: any
  bool force_authn = false;
  bool is_passive = false;
};

// To be sent with redirect_url() or posted_message() of message_writer.h.
std::string authn_request_xml(const AuthnRequest& request);

}  // namespace sallyport::sso::saml
