// What the requests to a provider have in common.
#pragma once

#include "base/fetch.h"
#include "policy/identity_provider.h"
#include "sso/checks.h"

namespace sallyport::sso::oidc {

// GET, Accept: application/json, from where and by whom the provider's resource says.
FetchRequest request_to(const http::Url& url, const policy::ProviderNetwork& network, size_t response_bytes_max);

// Fetches, and notes in `check` what came: the host, and 200 or what else.
// errors: of Fetcher::fetch(); kUnavailable another status.
Result<FetchReply> fetch_ok(Fetcher& fetcher, const FetchRequest& request, const char* check, Checks& checks);

// The same, whatever the status is.
Result<FetchReply> fetch_any(Fetcher& fetcher, const FetchRequest& request, const char* check, Checks& checks);

}  // namespace sallyport::sso::oidc
