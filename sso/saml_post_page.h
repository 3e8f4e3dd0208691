// A message that goes to a provider by POST (SAML Bindings s3.5): a page with one button, since none of our pages runs
// a script.
#pragma once

#include <string>

#include "sso/replies.h"

namespace sallyport::sso {

struct SamlPost {
  std::string destination;  // of the provider's metadata
  const char* field;        // SAMLRequest or SAMLResponse
  std::string message;
  std::string relay_state;
};
GateReply saml_post_reply(const SamlPost& post, const char* reason);

}  // namespace sallyport::sso
