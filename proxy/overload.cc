#include "proxy/overload.h"

#include "base/http/date.h"
#include "proxy/codec/reason.h"

namespace sallyport::proxy {

Task<void> OverloadServer::serve(Exchange& exchange) {
  exchange.release_head();
  const std::string body = error_body(503, "the gateway has all the connections it can have", "");
  exchange.close_after();
  exchange.begin(503, {});
  exchange.field("Content-Type", "application/json");
  exchange.field("Cache-Control", "no-store");
  exchange.field("Retry-After", "5");
  exchange.field("Date", http::imf_date(loop_.wall()));
  exchange.end_head(http::Body::kLength, body.size());
  exchange.data(body);
  exchange.finish({});
  co_return;
}

}  // namespace sallyport::proxy
