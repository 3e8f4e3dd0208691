#include "sso/oidc/provider_fetch.h"

namespace sallyport::sso::oidc {

FetchRequest request_to(const http::Url& url, const policy::ProviderNetwork& network, size_t response_bytes_max) {
  FetchRequest out;
  out.url = url;
  out.headers = {{"Accept", "application/json"}};
  out.response_bytes_max = response_bytes_max;
  out.ca_pem = network.ca_pem;
  out.networks = network.networks;
  out.side = Side::kUpstream;  // it was not reached: nothing is said about what it would have answered
  return out;
}

Result<FetchReply> fetch_any(Fetcher& fetcher, const FetchRequest& request, const char* check, Checks& checks) {
  auto reply = fetcher.fetch(request);
  CHECKED(checks.demand(reply.has_value(), check, "an answer of " + request.url.authority(),
                        reply ? "" : reply.error().what, reply ? Error{} : reply.error()));
  return reply;
}

Result<FetchReply> fetch_ok(Fetcher& fetcher, const FetchRequest& request, const char* check, Checks& checks) {
  TRY(FetchReply reply, fetch_any(fetcher, request, check, checks));
  CHECKED(checks.require(reply.status == 200, check, "200 of " + request.url.authority(), std::to_string(reply.status),
                         {Code::kUnavailable, Side::kIdentityProvider, "provider did not answer 200"}));
  return reply;
}

}  // namespace sallyport::sso::oidc
