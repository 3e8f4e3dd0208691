// A message that goes to a provider by POST (SAML Bindings s3.5): a page with one button, since none of our pages runs
// a script.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "sso/replies.h"

namespace sallyport::sso {

// What brings the browser there.
enum class Way : uint8_t { kOnward, kSignedOut };

struct SamlPost {
  std::string destination;  // of the provider's metadata
  const char* field;        // SAMLRequest or SAMLResponse
  std::string message;
  std::string relay_state;
};
GateReply saml_post_reply(const SamlPost& post, const char* reason, Way way = Way::kOnward);

// How a browser that was signed out here is signed out at the provider too: by an address it is sent to, or by a form.
using SignOutThere = std::variant<std::string, SamlPost>;

}  // namespace sallyport::sso
