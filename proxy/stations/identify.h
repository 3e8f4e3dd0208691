// Station 2: who is asking? A token (Authorization: Bearer spt_..., X-Sallyport-Token) or the host's session cookie.
// Nobody is not an error here; a bad token is, even beside a good cookie.
#pragma once

#include "base/result.h"
#include "proxy/request_context.h"

namespace sallyport::proxy {

Result<void> identify(RequestContext& context);
// The token alone: on the gate's own paths, where sso/ looks after the cookie.
Result<void> identify_token(RequestContext& context);

}  // namespace sallyport::proxy
