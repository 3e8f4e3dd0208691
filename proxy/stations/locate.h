// Station 1: where does this request want to go? Host and path to a resource (or the gate), the client's address, the
// address lists that count before anybody is identified.
#pragma once

#include <string>

#include "base/result.h"
#include "proxy/request_context.h"

namespace sallyport::proxy {

// The request's target in the one form that is matched and forwarded.
struct Located {
  bool at_gate = false;  // answered by the gate itself
  std::string_view
      path;  // canonical (or as sent in raw mode), without the `at` prefix; a view into the head or `scratch`
  std::string_view query;  // as sent
  bool has_query = false;
};

// errors: kMalformed path or host, kMisdirected, kNotFound host or place, kDenied address. `scratch` must outlive the
// result.
Result<Located> locate(RequestContext& context, std::string& scratch);

}  // namespace sallyport::proxy
