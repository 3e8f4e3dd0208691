// Station 5: the request, rebuilt from parsed values with the credential put in, goes to the upstream; its body follows
// with back-pressure while the answer is already awaited.
#pragma once

#include <memory>
#include <string>

#include "proxy/request_context.h"
#include "proxy/stations/credentials.h"
#include "proxy/upstream/upstream_pool.h"

namespace sallyport::proxy {

class Upload;

// An upstream that has begun to answer: its response head is read.
struct Forwarded {
  UpstreamLease upstream;
  std::unique_ptr<Upload> upload;  // still sending, perhaps; ends before `upstream`
  Forwarded();
  Forwarded(Forwarded&&) noexcept;
  Forwarded& operator=(Forwarded&&) noexcept;
  ~Forwarded();
};

// Writes the request's head for the upstream to `out`: request line, Host, the client's fields that may travel, the
// rebuilt X-Forwarded-* and X-Sallyport-* names, framing. `injected_at` is where rendered.headers belong; they are not
// written here.
struct UpstreamTarget {
  std::string_view path;  // as Located
  std::string_view query;
  bool has_query = false;
};
void write_request_head(const RequestContext& context, const UpstreamTarget& target, const RenderedCredential* rendered,
                        std::string& out, size_t& injected_at);

// Counts and logs an upstream that could not be reached or gave no valid answer. why: a literal.
void note_upstream_failure(const RequestContext& context, const UpstreamExchange& upstream, const char* why);

// Are these one header name to an upstream that folds names?
bool same_for_upstreams(std::string_view a, std::string_view b);

// errors: those of UpstreamPools::connect, kTimeout and kUnavailable of the upstream, kMalformed its answer or
// (Side::kClient) the client's body, kTimeout (Side::kClient) a body that stopped.
Task<Result<Forwarded>> forward(RequestContext& context, UpstreamTarget target, const RenderedCredential* rendered);

}  // namespace sallyport::proxy
