// What a worker that is full says to a few connections more, so that a client knows and comes again: 503 to every
// request, and an end. Those beyond are closed as they come.
#pragma once

#include "base/loop.h"
#include "proxy/exchange.h"

namespace sallyport::proxy {

class OverloadServer final : public ExchangeServer {
 public:
  explicit OverloadServer(Loop& loop) : loop_(loop) {}
  Task<void> serve(Exchange& exchange) override;

 private:
  Loop& loop_;
};

}  // namespace sallyport::proxy
